#pragma once

// forward: what the proxy of a remote actor sends to CAF's network broker for
// each message to that actor.
//
// Depends on CAF 0.17.6: forwarding_actor_proxy::forward_msg makes a message of
// six elements: the atom `forward`, sender, stages, receiver (the proxy),
// message id, content. Nothing else that the broker gets looks like it.
//
// Internal. A view into the message: any thread, while the message lives.

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/type_erased_tuple.hpp>

#include <cstddef>
#include <optional>
#include <typeinfo>
#include <utility>
#include <vector>

namespace sluice::actors::remote {

struct forward {
  const caf::strong_actor_ptr& sender;
  const std::vector<caf::strong_actor_ptr>& stages;
  const caf::strong_actor_ptr& receiver;
  const caf::message_id& id;
  const caf::message& content;

  /// Without a sender, and urgent: as signals are sent, and hardly anything
  /// else.
  bool may_be_signal() const noexcept {
    return !sender && id.is_urgent_message();
  }

  /// What CAF itself sends to keep links, which it marks by a sender that is
  /// the receiver.
  bool is_link() const noexcept { return sender == receiver; }

  /// A message as the receiver would get it.
  caf::mailbox_element_ptr element() const {
    return caf::make_mailbox_element(sender, id, stages, content);
  }
};

/// The forward that is all of `x`, or nothing.
std::optional<forward> forward_in(const caf::type_erased_tuple& x);

/// A forward in the mailbox, with what it counted when it got there, and
/// whether it may still come back: it was sent although the sender had been
/// told not to.
class forward_element final : public caf::mailbox_element {
public:
  /// `content` is a forward.
  forward_element(caf::message content, std::size_t charge, bool disobeys)
      : mailbox_element(nullptr, caf::make_message_id(), {}),
        content_(std::move(content)),
        charge_(charge),
        disobeys_(disobeys) {}

  /// The one that `x` is, or null. For each message that the broker gets:
  /// exact types are compared quicker than a dynamic_cast is done.
  static forward_element* cast(caf::mailbox_element& x) noexcept {
    return typeid(x) == typeid(forward_element)
               ? static_cast<forward_element*>(&x)
               : nullptr;
  }

  forward view() const { return *forward_in(content_); }
  std::size_t charge() const noexcept { return charge_; }
  bool disobeys() const noexcept { return disobeys_; }

  caf::type_erased_tuple& content() override { return content_; }
  const caf::type_erased_tuple& content() const override { return content_; }
  caf::message move_content_to_message() override {
    return std::move(content_);
  }
  caf::message copy_content_to_message() const override { return content_; }

private:
  caf::message content_;
  std::size_t charge_;
  bool disobeys_;
};

/// True for one that may be handed back: ordinary messages and requests. What
/// is sent with high priority, responses, links, exits, down messages and
/// streams always pass.
bool may_refuse(const forward& x);

} // namespace sluice::actors::remote
