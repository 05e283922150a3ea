// What an observer tells another node of its own: a node without an observer
// stands for that one here, and asks by hand.

#include "actors/mailbox_table.h"
#include "runtime/limits.h"
#include "tests/actors/observe/observed_nodes.h"

#include <caf/stateful_actor.hpp>

#include <future>

namespace sluice::actors::observe {
namespace {

using namespace sluice::testing;
namespace limits = runtime::limits;

using ask_atom = caf::atom_constant<caf::atom("ask")>;
using let_go_atom = caf::atom_constant<caf::atom("letgo")>;

class notes {
public:
  void add(const note& x) {
    std::lock_guard guard{mutex_};
    all_.push_back(x);
    changed_.notify_all();
  }

  /// The first from the `index`th on for which `f` holds, and its number; none
  /// within half a minute.
  std::optional<std::pair<std::size_t, note>>
  find(std::size_t index, const std::function<bool(const note&)>& f) {
    std::unique_lock guard{mutex_};
    std::optional<std::pair<std::size_t, note>> result;
    changed_.wait_for(guard, 30s, [&] {
      for (; index < all_.size(); ++index)
        if (f(all_[index])) {
          result.emplace(index, all_[index]);
          return true;
        }
      return false;
    });
    return result;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<note> all_;
};

struct watcher_setup {
  cluster::node* node = nullptr;
  std::string endpoint; // of the node that is asked
  std::shared_ptr<notes> heard;
  order wanted{};
  runtime::duration keeps_first{}; // so long it does not let go of a report
};

struct watcher_state {
  order wanted;
  channel::inlet_group<note> in;
  channel::outlet<order> out;
  std::optional<channel::batch<note>> held;
  bool has_held = false;
};

/// Asks every now and then, as an observer does.
caf::behavior watcher(caf::stateful_actor<watcher_state>* self,
                      const watcher_setup& setup) {
  auto& state = self->state;
  auto& host = setup.node->channels();
  channel::inlet_options window;
  window.window_messages = 1;
  auto in = host.open_inlets<note>(self, notes_name, window);
  auto out = host.open_outlet<order>(self, setup.endpoint, orders_name);
  EXPECT_TRUE(in && out);
  state.wanted = setup.wanted;
  state.in = std::move(*in);
  state.out = std::move(*out);
  self->set_default_handler(caf::drop);
  self->send(setup.node->actor(), cluster::watch_members{self});
  return {
      [=](const cluster::membership_gained& x) {
        self->state.wanted.from = x.self.name;
        self->state.wanted.incarnation = x.self.incarnation;
        self->send(self, ask_atom::value);
      },
      [=](ask_atom) {
        EXPECT_FALSE(self->state.out.push(self->state.wanted));
        self->delayed_send(self, limits::observe_interval, ask_atom::value);
      },
      [=](const channel::batch<note>& x) {
        if (setup.keeps_first > runtime::duration{}
            && !std::exchange(self->state.has_held, true)) {
          self->state.held = x;
          self->delayed_send(self, setup.keeps_first, let_go_atom::value);
        }
        for (auto& y : x)
          setup.heard->add(y);
      },
      [=](let_go_atom) { self->state.held.reset(); },
  };
}

class observer_watchers_test : public observed_nodes {
protected:
  /// n1 with an observer, and n2 without.
  void start_two(const observer_options& options = {}) {
    start(2, options);
    caf::anon_send_exit(nodes_[1].observer, caf::exit_reason::user_shutdown);
    caf::scoped_actor self{seen_system_};
    self->wait_for(nodes_[1].observer);
  }

