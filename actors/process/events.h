#pragma once

// What a child_process tells its behavior. Each is a small struct; a behavior
// takes the ones it cares about and the others are dropped. Besides these it
// gets from net/events.h: `rejected`, `written`, `timed_out` and
// *backpressure*, which mean what they mean for a connection; the peer is the
// child's input.
//
// For users. Thread rule: values. `process_output` shares memory with the
// loop's slab: copy or `compact` what is kept.

#include "runtime/byte_slice.h"
#include "runtime/clock.h"

#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace caf {
class actor_system_config;
}

namespace sluice::actors::process {

/// The program runs. The first event.
struct process_started {
  std::int32_t pid = 0;
};

enum class output_stream : std::uint8_t {
  output, // what the child wrote to its standard output
  error,  // what it wrote to its standard error
};

std::string to_string(output_stream x);

/// The child wrote something. The two streams are two pipes: what came through
/// one of them is in order, but nothing is known of one against the other.
struct process_output {
  output_stream stream = output_stream::output;
  /// Never empty unless it is an empty line.
  runtime::byte_slice bytes;
  /// Of a line: it was longer than process_options::line_bytes_max, and the
  /// next one of this stream goes on with it.
  bool more = false;
};

enum class process_end : std::uint8_t {
  exited,  // by itself; `status` is its exit code
  killed,  // by a signal; `status` is its number
  unknown, // the system does not say: somebody else waited for the child
};

std::string to_string(process_end x);

/// The child has ended, and there is no more output. The last event.
struct process_ended {
  process_end how = process_end::exited;
  std::int32_t status = 0;
  /// From its first event to its end, by the loop's clock.
  runtime::duration ran_for{};
  /// It was told to end: by `stop`, by an exit of its actor, or since the loop
  /// stops.
  bool asked = false;
  /// The wait for the rest of the output was given up: somebody else had it
  /// open. What was in the pipes was read, what is written later is lost.
  bool cut = false;
  /// With what the actor ends. Empty if the exit code is 0 or the child was
  /// asked to end; else errc::process_failed, which names the program, its
  /// number and how it ended.
  caf::error error;
};

/// Makes the messages of child processes known, so that they may travel between
/// nodes.
void add_process_types(caf::actor_system_config& cfg);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_started& x) {
  return f(caf::meta::type_name("sluice.process_started"), x.pid);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_output& x) {
  return f(caf::meta::type_name("sluice.process_output"), x.stream, x.bytes,
           x.more);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_ended& x) {
  return f(caf::meta::type_name("sluice.process_ended"), x.how, x.status,
           x.ran_for, x.asked, x.cut, x.error);
}

} // namespace sluice::actors::process
