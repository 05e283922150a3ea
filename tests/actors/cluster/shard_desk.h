#pragma once

// shard_desk: keepers of shards side by side, whose letters arrive at once, or
// not at all, as a test wants it.
//
// For tests. Thread rule: the test's thread.

#include "actors/cluster/placement.h"
#include "actors/cluster/shard_keeper.h"
#include "tests/simulation/shard_store.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

using namespace std::chrono_literals;

struct shard_seat {
  actors::cluster::member self;
  std::unique_ptr<shard_store> store;
  std::unique_ptr<actors::cluster::shard_keeper> keeper;
  std::vector<actors::cluster::shard_event> events;
  bool is_silent = false; // nothing goes out or comes in, and nothing happens

  template <class T>
  std::vector<T> take() {
    std::vector<T> result;
    std::erase_if(events, [&](auto& x) {
      auto found = std::get_if<T>(&x);
      if (found != nullptr)
        result.push_back(*found);
      return found != nullptr;
    });
    return result;
  }
};

class shard_desk {
public:
  explicit shard_desk(std::size_t nodes,
                      actors::cluster::shard_settings settings = one_shard())
      : settings_(settings), seats_(nodes) {
    list.at = {1, 0};
    for (std::size_t i = 0; i < nodes; ++i)
      begin(i, 1 + i);
  }

  static actors::cluster::shard_settings one_shard() {
    actors::cluster::shard_settings result;
    result.shards = 1;
    result.unacknowledged_bytes_max = 100;
    return result;
  }

  shard_seat& operator[](std::size_t i) { return seats_[i]; }
  runtime::time_point now() const { return now_; }

  /// Starts the node, which is not in the list yet.
  void begin(std::size_t i, std::uint64_t incarnation) {
    auto& x = seats_[i];
    x = {};
    x.self = {"n" + std::to_string(i), incarnation, {}, {}, {}};
    x.store = std::make_unique<shard_store>(settings_.shards);
    x.keeper =
        std::make_unique<actors::cluster::shard_keeper>(settings_, *x.store);
  }

  void join(std::size_t i) {
    change(actors::cluster::change_kind::joined, seats_[i].self);
  }

  void down(std::size_t i) {
    change(actors::cluster::change_kind::down, seats_[i].self);
  }

  void change(actors::cluster::change_kind what,
              const actors::cluster::member& who) {
    list.apply({{list.at.term, list.at.seq + 1}, what, who});
    tell_list();
  }

  void tell_list() {
    for (auto& x : seats_)
      if (!x.is_silent)
        x.keeper->on_view(now_, list, x.self);
    run();
  }

  /// All join and have what they should.
  void start() {
    for (std::size_t i = 0; i < seats_.size(); ++i)
      join(i);
    pass(3s);
  }

  /// Everything is said that there is to say.
  void run() {
    for (auto again = true; again;) {
      again = false;
      for (auto& x : seats_) {
        if (x.is_silent)
          continue;
        for (auto& y : x.keeper->take_letters()) {
          again = true;
          auto& to = seat(y.to);
          if (!to.is_silent && !drops(x, to, y.what))
            to.keeper->receive(now_, y.what);
        }
        for (auto& y : x.keeper->take_events())
          x.events.push_back(y);
      }
    }
  }

  void pass(runtime::duration span) {
    for (auto end = now_ + span; now_ < end;) {
      now_ += 100ms;
      for (auto& x : seats_)
        if (!x.is_silent) {
          x.keeper->on_lease(now_, now_ + lease);
          x.keeper->tick(now_);
        }
      run();
    }
  }

  /// Where placement wants the only shard first, and one that it does not.
  std::size_t first() const {
    std::vector<actors::cluster::member> members;
    for (auto& x : seats_)
      members.push_back(x.self);
    auto name = actors::cluster::rank(0, members, {}, 1)[0].name;
    std::size_t result = 0;
    while (seats_[result].self.name != name)
      ++result;
    return result;
  }
  std::size_t unlike_first() const { return first() == 0 ? 1 : 0; }

  /// Where the only shard is.
  shard_seat& primary() { return seat(newest().entries[0].primary); }
  shard_seat& backup() { return seat(newest().entries[0].backup); }

  /// The one that has nothing of it, of three.
  shard_seat& third() {
    for (auto& x : seats_)
      if (!newest().entries[0].has(x.keeper->self()))
        return x;
    return seats_[0];
  }

  const actors::cluster::shard_table& newest() {
    auto result = &seats_[0].keeper->table();
    for (auto& x : seats_)
      if (x.keeper->table().at > result->at)
        result = &x.keeper->table();
    return *result;
  }

  shard_seat& seat(const actors::cluster::holder& x) {
    for (auto& y : seats_)
      if (y.self.name == x.name)
        return y;
    return seats_[0];
  }

  std::uint64_t write(shard_seat& x, std::uint64_t value) {
    return x.keeper->wrote(0, x.store->write(0, "key", value));
  }

  actors::cluster::route_kind route(shard_seat& x) {
    return x.keeper->route(now_, 0).what;
  }

  actors::cluster::view list;
  runtime::duration lease = 10s;
  std::function<bool(shard_seat&, shard_seat&,
                     const actors::cluster::shard_letter&)>
      drops = [](auto&, auto&, auto&) { return false; };

private:
  actors::cluster::shard_settings settings_;
  std::vector<shard_seat> seats_;
  runtime::time_point now_{1h};
};

} // namespace sluice::testing
