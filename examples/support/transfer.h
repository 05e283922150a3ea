#pragma once

// transfer: what actors that read and write tell the main function: how far
// they are, and that it is over.
//
// Thread rule: any thread. Lifetime: longer than the actors.

#include "examples/support/until_signal.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace sluice::examples::support {

struct transfer {
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_written{0};
  /// Bytes that wait for the descriptor, their peak, and how often the sink
  /// was held up by them.
  std::atomic<std::size_t> bytes_waiting{0};
  std::atomic<std::size_t> bytes_waiting_peak{0};
  std::atomic<std::uint64_t> sink_held{0};

  /// Everything is done, if `error` is empty; else it went wrong. The first
  /// word counts. Ends the wait of the main function.
  void end(std::string error = {}) {
    {
      std::lock_guard guard{mutex_};
      if (ended_)
        return;
      ended_ = true;
      error_ = std::move(error);
    }
    until_signal::wake();
  }

  bool ended() const {
    std::lock_guard guard{mutex_};
    return ended_;
  }

  std::string error() const {
    std::lock_guard guard{mutex_};
    return error_;
  }

private:
  mutable std::mutex mutex_;
  bool ended_ = false;
  std::string error_;
};

} // namespace sluice::examples::support
