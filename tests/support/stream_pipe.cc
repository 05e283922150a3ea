#include "tests/support/stream_pipe.h"

namespace sluice::testing {

runtime::time_point stream_pipe::push(segment what, runtime::time_point now,
                                      runtime::duration latency) {
  auto due = now + latency;
  if (!segments_.empty()) {
    auto& [last_due, last] = segments_.back();
    if (last.kind == segment::type::ack && what.kind == last.kind) {
      last.acked += what.acked;
      last.window += what.window;
      last.fin_acked |= what.fin_acked;
      return last_due;
    }
    if (due < last_due)
      due = last_due;
  }
  segments_.emplace_back(due, std::move(what));
  return due;
}

segment stream_pipe::pop() {
  auto result = std::move(segments_.front().second);
  segments_.pop_front();
  return result;
}

} // namespace sluice::testing
