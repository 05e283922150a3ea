#include "tests/support/event_queue.h"

namespace sluice::testing {

event_queue::ticket event_queue::at(runtime::time_point due, action what) {
  ticket result{due < now_ ? now_ : due, ++queued_};
  events_.emplace(result, std::move(what));
  return result;
}

std::optional<runtime::time_point> event_queue::next() const noexcept {
  if (events_.empty())
    return std::nullopt;
  return events_.begin()->first.first;
}

bool event_queue::run_one() {
  if (events_.empty())
    return false;
  auto event = events_.extract(events_.begin());
  move_to(event.key().first);
  event.mapped()();
  return true;
}

void event_queue::move_to(runtime::time_point t) noexcept {
  if (t > now_)
    now_ = t;
}

} // namespace sluice::testing
