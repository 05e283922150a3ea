#pragma once

// backpressure: what a sender is told when the place that it sends to cannot
// take more. The contract is in docs/flow_control.md; in short: edge-triggered,
// numbered by its source, idempotent, and every *applied* is followed by a
// *released*, at the latest when the source ends.
//
// For users. Thread rule: a value. It has no envelope sender and travels with
// high priority: an actor that does not know it must not answer it with an
// error, and it must not wait behind the messages that it is about.

#include <caf/actor_control_block.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::runtime {

enum class pressure : std::uint8_t {
  applied,  // stop sending, or be refused at the cap
  released, // go on
  stalled,  // still applied, and nothing has moved for the stall time
};

std::string to_string(pressure x);

struct backpressure {
  pressure state = pressure::applied;
  /// Who says so: the actor whose queue it is. Compare it with the handle.
  caf::strong_actor_ptr source;
  /// Bytes (connections) or messages (mailboxes) that wait in the queue.
  std::uint64_t queued = 0;
  /// Rises with every signal of this source, so that a stale one can be told.
  std::uint64_t sequence = 0;
  /// The queue leads away from the actors of this process: to a socket, or to
  /// another node. It is not a mailbox whose owner may wait for us.
  bool outward = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backpressure& x) {
  return f(caf::meta::type_name("sluice.backpressure"), x.state, x.source,
           x.queued, x.sequence, x.outward);
}

/// Sends `signal` to `receiver` as the contract wants it. Any thread.
void send_signal(caf::actor_control_block& receiver, backpressure signal,
                 caf::execution_unit* host);

/// The `sequence` of the next signal. One counter for all sources of the
/// process: a connection has many queues in its life, one after the other.
std::uint64_t next_signal_sequence() noexcept;

/// The signal that is all of `x`, or null. Any thread.
const backpressure* signal_in(const caf::mailbox_element& x);

} // namespace sluice::runtime
