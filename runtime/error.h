#pragma once

// Sluice's errors as values: a small enumeration in CAF's error category
// "sluice", always with a text that names what was wrong and where.
//
// For users. Thread rule: values and pure functions.

#include <caf/atom.hpp>
#include <caf/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::runtime {

/// Codes of the category `caf::atom("sluice")`. Their numbers are stable.
enum class errc : std::uint8_t {
  bad_endpoint = 1,  // the text is not an endpoint; says at which part
  unknown_host,      // the name look-up found nothing
  lookup_overflow,   // limits::lookups_max look-ups are under way
  system_error,      // a system call failed; the text has errno's name
  connect_failed,    // connect(2) failed or timed out
  frame_too_long,    // a frame is over the bound of its codec
  malformed_frame,   // bytes that the codec cannot read
  handler_failed,    // a behavior threw
  connection_closed, // the connection ended for another reason than its own end
  bad_setting,       // a setting or an option is out of its range
  truncated_frame,   // the stream ended inside a frame
  mailbox_full,      // a request over the cap of its receiver's mailbox
  name_taken,        // the name belongs to another actor
  unknown_name,      // nobody has the name
  supervisor_gave_up,  // a child failed too often; the supervisor ended
  supervisor_stopping, // the supervisor is about to end
  child_start_failed,  // a child could not be started; says why
  child_stuck,         // a child was killed and does not end
  child_not_running,   // no actor has the child's name at the moment
  unknown_child,       // the supervisor has no child of this name
  duplicate_child,     // the supervisor has a child of this name already
  too_many_children,   // over limits::supervisor_children_max
  channel_full,        // a push over the cap of what waits in an outlet
  channel_closed,      // a push into, or the end of, a channel; says why
  message_too_long,    // over limits::channel_message_bytes_max
  bad_channel,         // a channel that cannot be: says what does not fit
  process_not_started, // a program could not be started; says why
  process_failed,      // a child process ended with a status or by a signal
  no_owner,            // nobody serves the key at the moment; nothing was done
  owner_lost,          // who had the request was lost; it was done or was not
  entity_ended,        // without an answer; it was done or was not
  entity_silent,       // no answer in time; it was, will be or will not be done
  too_many_waiting,    // over a bound of requests; nothing was done
  not_serializable,    // a message cannot be written or read
};

inline constexpr caf::atom_value error_category = caf::atom("sluice");

/// An error of ours; `text` should name the endpoint, setting or place.
caf::error make_error(errc code, std::string text);

/// `errc::system_error` for a failed call: "{what}: {errno's text} (ENAME)".
/// `number` may be positive or negative.
caf::error make_system_error(int number, std::string_view what);

/// The text of an errno, e.g. "Connection refused (ECONNREFUSED)".
std::string errno_text(int number);

/// For actor_system_config::add_error_category.
std::string render_error(std::uint8_t code, caf::atom_value category,
                         const caf::message& context);

/// The text that the error was made with, or CAF's rendering of its code.
std::string to_text(const caf::error& x);

} // namespace sluice::runtime
