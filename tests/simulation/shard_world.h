#pragma once

// shard_world: a keeper of shards beside the roster of each machine, and
// clients that write growing numbers and read them, at any machine.
//
// What must hold at every moment: at most one machine would serve a shard. What
// must hold for each key, which has one writer: a read gives no less than was
// acknowledged before the read began, no less than a read that was over by then
// gave, and no more than was written. So the history is linearizable.
//
// For tests. Thread rule: the test's thread.

#include "actors/cluster/shard_keeper.h"
#include "tests/simulation/cluster_world.h"
#include "tests/simulation/shard_store.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::testing {

/// One machine's part of the shards.
struct shard_site {
  struct request {
    bool is_write = false;
    std::string key;
    std::uint64_t value = 0;
    time_point deadline; // nobody is interested any more
    actors::cluster::table_version at;
    std::function<void(std::uint64_t)> reply;
  };

  struct answer {
    std::uint32_t shard = 0;
    std::uint64_t position = 0;
    std::uint64_t value = 0;
    std::function<void(std::uint64_t)> reply;
  };

  std::unique_ptr<shard_store> store;
  std::unique_ptr<actors::cluster::shard_keeper> keeper;
  std::vector<request> held;
  std::vector<answer> answers; // not settled
  bool is_drained = false;
  std::uint64_t losses_told = 0;
};

class shard_world : public cluster_world {
public:
  shard_world(std::uint64_t seed, std::size_t nodes,
              actors::cluster::shard_settings settings);

  shard_site& site(const machine& x) { return sites_[x.index]; }
  const shard_site& site(const machine& x) const { return sites_[x.index]; }

  /// Begins to write and read, and stops to.
  void start_clients(std::size_t count);
  void stop_clients() { ++client_round_; }

  void drain(machine& x);

  /// Of all shards there are as many copies as there should be, and all know
  /// of it.
  bool replicated() const;

  /// The same, and each copy where placement wants it.
  bool balanced() const;

  /// Each shard is served somewhere.
  bool readable() const;

  /// What is acknowledged is there, copies are equal, and nobody has more.
  void expect_equal_copies() const;

  /// The newest table.
  const actors::cluster::shard_table& table() const;

  std::uint64_t replies() const { return replies_; }
  std::string text() const override;

  /// Data may be lost, as long as it is told.
  bool may_lose = false;

protected:
  void on_started(machine& x) override;
  void on_killed(machine& x) override;
  void on_going_on(machine& x) override;
  void on_change(machine& x) override;
  void on_roster(machine& x) override;
  time_point on_tick(machine& x) override;

private:
  struct history {
    std::uint64_t issued = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t seen = 0;
    bool is_writing = false;
  };

  machine& named(const std::string& name);
  void work_off(machine& x);
  void handle(machine& x, const actors::cluster::shard_event& e);
  void retry(machine& x);
  void take(machine& x, shard_site::request what);
  void serve(machine& x, shard_site::request what);
  void answer(shard_site::answer what);
  void expect_alone(const machine& x, std::uint32_t shard) const;
  bool lives(const actors::cluster::holder& x) const;
  const machine* home(const actors::cluster::holder& x) const;

  std::uint64_t losses_of(const std::string& key);
  void act(std::size_t client, std::uint64_t round);
  void write(std::size_t client);
  void read();
  void request(shard_site::request what);

  actors::cluster::shard_settings settings_;
  std::vector<shard_site> sites_;
  std::map<std::string, history> histories_;
  std::size_t clients_ = 0;
  std::uint64_t client_round_ = 0;
  std::uint64_t replies_ = 0;
  std::map<std::uint32_t, std::uint64_t> losses_;
};

} // namespace sluice::testing
