#include "tests/support/stream_pipe.h"

namespace sluice::testing {

void stream_pipe::push(segment what, runtime::time_point due) {
  if (!segments_.empty()) {
    auto& last = segments_.back().second;
    if (last.kind == segment::type::ack && what.kind == last.kind) {
      last.acked += what.acked;
      last.window += what.window;
      last.fin_acked |= what.fin_acked;
      return;
    }
  }
  segments_.emplace_back(due, std::move(what));
}

segment stream_pipe::pop() {
  auto result = std::move(segments_.front().second);
  segments_.pop_front();
  return result;
}

} // namespace sluice::testing
