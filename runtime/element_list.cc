#include "runtime/element_list.h"

namespace sluice::runtime {

namespace {

caf::mailbox_element* next_of(caf::mailbox_element* x) {
  return static_cast<caf::mailbox_element*>(x->next);
}

} // namespace

element_list::~element_list() {
  while (!empty())
    pop_front();
}

void element_list::push_back(caf::mailbox_element_ptr x) noexcept {
  auto raw = x.release();
  raw->next = nullptr;
  if (tail_ != nullptr)
    tail_->next = raw;
  else
    head_ = raw;
  tail_ = raw;
}

void element_list::push_front(caf::mailbox_element_ptr x) noexcept {
  auto raw = x.release();
  raw->next = head_;
  if (head_ == nullptr)
    tail_ = raw;
  head_ = raw;
}

caf::mailbox_element_ptr element_list::pop_front() noexcept {
  auto raw = head_;
  head_ = next_of(raw);
  if (head_ == nullptr)
    tail_ = nullptr;
  return caf::mailbox_element_ptr{raw};
}

void element_list::prepend(element_list& other) noexcept {
  if (other.empty())
    return;
  other.tail_->next = head_;
  head_ = other.head_;
  if (tail_ == nullptr)
    tail_ = other.tail_;
  other.head_ = other.tail_ = nullptr;
}

} // namespace sluice::runtime