  std::shared_ptr<notes> watch(runtime::duration keeps_first = {},
                               const order& wanted = {}) {
    auto heard = std::make_shared<notes>();
    pages_[1] = seen_system_.spawn(
        watcher,
        watcher_setup{&*nodes_[1].node, nodes_[0].node->self().endpoint, heard,
                      wanted, keeps_first});
    return heard;
  }
};

bool is_short(const note& x) {
  return x.report.rows.empty();
}

bool is_whole(const note& x) {
  return !is_short(x);
}

TEST_F(observer_watchers_test, who_is_slow_to_take_a_report_gets_short_ones) {
  start_two({.figures = [](node_counters& x) {
    x.rows.push_back({.row = {.id = 7, .name = "row"}});
    x.holds.push_back({.held = "a 1", .holder = "b 2"});
  }});
  auto heard =
      watch(limits::observe_slow_reader + 2 * limits::observe_interval);
  auto first = heard->find(0, [](auto&) { return true; });
  ASSERT_TRUE(first);
  EXPECT_TRUE(is_whole(first->second));
  auto second = heard->find(1, [](auto&) { return true; });
  ASSERT_TRUE(second);
  EXPECT_TRUE(is_short(second->second));
  // Nobody is to take it for a word that nobody waits any more.
  EXPECT_EQ(second->second.report.holds.size(), 1u);
  // It takes them in time now.
  EXPECT_TRUE(heard->find(2, is_whole));
}

TEST_F(observer_watchers_test, an_order_without_measure_is_refused_by_name) {
  start_two();
  auto told = open(0);
  std::string endless(100'000, 'x');
  for (auto& wanted :
       {order{.id = 1, .peer = endless}, order{.id = 2, .asker = endless},
        order{.id = 3, .what = 77}}) {
    auto heard = watch({}, wanted);
    auto answer = heard->find(0, [&](auto& x) { return x.id == wanted.id; });
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->second.ok);
    EXPECT_NE(answer->second.text, "");
    caf::anon_send_exit(pages_[1], caf::exit_reason::user_shutdown);
    caf::scoped_actor self{seen_system_};
    self->wait_for(pages_[1]);
  }
  // What it said is in no event.
  auto late = std::make_shared<texts>();
  pages_[2] = seen_system_.spawn(page, late);
  EXPECT_EQ(ask_to_open(0, pages_[2]), "");
  auto hello = late->find([](auto& x) { return x["type"] == "hello"; });
  ASSERT_FALSE(hello.is_null());
  for (auto& x : hello["events"])
    EXPECT_NE(x["kind"], "control") << x["text"];
}

// -- the loops of a node ------------------------------------------------------

TEST_F(observer_watchers_test, a_stuck_loop_is_asked_once) {
  start(1, {.loops = {&here_.at(0), &here_.at(1)}});
  auto told = open(0);
  auto load = [](auto& x) {
    auto node = node_in(x, "n1"); // not in the first frame
    return node ? (*node)["loop_busy"].template get<double>() : -1;
  };
  auto busy = [load](auto& x) { return load(x) == 1; };
  auto idle = [load](auto& x) { return load(x) >= 0 && load(x) < 1; };
  ASSERT_FALSE(told->next_frame(idle).is_null());
  std::promise<void> go_on;
  runtime::spawn_on(here_.at(1),
                    [&](runtime::loop_actor*) { go_on.get_future().wait(); });
  EXPECT_FALSE(told->next_frame(busy).is_null());
  auto running = seen_system_.registry().running();
  for (int i = 0; i < 4; ++i)
    EXPECT_FALSE(told->next_frame(busy).is_null());
  EXPECT_EQ(seen_system_.registry().running(), running);
  go_on.set_value();
  EXPECT_FALSE(told->next_frame(idle).is_null());
}

struct fake_mailbox final : listed_mailbox {
  fake_mailbox() { mailbox_table::instance().add(*this, "fake"); }
  ~fake_mailbox() { mailbox_table::instance().remove(*this); }
  mailbox_report report() const override {
    return {.queued = 5, .overloaded = true};
  }
};

TEST_F(observer_watchers_test, all_mailboxes_count_not_only_those_of_the_rows) {
  std::vector<std::unique_ptr<fake_mailbox>> all;
  for (std::size_t i = 0; i < 2 * limits::observe_rows_max; ++i)
    all.push_back(std::make_unique<fake_mailbox>());
  start(1);
  auto told = open(0);
  auto frame = told->next_frame([](auto& x) { return all_heard(x, 1); });
  ASSERT_FALSE(frame.is_null());
  auto& node = *node_in(frame, "n1");
  EXPECT_GE(node["queued_messages"], 5 * all.size());
  EXPECT_GE(node["pressed"], all.size());
}

} // namespace
} // namespace sluice::actors::observe
