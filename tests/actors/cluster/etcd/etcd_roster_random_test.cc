// Five rosters and an etcd, in virtual time, with a network between them that
// delays and loses what is said, nodes that freeze, nodes that are killed, of
// which the others are told sooner or later, and started again, an etcd that is
// away, and one that forgets its history.

#include "actors/cluster/etcd/etcd_roster.h"
#include "actors/cluster/etcd/member_record.h"
#include "runtime/error.h"
#include "tests/actors/cluster/etcd/fake_etcd.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;
using namespace cluster::etcd;
using runtime::duration;

constexpr duration step = 10ms;
constexpr duration answer_deadline = 500ms; // of a lease of 2 s

etcd_options options() {
  etcd_options result;
  result.lease_ttl = 2s;
  result.retry = 100ms;
  result.retry_max = 400ms;
  result.start_deadline = 1'000s;
  return result;
}

class world {
public:
  world(std::uint64_t seed, bool forgets) : chance_(seed), forgets_(forgets) {
    for (int i = 0; i < 5; ++i)
      nodes_.emplace_back("n" + std::to_string(i));
    for (auto& x : nodes_)
      x.roster->start(now_);
  }

  void run() {
    for (auto end = now_ + 15s; now_ < end;) {
      make_trouble();
      turn();
    }
    calm();
    // A lease, in case one has ended just now, and the longest pause.
    for (auto end = now_ + 8s; now_ < end;)
      turn();
    check_end();
  }

private:
  struct node {
    explicit node(const std::string& n)
        : name(n),
          roster(std::in_place,
                 cluster::member{n, 0, "tcp://" + n + ":1", "", {"kv"}},
                 options(), 2) {}

    std::string name;
    std::optional<etcd_roster> roster; // none: the process is dead
    bool cut = false;
    time_point frozen_until{};

    // The question under way.
    std::optional<question> asked;
    time_point arrives;
    time_point returns;
    time_point given_up;
    std::optional<fake_etcd::reply> reply;
    bool lost_there = false;
    bool lost_back = false;

    std::optional<fake_etcd::watcher> watch;
    bool watch_silent = false;

    /// Dead members, as connections that were refused have shown.
    std::vector<cluster::member> refused;

    std::vector<cluster::change> changes;
    cluster::view told;                // what they add up to
    std::optional<std::size_t> listed; // changes of the first list
    std::uint64_t listed_at = 0;
    bool acts = false;
    bool removed = false; // by somebody else, of which it may not know yet
    std::uint64_t life = 0;
  };

  struct stray {
    time_point arrives;
    question what;
  };

  /// What it has asked arrives all the same.
  void kill(node& x) {
    if (x.asked && !x.reply && !x.lost_there)
      strays_.push_back({x.arrives, *x.asked});
    auto name = x.name;
    auto cut = x.cut;
    std::destroy_at(&x);
    std::construct_at(&x, name);
    x.cut = cut;
    x.roster.reset();
  }

  void start(node& x) {
    auto name = x.name;
    auto cut = x.cut;
    std::destroy_at(&x);
    std::construct_at(&x, name);
    x.cut = cut;
    x.roster->start(now_);
  }

  /// Who knows the dead one as a member finds that nobody listens there, and
  /// may be slow to say so.
  void refuse(node& x) {
    for (auto& y : nodes_) {
      auto known = x.told.find(y.name);
      if (!y.roster && known && chance_.per_mille(100))
        x.refused.push_back(known->who);
    }
    while (!x.refused.empty() && chance_.per_mille(300)) {
      x.roster->unreachable(now_, x.refused.front());
      x.refused.erase(x.refused.begin());
    }
  }

  void make_trouble() {
    for (auto& x : nodes_) {
      if (!x.roster) {
        if (chance_.per_mille(10))
          start(x);
        continue;
      }
      if (chance_.per_mille(1)) {
        kill(x);
        continue;
      }
      if (chance_.per_mille(2)) {
        x.cut = !x.cut;
        if (x.cut && chance_.per_mille(500)) {
          x.watch_silent = true; // nobody is told that it is over
        } else if (x.cut && x.watch) {
          x.watch.reset();
          x.roster->watch_ended(now_, broken());
        }
      }
      if (x.watch && chance_.per_mille(1))
        x.watch_silent = true;
      if (chance_.per_mille(1))
        x.frozen_until = now_ + chance_.between(duration{100ms}, duration{5s});
      if (chance_.per_mille(1) && x.life != 0 && chance_.per_mille(200)) {
        etcd_.remove(member_prefix("default") + x.name);
        x.removed = true;
      }
    }
    if (chance_.per_mille(1))
      away_until_ = now_ + chance_.between(duration{100ms}, duration{4s});
    if (forgets_ && chance_.per_mille(5))
      etcd_.compact();
  }

  void calm() {
    away_until_ = std::min(away_until_, now_);
    quiet_ = true;
    for (auto& x : nodes_) {
      x.cut = false;
      x.frozen_until = now_;
      if (!x.roster)
        start(x);
    }
  }

  bool away() const { return now_ < away_until_; }

