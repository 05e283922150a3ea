#pragma once

// The seam to readiness: what an event loop asks of the operating system to
// learn which descriptors can progress. The real one is `epoll_poller`; the
// simulated one lives in tests/support.
//
// Internal. Thread rule: everything but `wake` is called by the loop's thread
// (or by the one thread that drives a simulated loop). Lifetime: owned by its
// loop; handlers are not owned and are removed before they die.

#include "runtime/clock.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::runtime {

/// What a descriptor's owner asks to hear of.
enum class interest : std::uint8_t { none = 0, read = 1, write = 2, both = 3 };

constexpr interest operator|(interest a, interest b) {
  return static_cast<interest>(static_cast<std::uint8_t>(a)
                               | static_cast<std::uint8_t>(b));
}

constexpr interest operator&(interest a, interest b) {
  return static_cast<interest>(static_cast<std::uint8_t>(a)
                               & static_cast<std::uint8_t>(b));
}

constexpr interest operator-(interest a, interest b) {
  return static_cast<interest>(static_cast<std::uint8_t>(a)
                               & ~static_cast<std::uint8_t>(b));
}

constexpr bool wants(interest all, interest one) {
  return (all & one) != interest::none;
}

/// What is true of a descriptor now. `failed` and `hung_up` are reported
/// whatever the interest was: a paused reader still learns that its peer
/// reset the connection.
struct readiness {
  bool readable = false; // EPOLLIN: data, a connection, or end of stream
  bool writable = false; // EPOLLOUT
  bool failed = false;   // EPOLLERR: ask SO_ERROR
  bool hung_up = false;  // EPOLLHUP: both directions are closed
};

/// Receives the readiness of one descriptor, on the loop's thread.
class io_handler {
public:
  virtual void on_ready(readiness what) = 0;

protected:
  ~io_handler() = default;
};

/// One entry of a batch.
struct ready_event {
  io_handler* handler = nullptr;
  readiness what;
};

class poller {
public:
  virtual ~poller() = default;

  /// Starts to watch `fd`, level-triggered. Errors: what epoll_ctl(2) says,
  /// e.g. EPERM for a regular file.
  virtual caf::error add(int fd, interest what, io_handler& handler) = 0;

  /// Replaces the interest in a watched `fd`.
  virtual caf::error modify(int fd, interest what, io_handler& handler) = 0;

  /// Forgets `fd`. Must come before the descriptor is closed.
  virtual void remove(int fd) = 0;

  /// Waits until something is ready, `wake` is called, or `timeout` passed;
  /// zero polls, a negative timeout waits without a bound. Returns how many
  /// entries of `out` were filled; an interrupted wait returns 0.
  virtual std::size_t wait(std::span<ready_event> out, duration timeout) = 0;

  /// Ends the current or the next `wait`. Any thread.
  virtual void wake() noexcept = 0;
};

} // namespace sluice::runtime
