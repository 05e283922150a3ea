#include "net/datagram_queue.h"

#include "runtime/panic.h"

#include <algorithm>
#include <utility>

namespace sluice::net {

namespace limits = runtime::limits;
using runtime::check;

datagram_queue::lane& datagram_queue::find(const outgoing& x) {
  auto held = false;
  for (auto& l : lanes_) {
    auto& first = l->waiting.front().what;
    auto same_receiver = !by_receiver_ || first.to == x.to;
    if (same_receiver && first.sender == x.sender)
      return *l;
    held = held || (same_receiver && l->held);
  }
  lanes_.push_back(std::make_unique<lane>());
  lanes_.back()->held = held;
  return *lanes_.back();
}

void datagram_queue::push(outgoing x) {
  auto& to = find(x);
  ++datagrams_;
  bytes_ += x.bytes.size();
  to.waiting.push_back({std::move(x), next_order_++});
}

// -- the turns ----------------------------------------------------------------

const outgoing* datagram_queue::front() {
  if (std::all_of(lanes_.begin(), lanes_.end(),
                  [](const auto& x) { return x->held; }))
    return nullptr;
  for (;;) {
    turn_ = turn_ < lanes_.size() ? turn_ : 0;
    auto& x = *lanes_[turn_];
    if (!std::exchange(granted_, true))
      x.deficit = x.held ? 0 : x.deficit + limits::write_quantum_bytes;
    auto& first = x.waiting.front().what;
    if (!x.held && charge_of(first.bytes.size()) <= x.deficit)
      return &first;
    ++turn_;
    granted_ = false;
  }
}

outgoing datagram_queue::pop() {
  auto& x = *lanes_[turn_];
  x.deficit -= charge_of(x.waiting.front().what.bytes.size());
  return take(turn_);
}

void datagram_queue::hold() {
  auto& to = lanes_[turn_]->waiting.front().what.to;
  for (auto& x : lanes_)
    if (x->waiting.front().what.to == to)
      x->held = true;
}

void datagram_queue::resume() noexcept {
  for (auto& x : lanes_)
    x->held = false;
}

/// Takes out the first datagram of a lane, and the lane if it was the last.
outgoing datagram_queue::take(std::size_t index) {
  auto& from = *lanes_[index];
  auto result = std::move(from.waiting.front().what);
  from.waiting.pop_front();
  --datagrams_;
  bytes_ -= result.bytes.size();
  if (!from.waiting.empty())
    return result;
  lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(index));
  if (index < turn_)
    --turn_;
  else if (index == turn_)
    granted_ = false; // the one that moved up has its turn from the beginning
  return result;
}

// -- what comes back ----------------------------------------------------------

std::size_t datagram_queue::oldest_lane() const {
  check(!lanes_.empty(), "the oldest datagram of an empty queue");
  auto found = std::min_element(
      lanes_.begin(), lanes_.end(), [](const auto& a, const auto& b) {
        return a->waiting.front().order < b->waiting.front().order;
      });
  return static_cast<std::size_t>(found - lanes_.begin());
}

runtime::time_point datagram_queue::oldest() const {
  return lanes_[oldest_lane()]->waiting.front().what.since;
}

void datagram_queue::drop_oldest(std::size_t wanted, const on_returned& f) {
  std::size_t dropped = 0;
  while (dropped < wanted && !empty()) {
    auto x = take(oldest_lane());
    dropped += charge_of(x.bytes.size());
    f(std::move(x));
  }
}

void datagram_queue::expire(runtime::time_point before, const on_returned& f) {
  while (!empty() && oldest() <= before)
    f(take(oldest_lane()));
}

void datagram_queue::drain(const on_returned& f) {
  while (!empty())
    f(take(oldest_lane()));
}

} // namespace sluice::net
