#pragma once

// rejected_message: a message that did not fit into a mailbox, on its way back.
//
// For users: a sender that does not obey `backpressure` handles it. A value,
// sent with high priority and without an envelope sender.

#include <caf/actor_control_block.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/meta/type_name.hpp>

namespace sluice::actors {

struct rejected_message {
  /// What was sent.
  caf::message content;
  /// To whom.
  caf::strong_actor_ptr receiver;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, rejected_message& x) {
  return f(caf::meta::type_name("sluice.rejected_message"), x.content,
           x.receiver);
}

/// True for messages that may be refused: not responses, which somebody waits
/// for, not CAF's own (exits, down messages, timeouts), not what a broker gives
/// back or acknowledges (`rejected`, `written`), and not a `sure_element`.
bool may_refuse(const caf::mailbox_element& x);

/// Gives `x`, which has a sender, back to it: a request is answered with
/// errc::mailbox_full, any other message comes back whole. Any thread.
void hand_back(caf::mailbox_element& x, caf::actor_control_block& receiver,
               caf::execution_unit* host);

} // namespace sluice::actors
