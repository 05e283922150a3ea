// The two ends of channels on worlds with all faults: delay, short reads and
// writes, resets and partitions at random times, receivers that keep what they
// get, senders that do not obey, and links that are opened again.
//
// What must hold: each message arrives once and in order; never more in flight
// than the window, in messages and in bytes; never more pending than the cap;
// when nothing fails any more everything arrives and is confirmed; and in the
// end nobody is held, and nothing is left.

#include "actors/channel/host.h"
#include "actors/flow_actor.h"
#include "runtime/error.h"
#include "runtime/pressure_table.h"
#include "tests/simulation/channel_tap.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
using namespace actors;
using caf::behavior;
using runtime::pressure;

using turn = caf::atom_constant<caf::atom("turn")>;
using again = caf::atom_constant<caf::atom("again")>;
using let_go = caf::atom_constant<caf::atom("letgo")>;

/// One channel of a run: what it shall do, and what it has done.
struct lane {
  std::string name;
  std::uint64_t count = 0; // messages
  std::size_t size_max = 0;
  channel::inlet_options in_options;
  channel::outlet_options out_options;
  bool obeys = true;
  unsigned keeps = 0; // per mille: of the batches, for a while
  std::uint64_t seed = 0;

  channel::outlet<std::string> out;
  channel::inlet<std::string> in;
  std::uint64_t pushed = 0;
  std::uint64_t received = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t freed = 0;
  std::uint64_t freed_bytes = 0;
  std::vector<std::pair<std::uint64_t, channel::batch<std::string>>> kept;
  std::uint64_t last_kept = 0;
  std::size_t reopened = 0;
  std::size_t interrupted = 0;
  std::size_t ended = 0;
  bool held = false;
  bool finished = false;
  int pressure = 0; // applied less released

  /// Message number `i`, which says so.
  std::string text(std::uint64_t i) const {
    random_source random{seed * 1'000'003 + i};
    auto result = name + std::to_string(i) + ":";
    auto size = random.size_between(1, size_max);
    if (result.size() < size)
      result.resize(size, static_cast<char>('a' + i % 26));
    return result;
  }

  std::uint64_t bytes_of(const channel::batch<std::string>& x) const {
    std::uint64_t result = 0;
    for (auto& item : x)
      // CAF's length of a text, and ours.
      result += item.size()
                + (item.size() < 128     ? 1
                   : item.size() < 16384 ? 2
                                         : 3)
                + 4;
    return result;
  }
};

