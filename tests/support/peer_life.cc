#include "tests/support/peer_life.h"

#include "tests/support/pattern.h"

#include <array>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr duration_range hold_length{1ms, 5s};

} // namespace

peer_habits peer_habits::drawn(random_source& random, std::size_t bytes_max) {
  static constexpr std::array endings{peer_ending::finish, peer_ending::close,
                                      peer_ending::reset, peer_ending::stay};
  peer_habits result;
  result.stream = random.next();
  result.turns = random.size_between(1, 30);
  result.send_bytes_max = random.size_between(0, bytes_max / result.turns);
  if (random.below(8) != 0)
    result.read_bytes_max = random.size_between(1, bytes_max);
  result.pause.max = std::chrono::microseconds{random.size_between(1, 100'000)};
  if (random.below(4) == 0)
    result.hold_per_mille = 100;
  result.ending = random.pick(endings);
  return result;
}

peer_life::peer_life(sim_world& world, sim_peer& peer,
                     const peer_habits& habits)
    : world_(world), peer_(peer), habits_(habits), turns_left_(habits.turns) {
  peer_.stop_reading();
  schedule();
}

peer_life::~peer_life() {
  for (const auto& ticket : {next_turn_, release_})
    if (ticket)
      world_.cancel(*ticket);
}

void peer_life::schedule() {
  auto pause = world_.random().between(habits_.pause.min, habits_.pause.max);
  next_turn_ = world_.after(pause, [this] { turn(); });
}

void peer_life::turn() {
  next_turn_.reset();
  if (peer_.error() != 0 || peer_.closed()) {
    over_ = true;
    return;
  }
  auto& random = world_.random();
  if (!release_ && random.per_mille(habits_.hold_per_mille)) {
    peer_.hold();
    auto length = random.between(hold_length.min, hold_length.max);
    release_ = world_.after(length, [this] {
      release_.reset();
      peer_.release();
    });
  }
  if (habits_.read_bytes_max != 0)
    peer_.read_more(random.between(1, habits_.read_bytes_max));
  if (habits_.send_bytes_max != 0) {
    auto size = random.below(habits_.send_bytes_max + 1);
    peer_.send(pattern(habits_.stream, offered_, size));
    offered_ += size;
  }
  if (--turns_left_ == 0)
    end();
  else
    schedule();
}

void peer_life::end() {
  over_ = true;
  switch (habits_.ending) {
  case peer_ending::finish:
    peer_.read_all();
    peer_.half_close();
    break;
  case peer_ending::close:
    peer_.close();
    break;
  case peer_ending::reset:
    peer_.reset();
    break;
  case peer_ending::stay:
    if (habits_.read_bytes_max != 0)
      peer_.read_all();
    break;
  }
}

} // namespace sluice::testing
