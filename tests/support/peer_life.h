#pragma once

// peer_life: a sim_peer that acts on its own: now and then it sends some, reads
// some or loses its link, and one day it ends. What it does follows from its
// habits and the world's seed.
//
// For tests. Thread rule: the world's. Lifetime: within that of its peer, which
// goes on without it.

#include "tests/support/random_source.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_settings.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::testing {

/// What a peer does when its turns are over.
enum class peer_ending {
  finish, // half-closes and reads until the end
  close,
  reset,
  stay, // does nothing more; reads whatever comes if it reads at all
};

struct peer_habits {
  std::uint64_t stream = 0; // sends pattern(stream, ...)
  std::size_t turns = 1;
  std::size_t send_bytes_max = 0; // in a turn
  std::size_t read_bytes_max = 0; // in a turn; 0 never reads
  duration_range pause{std::chrono::microseconds{1},
                       std::chrono::milliseconds{10}};
  unsigned hold_per_mille = 0; // a turn starts by losing the link for a while
  peer_ending ending = peer_ending::finish;

  /// One peer in eight never reads, and all endings are as likely. Sends at
  /// most `bytes_max` in all, see sim_settings::easy_bytes.
  static peer_habits drawn(random_source& random, std::size_t bytes_max);
};

class peer_life {
public:
  peer_life(sim_world& world, sim_peer& peer, const peer_habits& habits);
  ~peer_life();

  peer_life(const peer_life&) = delete;
  peer_life& operator=(const peer_life&) = delete;

  const peer_habits& habits() const noexcept { return habits_; }

  /// Bytes that were given to the peer to send.
  std::size_t offered() const noexcept { return offered_; }

  /// It has ended in its way, or its connection has failed.
  bool over() const noexcept { return over_; }

private:
  void schedule();
  void turn();
  void end();

  sim_world& world_;
  sim_peer& peer_;
  peer_habits habits_;
  std::size_t turns_left_;
  std::size_t offered_ = 0;
  bool over_ = false;
  std::optional<event_queue::ticket> next_turn_;
  std::optional<event_queue::ticket> release_;
};

} // namespace sluice::testing
