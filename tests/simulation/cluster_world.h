#pragma once

// cluster_world: rosters on a network that delays, loses, cuts, and on machines
// that are killed, stopped, and started again. The transport is replaced by
// letters that arrive or do not; those of one kind from one machine to another
// keep their order. What runs beside the roster on a machine is added by
// deriving.
//
// What must hold at every moment: at most one node is in touch and keeps a list
// with more than half of the seeds (but those that keep one themselves); who
// has the list of a version has the same one as everybody else with that
// version; what a node tells its subscribers adds up to its list, with versions
// that only grow in one life of the node; and who is counted as down by the
// seed that it had has no lease.
//
// For tests. Thread rule: the test's thread.

#include "actors/cluster/roster.h"
#include "tests/support/random_source.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

using namespace std::chrono_literals;
using runtime::duration;
using runtime::time_point;

struct machine {
  std::size_t index = 0;
  std::string name;
  std::string endpoint;
  std::unique_ptr<actors::cluster::roster> node;
  bool stopped = false;
  bool touched = false; // since the last check
  std::uint64_t lives = 0;
  std::uint64_t last_life = 0;
  actors::cluster::view told; // what its events add up to
  time_point due{};
  std::vector<std::function<void()>> waiting; // while it is stopped
};

class cluster_world {
public:
  cluster_world(std::uint64_t seed, std::size_t nodes);
  virtual ~cluster_world();

  std::vector<machine>& machines() { return machines_; }
  const std::vector<machine>& machines() const { return machines_; }
  time_point now() const { return now_; }
  random_source& random() { return random_; }

  void start(machine& x);
  void kill(machine& x);
  void leave(machine& x);
  void stop(machine& x) { x.stopped = true; }
  void go_on(machine& x);

  /// Nothing passes between the two any more, or again.
  void cut(const machine& x, const machine& y);
  void heal() { cuts_.clear(); }

  /// All that is under way between the two is lost.
  void lose(const machine& x, const machine& y);

  unsigned lost_per_mille = 0;
  duration delay_max = 20ms;

  void during(duration span);

  /// Steps until `done`, or for so long.
  bool until(duration span, const std::function<bool()>& done);

  /// All that live are in touch, and agree on a list of exactly themselves.
  bool settled() const;

  /// How many keep a list and are in touch.
  std::size_t leaders() const;

  virtual std::string text() const;

protected:
  enum kind : std::size_t { roster_letter, other_letter, kinds };

  virtual void on_started(machine&) {}
  virtual void on_killed(machine&) {}
  /// The machine's clock has jumped; before anything else.
  virtual void on_going_on(machine&) {}
  /// `told` has one more change.
  virtual void on_change(machine&) {}
  /// The roster has done something.
  virtual void on_roster(machine&) {}
  /// Says when to be called again.
  virtual time_point on_tick(machine&) { return time_point::max(); }
  virtual void check();

  /// False if nobody listens there.
  bool send(const machine& from, machine& to, kind what,
            std::function<void()> arrive);

  /// In the world outside.
  void after(duration span, std::function<void()> what);

  void tick_soon(machine& x) { x.due = std::min(x.due, now_ + 1ms); }

private:
  struct flight {
    const machine* from;
    machine* to; // null: outside
    std::function<void()> arrive;
  };

  std::size_t followers_of(const machine& x) const;
  machine& at(const std::string& endpoint);
  void step();
  void expect_no_lease(const actors::cluster::change& what) const;
  void gather(machine& x);

  random_source random_;
  time_point now_{1h};
  std::vector<machine> machines_;
  std::vector<std::string> seeds_;
  std::multimap<time_point, flight> flying_;
  std::map<std::pair<const machine*, const machine*>, time_point> last_[kinds];
  std::set<std::pair<const machine*, const machine*>> cuts_;
  std::map<std::pair<actors::cluster::version, std::string>,
           actors::cluster::view>
      lists_;
};

} // namespace sluice::testing
