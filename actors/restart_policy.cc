#include "actors/restart_policy.h"

#include "runtime/error.h"

#include <algorithm>
#include <limits>

namespace sluice::actors {

namespace {

caf::error bad(const char* what) {
  return runtime::make_error(runtime::errc::bad_setting, what);
}

} // namespace

caf::error check(const restart_limits& x) {
  if (x.window <= runtime::duration::zero())
    return bad("restart_limits: the window must be longer than 0");
  return {};
}

caf::error check(const backoff& x) {
  if (x.first < runtime::duration::zero() || x.max < x.first)
    return bad("backoff: the rule is 0 <= first <= max");
  // Negated, so that they also refuse what is no number.
  if (!(x.factor >= 1 && x.factor <= std::numeric_limits<double>::max()))
    return bad("backoff: the factor must be at least 1");
  if (!(x.jitter >= 0 && x.jitter <= 1))
    return bad("backoff: the jitter must be from 0 to 1");
  if (x.settled < runtime::duration::zero())
    return bad("backoff: settled must not be negative");
  return {};
}

unsigned next_attempt(const backoff& x, unsigned attempt,
                      runtime::duration lived) noexcept {
  if (attempt == 0 || lived >= x.settled)
    return 1;
  return std::max(attempt, attempt + 1); // stays where it would overflow
}

runtime::duration backoff_delay(const backoff& x, unsigned attempt,
                                std::uint64_t random) noexcept {
  auto max = static_cast<double>(x.max.count());
  auto wait = static_cast<double>(x.first.count());
  for (auto i = 1u; i < attempt && wait < max && wait > 0 && x.factor > 1; ++i)
    wait *= x.factor;
  wait = std::min(wait, max);
  // 53 bits are what a double holds: from 0 up to, not including, 1.
  auto drawn = static_cast<double>(random >> 11) * 0x1p-53;
  wait -= wait * x.jitter * drawn;
  // A double may round a long `max` up.
  if (wait >= max)
    return x.max;
  return runtime::duration{static_cast<runtime::duration::rep>(wait)};
}

bool restart_window::note(runtime::time_point now) {
  if (count(now) >= limits_.restarts)
    return false;
  times_.push_back(now);
  return true;
}

std::size_t restart_window::count(runtime::time_point now) {
  while (!times_.empty() && now - times_.front() >= limits_.window)
    times_.pop_front();
  return times_.size();
}

} // namespace sluice::actors
