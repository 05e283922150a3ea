#pragma once

// report: what the ends and the links of a host say of themselves, and the sums
// of all there ever were.
//
// For users, see host::report. Values.

#include "actors/channel/end_reason.h"
#include "actors/channel/events.h"
#include "runtime/clock.h"

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::actors::channel {

/// One outlet. Positions are since its start.
struct outlet_report {
  enum class state_type : std::uint8_t { waiting, open, closed };

  end_id id = 0;
  /// Who tells the owner to slow down: the holder in actors/pressure_graph.h.
  caf::actor_id source = 0;
  std::string name;
  std::string to; // the endpoint of the other host
  state_type state = state_type::waiting;
  /// Pushed, and waiting for credit.
  std::uint64_t queued_messages = 0;
  std::uint64_t queued_bytes = 0;
  /// Sent, and not confirmed.
  std::uint64_t in_flight_messages = 0;
  /// What may be sent at once.
  std::uint64_t credit_messages = 0;
  std::uint64_t pushed_messages = 0;
  std::uint64_t confirmed_messages = 0;
  /// The owner was told to slow down; how often, and for how long in all.
  bool pressed = false;
  std::uint64_t times_pressed = 0;
  runtime::duration pressed_time{};
};

/// One inlet.
struct inlet_report {
  end_id id = 0;
  std::string name;
  bool linked = false; // an outlet is connected
  /// Received, and not handled.
  std::uint64_t held_messages = 0;
  std::uint64_t held_bytes = 0;
  /// What the outlet may still send.
  std::uint64_t credit_messages = 0;
  std::uint64_t received_messages = 0;
  std::uint64_t handled_messages = 0;
};

/// One link.
struct link_report {
  std::string
      to{}; // the endpoint of the other host; empty if it connected to us
  /// The channel that has it for itself (outlet_options::own_link); empty: it
  /// is shared, or the other host's.
  std::string channel{};
  bool open = false;
  bool cut = false; // by host::cut
  std::uint64_t queued_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t received_bytes = 0;
};

/// Sums over all that are and all that were; they only grow.
struct channel_totals {
  std::uint64_t outlets = 0; // made
  std::uint64_t inlets = 0;
  std::uint64_t links = 0;
  std::uint64_t pushed_messages = 0;
  std::uint64_t confirmed_messages = 0;
  std::uint64_t received_messages = 0;
  std::uint64_t handled_messages = 0;
  /// Links that ended, by reason.
  std::map<end_reason, std::uint64_t> links_ended;
};

struct host_report {
  std::vector<outlet_report> outlets; // those that are not over
  std::vector<inlet_report> inlets;
  std::vector<link_report> links;
  channel_totals totals;
  /// The faults in force, see host::cut and host::slow: the endpoints that are
  /// cut off, whether there is a link or not, and bytes a second; 0: no limit.
  std::vector<std::string> cuts;
  std::size_t slow_bytes_per_second = 0;
};

const char* to_string(outlet_report::state_type x) noexcept;

} // namespace sluice::actors::channel
