#pragma once

// element_list: messages of one actor, in order. The elements are linked to
// each other, as CAF's own queues do it: no list operation allocates.
//
// Internal. Thread rule: the loop's thread. Lifetime: owns its elements.

#include <caf/mailbox_element.hpp>

namespace sluice::runtime {

/// A list of mailbox elements in arrival order.
class element_list {
public:
  element_list() noexcept = default;
  element_list(const element_list&) = delete;
  element_list& operator=(const element_list&) = delete;
  ~element_list();

  bool empty() const noexcept { return head_ == nullptr; }
  void push_back(caf::mailbox_element_ptr x) noexcept;
  void push_front(caf::mailbox_element_ptr x) noexcept;
  caf::mailbox_element_ptr pop_front() noexcept;

  /// Puts all of `other` before the elements of this list.
  void prepend(element_list& other) noexcept;

private:
  caf::mailbox_element* head_ = nullptr;
  caf::mailbox_element* tail_ = nullptr;
};

} // namespace sluice::runtime
