#pragma once

// until_signal: how long an example runs: until SIGINT or SIGTERM comes, or for
// a number of seconds.
//
// For the examples' main functions. Thread rule: make it in main before any
// thread is started; it blocks both signals for this thread and for those that
// come after it, so that no handler ever runs and `wait` gets them. Lifetime:
// the signals stay blocked.

#include <chrono>
#include <csignal>

namespace sluice::examples::support {

class until_signal {
public:
  until_signal();

  /// Returns when one of the signals came, or after `limit`; 0 means that only
  /// a signal ends it. A program that is stopped and continued goes on waiting
  /// (signal(7): sigtimedwait fails with EINTR then).
  void wait(std::chrono::seconds limit = std::chrono::seconds{0}) const;

  /// Waits for at most `limit`; true if one of the signals came.
  bool wait_for(std::chrono::nanoseconds limit) const;

  /// Ends the wait of the main function, as the signals do: sends one of them
  /// to this process. Any thread.
  static void wake();

private:
  sigset_t signals_;
};

} // namespace sluice::examples::support
