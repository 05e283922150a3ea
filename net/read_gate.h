#pragma once

// read_gate: whether a broker may read now: whether its behavior wants more,
// takes what it gets, and nobody behind it is under pressure.
//
// Internal. Thread rule and lifetime: its broker's.

#include "runtime/actor_set.h"
#include "runtime/backpressure.h"

#include <algorithm>
#include <cstdint>

namespace sluice::net {

class read_gate {
public:
  bool open() const noexcept {
    return credit_ != 0 && !self_pressed_ && !awaiting_ && pressed_by_.empty();
  }

  /// Lets `count` more through; adds up. Ends `flow`.
  void credit(std::uint64_t count) noexcept {
    constexpr auto most = std::uint64_t{1} << 62;
    auto have = credit_ > 0 ? static_cast<std::uint64_t>(credit_) : 0;
    credit_ =
        static_cast<std::int64_t>(std::min(have + std::min(count, most), most));
  }

  void flow() noexcept { credit_ = -1; }
  void pause() noexcept { credit_ = 0; }

  /// One went through.
  void spend() noexcept {
    if (credit_ > 0)
      --credit_;
  }

  /// Our own writes wait: reading more would only add to them.
  void self_pressed(bool x) noexcept { self_pressed_ = x; }

  /// Events are skipped until a response is there: do not fill the mailbox.
  void awaiting(bool x) noexcept { awaiting_ = x; }
  bool awaiting() const noexcept { return awaiting_; }

  /// An actor that we send to tells us to stop or to go on.
  void heed(const runtime::backpressure& signal) {
    if (signal.state == runtime::pressure::released)
      pressed_by_.erase(signal.source);
    else
      pressed_by_.insert(signal.source);
  }

private:
  runtime::actor_set pressed_by_;
  std::int64_t credit_ = -1; // < 0: whatever comes
  bool self_pressed_ = false;
  bool awaiting_ = false;
};

} // namespace sluice::net
