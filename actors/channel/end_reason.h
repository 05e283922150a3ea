#pragma once

// end_reason: why a channel ended, or could not be opened. The numbers are
// those of the wire (docs/wire_format.md) and do not change.
//
// For users. Thread rule: values.

#include <cstdint>
#include <string>

namespace sluice::actors::channel {

enum class end_reason : std::uint16_t {
  finished = 0, // closed by the outlet, and everything was handled

  // One of the two ends decided so.
  dropped = 1,     // the outlet was failed, or dropped without `close`
  cancelled = 2,   // the inlet was closed or dropped
  owner_ended = 3, // the actor that owns one of the ends has ended

  // The channel could not be opened.
  unknown_name = 10,      // the other host has no inlet of this name
  type_mismatch = 11,     // the two ends are of different types; names both
  name_in_use = 12,       // another outlet feeds the inlet
  position_lost = 13,     // the receiver is at a position that the outlet does
                          // not have (any more); names both
  too_many_channels = 14, // over limits::channels_per_link_max
  open_timeout = 15,      // no answer within limits::channel_handshake

  // Something broke.
  malformed_message = 20, // a message that its type cannot read
  mailbox_full = 21,      // the receiver's mailbox refused a batch
  protocol_error = 22,    // the other host breaks the rules of the wire
  link_lost = 23,         // the connection ended; the error says how
  peer_silent = 24,       // nothing came for limits::channel_silence_max
  version_mismatch = 25,  // the two hosts have no version in common
  not_a_host = 26,        // who answers there does not speak this protocol
  connect_failed = 27,    // no connection; the error says why
  host_stopped = 28,      // this host was stopped
  nobody_listens = 29,    // as connect_failed: the connection was refused, or
                          // there is no socket file; no process is there
};

std::string to_string(end_reason x);

/// True for a number that `end_reason` has a name for.
bool is_known(std::uint16_t code) noexcept;

} // namespace sluice::actors::channel
