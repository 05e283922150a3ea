#pragma once

// deadlines: the timers of one broker, made when they are first needed: most
// connections have none, or one.
//
// Internal. Thread rule: the broker's loop. Lifetime: owned by the broker.

#include "net/events.h"
#include "runtime/timer_wheel.h"

#include <memory>
#include <vector>

namespace sluice::net {

class deadline_owner {
public:
  /// Called on the loop, outside of any handler.
  virtual void on_deadline(timeout which, std::uint64_t token) = 0;

protected:
  ~deadline_owner() = default;
};

class deadlines {
public:
  explicit deadlines(deadline_owner& owner) noexcept : owner_(owner) {}

  deadlines(const deadlines&) = delete;
  deadlines& operator=(const deadlines&) = delete;

  /// Sets the deadline of that kind and token, in place of an earlier one.
  void arm(runtime::timer_wheel& wheel, timeout which, std::uint64_t token,
           runtime::time_point due);

  /// Does nothing if it is not set.
  void cancel(timeout which, std::uint64_t token);

  bool armed(timeout which, std::uint64_t token) const;

private:
  struct entry : runtime::timer {
    entry(deadlines& o, timeout w, std::uint64_t t)
        : timer(on_due), all(o), which(w), token(t) {}
    static void on_due(timer& t) noexcept;
    deadlines& all;
    timeout which;
    std::uint64_t token;
  };

  entry* find(timeout which, std::uint64_t token) const;

  deadline_owner& owner_;
  std::vector<std::unique_ptr<entry>> entries_;
};

} // namespace sluice::net
