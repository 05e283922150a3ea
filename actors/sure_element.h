#pragma once

// sure_element: a message in a mailbox that is taken also at the cap. For an
// event that comes once, has no sender that could get it back, and without
// which its receiver would wait for ever. What may come again and again must
// not be one: it would have no bound.
//
// Internal. Thread rule and lifetime: as any mailbox element.

#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

#include <typeinfo>
#include <utility>

namespace sluice::actors {

class sure_element final : public caf::mailbox_element {
public:
  explicit sure_element(caf::message content)
      : mailbox_element(nullptr, caf::make_message_id(), {}),
        content_(std::move(content)) {}

  static bool is(const caf::mailbox_element& x) noexcept {
    return typeid(x) == typeid(sure_element);
  }

  caf::type_erased_tuple& content() override { return content_; }
  const caf::type_erased_tuple& content() const override { return content_; }
  caf::message move_content_to_message() override {
    return std::move(content_);
  }
  caf::message copy_content_to_message() const override { return content_; }

private:
  caf::message content_;
};

} // namespace sluice::actors