/// Pushes the messages of its lane, a few in each turn.
template <class Self>
behavior producer(Self* self, lane* my, random_source* random) {
  // Such an actor is paused, and need not know of it.
  constexpr auto pauses = std::is_same_v<Self, flow_actor>;
  self->send(self, turn::value);
  auto go_on = [=](std::chrono::milliseconds most) {
    self->delayed_send(self, random->between(0ms, most), turn::value);
  };
  return {
      [=](turn) {
        if (my->finished)
          return;
        for (auto n = random->between(1, 20); n > 0; --n) {
          if (my->pushed == my->count)
            return my->out.close();
          if (auto err = my->out.push(my->text(my->pushed))) {
            // Full: who does not obey tries again.
            if (pauses || !my->obeys)
              go_on(2'000ms);
            return;
          }
          ++my->pushed;
        }
        if (!my->held || !my->obeys)
          go_on(20ms);
      },
      [=](const runtime::backpressure& x) {
        my->pressure += x.state == pressure::applied ? 1 : -1;
        my->held = x.state == pressure::applied;
        if (!my->held && my->obeys)
          go_on(20ms);
      },
      [=](const channel::outlet_opened&) { go_on(20ms); },
      [=](const channel::outlet_closed& x) {
        EXPECT_LE(x.confirmed, my->freed);
        EXPECT_EQ(x.confirmed + x.unconfirmed, my->pushed);
        if (x.reason == channel::end_reason::finished) {
          my->finished = true;
          return;
        }
        EXPECT_TRUE(x.error);
        // A closed outlet pauses its owner: only what is urgent gets through.
        self->template delayed_send<caf::message_priority::high>(
            self, random->between(0ms, 5'000ms), again::value);
      },
      [=](again) {
        ++my->reopened;
        auto err = my->out.reopen();
        EXPECT_FALSE(err) << runtime::to_text(err);
      },
  };
}

/// Checks each message, and keeps some of the batches for a while.
template <class Self>
behavior consumer(Self* self, lane* my, random_source* random) {
  return {
      [=](channel::batch<std::string>& x) {
        EXPECT_EQ(x.first, my->received) << my->name;
        for (auto& item : x)
          EXPECT_EQ(item, my->text(my->received++));
        auto bytes = my->bytes_of(x);
        my->received_bytes += bytes;
        if (random->per_mille(my->keeps)) {
          my->kept.emplace_back(++my->last_kept, std::move(x));
          self->delayed_send(self, random->between(0ms, 3'000ms), let_go::value,
                             my->last_kept);
          return;
        }
        my->freed += x.size();
        my->freed_bytes += bytes;
      },
      [=](let_go, std::uint64_t which) {
        for (auto at = my->kept.begin(); at != my->kept.end(); ++at)
          if (at->first == which) {
            my->freed += at->second.size();
            my->freed_bytes += my->bytes_of(at->second);
            my->kept.erase(at);
            return;
          }
      },
      [=](const channel::inlet_opened& x) {
        EXPECT_EQ(x.position, my->in.position());
      },
      [=](const channel::inlet_interrupted&) { ++my->interrupted; },
      [=](const channel::inlet_ended& x) {
        EXPECT_EQ(x.position, my->count);
        EXPECT_EQ(my->received, my->count);
        ++my->ended;
      },
      [=](const channel::inlet_closed& x) {
        ADD_FAILURE() << my->name << ": " << runtime::to_text(x.error);
      },
  };
}

struct totals {
  std::size_t reopened = 0;
  std::size_t interrupted = 0;
  std::size_t resets = 0;
  std::size_t applied = 0;
};

class channel_run {
public:
  channel_run(std::uint64_t seed, bool calm, totals& sums)
      : world_(seed), sums_(sums), random_(world_.random()), calm_(calm) {
    world_.settings().faults.accept_aborted = 0;
    world_.settings().faults.shortage = 0;
  }

  void operator()() {
    auto before = world_.host().open_descriptors();
    {
      sim_runtime run{world_, 2};
      run_ = &run;
      channel_tap tap{world_, at("127.0.0.1", 7001), at("127.0.0.1", 7000)};
      tap_ = &tap;
      open_hosts();
      open_lanes();
      plan_faults();
      run.after_step = [this] { check_bounds(); };
      auto done =
          run.until([this] { return over() || HasFailure(); }, 4'000'000);
      EXPECT_TRUE(done) << "the run does not end";
      run.after_step = {};
      check_end();
      sum_up();
      lanes_.clear();
      near_.reset();
      far_.reset();
      for (auto& x : owners_)
        caf::anon_send_exit(x, caf::exit_reason::kill);
      owners_.clear();
      tap.reset();
      run.during(1h);
    }
    EXPECT_EQ(world_.host().open_descriptors(), before);
  }

private:
  static bool HasFailure() { return ::testing::Test::HasFailure(); }

  void open_hosts() {
    channel::host_options options;
    // Buffers of one byte make slow handshakes.
    options.handshake = 1h;
    options.ping_interval = 5min;
    options.silence_max = 15min;
    options.connect_deadline = 1h;
    options.link_queue_bytes = random_.size_between(1, 256 * 1024);
    options.instance = 1;
    near_.emplace(run_->loop(0), options);
    options.instance = 2;
    far_.emplace(run_->loop(1), options);
    ASSERT_TRUE(far_->listen("tcp://127.0.0.1:7000"));
  }

  void open_lanes() {
    auto n = random_.between(1, 3);
    auto easy = world_.settings().easy_bytes() * 10 / n;
    for (std::uint64_t i = 0; i < n; ++i) {
      auto& x = *lanes_.emplace_back(std::make_unique<lane>());
      x.name = std::string(1, static_cast<char>('A' + i));
      x.seed = random_.next() % 1'000'000;
      x.size_max = random_.size_between(1, std::min<std::size_t>(easy, 20'000));
      x.in_options.window_messages = random_.size_between(1, 300);
      x.in_options.window_bytes = random_.size_between(1, 40'000);
      x.count = random_.size_between(
          1, std::clamp<std::size_t>(easy / (60 + x.size_max / 4), 1, 2'000));
      auto high = random_.size_between(2, 20'000);
      x.out_options.pending_marks = {high, high / 2};
      x.out_options.pending_cap_bytes = high + random_.size_between(1, 20'000);
      x.out_options.own_link = random_.per_mille(300);
      x.obeys = random_.per_mille(800);
      x.keeps = random_.per_mille(500)
                    ? static_cast<unsigned>(random_.below(1'001))
                    : 0;
      spawn_consumer(x);
      spawn_producer(x);
    }
  }

  caf::local_actor* self_of(const caf::actor& x) {
    return dynamic_cast<caf::local_actor*>(
        caf::actor_cast<caf::abstract_actor*>(x));
  }

  void spawn_consumer(lane& x) {
    caf::actor made;
    switch (random_.below(3)) {
    case 0:
      made =
          run_->system().spawn(consumer<caf::event_based_actor>, &x, &random_);
      break;
    case 1:
      made = run_->system().spawn(consumer<flow_actor>, &x, &random_);
      break;
    default:
      made = runtime::spawn_on(run_->loop(1), consumer<pinned_flow_actor>, &x,
                               &random_);
    }
    owners_.push_back(made);
    auto in =
        far_->open_inlet<std::string>(self_of(made), x.name, x.in_options);
    ASSERT_TRUE(in);
    x.in = std::move(*in);
  }

  void spawn_producer(lane& x) {
    caf::actor made;
    switch (random_.below(3)) {
    case 0:
      made =
          run_->system().spawn(producer<caf::event_based_actor>, &x, &random_);
      break;
    case 1:
      made = run_->system().spawn(producer<flow_actor>, &x, &random_);
      break;
    default:
      made = runtime::spawn_on(run_->loop(0), producer<runtime::loop_actor>, &x,
                               &random_);
    }
    owners_.push_back(made);
    auto out = near_->open_outlet<std::string>(
        self_of(made), "tcp://127.0.0.1:7001", x.name, x.out_options);
    ASSERT_TRUE(out);
    x.out = std::move(*out);
  }

  void plan_faults() {
    if (calm_)
      return;
    auto span = random_.between(10ms, runtime::duration{60s});
    for (auto n = random_.below(6); n > 0; --n)
      world_.after(random_.between(0ms, span), [this] { tap_->reset(); });
    for (auto n = random_.below(3); n > 0; --n) {
      auto length = random_.per_mille(300) ? 1h : 20s;
      world_.after(random_.between(0ms, span), [this, length] {
        world_.network().stall(world_.host(), world_.host(),
                               random_.between(1ms, runtime::duration{length}));
      });
    }
  }

  void check_bounds() {
    for (auto& each : lanes_) {
      auto& x = *each;
      // What was in flight on a link that was lost waits again.
      auto one = x.size_max + 20;
      EXPECT_LE(x.out.pending_bytes(),
                std::max(x.out_options.pending_cap_bytes, one)
                    + std::max(x.in_options.window_bytes, one));
      sums_.applied += x.pressure > 0;
      auto seen = tap_->seen().find(x.name);
      if (seen == tap_->seen().end())
        continue;
      auto messages = seen->second.position - x.freed;
      auto bytes = seen->second.bytes - x.freed_bytes;
      EXPECT_LE(messages, x.in_options.window_messages) << x.name;
      if (messages > 1) {
        EXPECT_LE(bytes, x.in_options.window_bytes) << x.name;
      }
    }
  }

  bool over() const {
    for (auto& x : lanes_)
      if (!x->finished)
        return false;
    return true;
  }

  void check_end() {
    for (auto& x : lanes_) {
      EXPECT_EQ(x->received, x->count) << x->name;
      EXPECT_EQ(x->ended, 1u) << x->name;
      EXPECT_EQ(x->pressure, 0) << x->name;
      EXPECT_EQ(x->out.confirmed(), x->count);
      EXPECT_EQ(x->out.pending_bytes(), 0u);
      EXPECT_TRUE(x->kept.empty());
    }
    EXPECT_TRUE(
        runtime::pressure_table::instance().entries(run_->system()).empty());
  }

  void sum_up() {
    sums_.resets += tap_->resets();
    for (auto& x : lanes_) {
      sums_.reopened += x->reopened;
      sums_.interrupted += x->interrupted;
    }
  }

  sim_world world_;
  totals& sums_;
  random_source& random_;
  bool calm_;
  sim_runtime* run_ = nullptr;
  channel_tap* tap_ = nullptr;
  std::optional<channel::host> near_;
  std::optional<channel::host> far_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::vector<caf::actor> owners_;
};

TEST(channel_simulation, everything_arrives_once_on_links_that_stay) {
  totals sums;
  for_each_seed(2'000, [&](auto seed) { channel_run{seed, true, sums}(); });
}

TEST(channel_simulation, everything_arrives_once_on_links_that_are_lost) {
  totals sums;
  for_each_seed(3'000, [&](auto seed) { channel_run{seed, false, sums}(); });
  if (replayed_seed())
    return;
  // Else the faults came too late to mean anything.
  EXPECT_GT(sums.resets, 100u);
  EXPECT_GT(sums.reopened, 100u);
  EXPECT_GT(sums.interrupted, 100u);
  EXPECT_GT(sums.applied, 100u);
}

} // namespace
} // namespace sluice::testing