  void turn() {
    now_ += step;
    if (!away()) {
      if (std::exchange(was_away_, false))
        etcd_.restart(now_);
      etcd_.pass(now_);
    } else if (!std::exchange(was_away_, true)) {
      for (auto& x : nodes_)
        if (x.watch) {
          x.watch.reset();
          x.roster->watch_ended(now_, broken());
        }
    }
    for (auto& x : strays_)
      if (now_ >= x.arrives && !away())
        etcd_.post(now_, x.what);
    std::erase_if(strays_, [&](auto& x) { return now_ >= x.arrives; });
    for (auto& x : nodes_) {
      if (!x.roster)
        continue;
      carry(x);
      // Whatever the node was told: it may act until then.
      if (x.roster->acts_until() > now_ && !x.removed) {
        EXPECT_EQ(etcd_.life(member_prefix("default") + x.name), x.life)
            << x.name << " acts and is not there";
      }
      if (now_ >= x.frozen_until)
        work(x);
    }
  }

  static caf::error broken() {
    return runtime::make_error(runtime::errc::connect_failed, "broken");
  }

  /// What arrives at etcd does so while the node is frozen, too.
  void carry(node& x) {
    if (x.asked && !x.reply && now_ >= x.arrives && !x.lost_there && !x.cut
        && !away())
      x.reply = etcd_.post(now_, *x.asked);
  }

  void work(node& x) {
    refuse(x);
    if (x.asked) {
      if (x.reply && now_ >= x.returns && !x.lost_back && !x.cut) {
        x.asked.reset();
        x.roster->answer(now_, x.reply->status, x.reply->text);
      } else if (now_ >= x.given_up || away()) {
        x.asked.reset();
        x.roster->fail(now_, broken());
      }
    }
    x.roster->tick(now_);
    if (!x.roster->watching()) {
      x.watch.reset();
    } else if (x.watch && !x.watch_silent && !x.cut && !away()
               && chance_.per_mille(300)) {
      auto over = false;
      for (auto& line : etcd_.lines(*x.watch, over))
        x.roster->watch_line(now_, line);
      if (over)
        x.watch.reset();
    }
    if (auto what = x.roster->ask_for_watch(now_)) {
      x.watch_silent = false;
      x.watch.reset();
      if (away())
        x.roster->watch_ended(now_, broken());
      else
        x.watch = etcd_.watch(*what);
    }
    if (auto what = x.roster->ask(now_)) {
      x.asked = what;
      x.reply.reset();
      x.arrives = now_ + chance_.between(duration{0}, duration{200ms});
      x.returns = x.arrives + chance_.between(duration{0}, duration{200ms});
      x.given_up = now_ + answer_deadline;
      x.lost_there = !quiet_ && chance_.per_mille(30);
      x.lost_back = !quiet_ && chance_.per_mille(30);
    }
    EXPECT_TRUE(x.roster->due() > now_ || x.asked || x.roster->ended());
    take_events(x);
  }

  void take_events(node& x) {
    for (auto& event : x.roster->take_events()) {
      if (auto y = std::get_if<cluster::change>(&event)) {
        EXPECT_LE(x.told.at, y->at);
        x.told.apply(*y);
        x.changes.push_back(*y);
      } else if (auto z = std::get_if<cluster::membership_gained>(&event)) {
        EXPECT_FALSE(x.acts);
        EXPECT_TRUE(x.told.has(z->self));
        x.acts = true;
        x.life = z->self.incarnation;
      } else if (std::holds_alternative<cluster::membership_lost>(event)) {
        EXPECT_TRUE(x.acts);
        x.acts = false;
        x.removed = false;
      } else {
        ADD_FAILURE() << x.name << " ended";
      }
    }
    if (!x.listed && x.roster->list().at != cluster::version{}) {
      x.listed = x.changes.size();
      x.listed_at = x.roster->list().at.seq;
    }
  }

  void check_end() {
    auto& truth = etcd_.truth();
    EXPECT_EQ(etcd_.names().size(), nodes_.size());
    for (auto& x : nodes_) {
      EXPECT_TRUE(x.acts) << x.name;
      for (auto& y : nodes_)
        EXPECT_TRUE(x.told.find(y.name)
                    && x.told.find(y.name)->who.incarnation == y.life)
            << y.name << " at " << x.name;
      if (forgets_)
        continue;
      // Everything since the first list, to the letter.
      std::vector<cluster::change> expected;
      std::ranges::copy_if(truth, std::back_inserter(expected),
                           [&](auto& y) { return y.at.seq > x.listed_at; });
      ASSERT_TRUE(x.listed);
      std::vector<cluster::change> told(
          x.changes.begin() + static_cast<std::ptrdiff_t>(*x.listed),
          x.changes.end());
      EXPECT_TRUE(told == expected) << x.name;
    }
  }

  random_source chance_;
  const bool forgets_;
  time_point now_{1s};
  bool quiet_ = false;
  fake_etcd etcd_;
  time_point away_until_{};
  bool was_away_ = false;
  std::deque<node> nodes_;
  std::vector<stray> strays_;
};

TEST(etcd_roster_random_test,
     all_nodes_tell_the_same_and_nobody_acts_when_down) {
  for_each_seed(300, [](auto seed) { world{seed, false}.run(); });
}

TEST(etcd_roster_random_test, lists_agree_although_etcd_forgets) {
  for_each_seed(300, [](auto seed) { world{seed, true}.run(); });
}

} // namespace

} // namespace sluice::testing
