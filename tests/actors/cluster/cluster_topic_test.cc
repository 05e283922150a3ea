#include "actors/cluster/cluster_topic.h"
#include "actors/flow_actor.h"
#include "tests/actors/cluster/names_world.h"

#include <map>

namespace sluice::testing {

struct unknown_type {
  int value = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unknown_type& x) {
  return f(x.value);
}

namespace {

using actors::publish;
using actors::slow_policy;
using actors::subscribe;
using actors::unsubscribe;
using cluster::cluster_topic;

using next = caf::atom_constant<caf::atom("next")>;
using hold = caf::atom_constant<caf::atom("hold")>;
using release = caf::atom_constant<caf::atom("release")>;

/// What a subscriber has got: by publisher, how many, and whether one came
/// twice or before an earlier one.
class record {
public:
  void add(const std::string& publisher, std::uint64_t number) {
    std::lock_guard guard{mutex_};
    auto& x = all_[publisher];
    if (x.count > 0 && number <= x.last)
      ++disorder_;
    if (x.count > 0 && number != x.last + 1)
      ++gaps_;
    x.last = number;
    ++x.count;
  }

  std::uint64_t count(const std::string& publisher) const {
    std::lock_guard guard{mutex_};
    auto found = all_.find(publisher);
    return found != all_.end() ? found->second.count : 0;
  }

  std::uint64_t last(const std::string& publisher) const {
    std::lock_guard guard{mutex_};
    auto found = all_.find(publisher);
    return found != all_.end() ? found->second.last : 0;
  }

  bool wait_for_last(const std::string& publisher, std::uint64_t n) const {
    return eventually([&] { return last(publisher) >= n; });
  }

  std::uint64_t disorder() const {
    std::lock_guard guard{mutex_};
    return disorder_;
  }
  std::uint64_t gaps() const {
    std::lock_guard guard{mutex_};
    return gaps_;
  }

  std::atomic<std::uint64_t> dismissed{0};

private:
  struct from {
    std::uint64_t count = 0;
    std::uint64_t last = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::string, from> all_;
  std::uint64_t disorder_ = 0;
  std::uint64_t gaps_ = 0;
};

using record_ptr = std::shared_ptr<record>;

caf::behavior reader(actors::flow_actor* self, const record_ptr& has) {
  return {
      [=](const std::string& from, std::uint64_t n, const std::string&) {
        has->add(from, n);
      },
      [=](hold) { self->hold_mailbox(); },
      [=](release) { self->release_mailbox(); },
      [=](const actors::unsubscribed&) { ++has->dismissed; },
  };
}

struct source {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> most{0};
  std::atomic<bool> stopped{false};
};

/// Publishes as fast as it may; obeys.
caf::behavior publisher(actors::flow_actor* self, const caf::actor& to,
                        const std::string& name,
                        const std::shared_ptr<source>& state,
                        std::size_t bytes) {
  auto text = std::string(bytes, 'x');
  self->send(self, next::value);
  return {[=](next) {
    if (state->sent < state->most) {
      ++state->sent;
      self->send(to,
                 publish{caf::make_message(name, state->sent.load(), text)});
      self->send(self, next::value);
    } else if (!state->stopped) {
      self->delayed_send(self, 1ms, next::value);
    }
  }};
}

class cluster_topic_test : public names_world {
protected:
  ~cluster_topic_test() override {
    for (auto& x : sources_)
      x->stopped = true;
    topics.clear();
  }

  void start(std::size_t count, std::size_t queue = 64) {
    queue_ = queue;
    all = start_nodes(count);
    for (auto& x : all)
      open(*x);
  }

  void open(names_node& x) {
    auto made = cluster_topic::open(x.system(), *x.node, *x.names, "news",
                                    {.bridge_queue_messages = queue_});
    ASSERT_TRUE(made) << runtime::to_text(made.error());
    topics.push_back(std::make_unique<cluster_topic>(std::move(*made)));
  }

  void kill(std::size_t which) {
    topics[which].reset();
    all[which]->end();
  }

  record_ptr read(std::size_t where, slow_policy policy,
                  std::size_t queue = 64) {
    auto result = std::make_shared<record>();
    readers[result] = all[where]->spawn(reader, result);
    EXPECT_EQ(all[where]->ask(topics[where]->actor(),
                              subscribe{readers[result], {policy, queue}}),
              "");
    return result;
  }

  void tell_reader(const record_ptr& x, const caf::message& what) {
    caf::actor_cast<caf::strong_actor_ptr>(readers[x])
        ->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                  what, nullptr);
  }

  std::shared_ptr<source> write(std::size_t where, std::uint64_t most,
                                std::size_t bytes = 10) {
    auto result = std::make_shared<source>();
    result->most = most;
    all[where]->spawn(publisher, topics[where]->actor(), all[where]->name(),
                      result, bytes);
    sources_.push_back(result);
    return result;
  }

  cluster::cluster_topic_counts counts(std::size_t where) {
    caf::scoped_actor self{all[where]->system()};
    cluster::cluster_topic_counts result;
    // With a timeout of std::chrono CAF forgets the priority.
    self->request<caf::message_priority::high>(topics[where]->actor(),
                                               caf::duration{30s},
                                               cluster::count_cluster_topic{})
        .receive(
            [&](cluster::cluster_topic_counts& x) { result = std::move(x); },
            [](const caf::error& err) {
              ADD_FAILURE() << runtime::to_text(err);
            });
    return result;
  }

  /// Waits until what `from` publishes goes to `count` nodes, and how.
  bool bridged(std::size_t from, std::size_t count,
               slow_policy policy = slow_policy::drop_oldest) {
    return eventually([&] {
      auto now = counts(from).bridges;
      return now.size() == count && std::ranges::all_of(now, [&](auto& x) {
               return x.connected && x.policy == policy;
             });
    });
  }

  nodes all;
  std::vector<std::unique_ptr<cluster_topic>> topics;
  std::map<record_ptr, caf::actor> readers;

private:
  std::size_t queue_ = 64;
  std::vector<std::shared_ptr<source>> sources_;
};

/// Waits until it sends nothing more for a while: there is no event for that.
bool held(const source& x) {
  return eventually([&] {
    auto before = x.sent.load();
    std::this_thread::sleep_for(300ms);
    return x.sent == before && before < x.most;
  });
}

TEST_F(cluster_topic_test, each_subscriber_gets_each_message_once_in_order) {
  start(3);
  std::vector<record_ptr> has;
  for (std::size_t i = 0; i < 3; ++i)
    for (int k = 0; k < 2; ++k)
      has.push_back(read(i, slow_policy::pause));
  for (std::size_t i = 0; i < 3; ++i)
    ASSERT_TRUE(bridged(i, 2, slow_policy::pause));
  for (std::size_t i = 0; i < 3; ++i)
    write(i, 20'000);
  for (auto& x : has)
    for (auto name : {"n1", "n2", "n3"})
      ASSERT_TRUE(x->wait_for_last(name, 20'000));
  for (auto& x : has) {
    EXPECT_EQ(x->disorder(), 0u);
    EXPECT_EQ(x->gaps(), 0u);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    auto now = counts(i);
    EXPECT_EQ(now.published, 20'000u);
    EXPECT_EQ(now.received, 40'000u); // nothing goes round
    EXPECT_EQ(now.local.published, 60'000u);
    EXPECT_EQ(now.dropped, 0u);
    for (auto& x : now.bridges)
      EXPECT_EQ(x.sent, 20'000u);
  }
}

TEST_F(cluster_topic_test, slow_subscriber_that_pauses_holds_far_publishers) {
  start(2);
  auto slow = read(1, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1, slow_policy::pause));
  tell_reader(slow, caf::make_message(hold::value));
  auto writes = write(0, 200'000, 1'000);
  ASSERT_TRUE(held(*writes));
  // What lies between: five mailboxes, one window, what waits for it.
  EXPECT_LT(writes->sent, 3'000u);
  EXPECT_EQ(slow->count("n1"), 0u);
  tell_reader(slow, caf::make_message(release::value));
  ASSERT_TRUE(slow->wait_for_last("n1", 5'000));
  writes->most = writes->sent.load();
  ASSERT_TRUE(slow->wait_for_last("n1", writes->sent));
  EXPECT_EQ(slow->gaps(), 0u);
  EXPECT_EQ(slow->disorder(), 0u);
  EXPECT_EQ(counts(0).dropped, 0u);
}

TEST_F(cluster_topic_test, slow_subscriber_that_misses_holds_nobody) {
  start(2);
  auto slow = read(1, slow_policy::drop_oldest, 8);
  auto quick = read(1, slow_policy::drop_oldest, 100'000);
  auto here = read(0, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1));
  tell_reader(slow, caf::make_message(hold::value));
  auto writes = write(0, 30'000);
  ASSERT_TRUE(here->wait_for_last("n1", 30'000));
  EXPECT_EQ(here->gaps(), 0u);
  ASSERT_TRUE(eventually([&] {
    auto now = counts(0);
    return now.bridges[0].sent + now.bridges[0].dropped == 30'000
           && now.bridges[0].confirmed == now.bridges[0].sent;
  }));
  tell_reader(slow, caf::make_message(release::value));
  ASSERT_TRUE(slow->wait_for_last("n1", 30'000)); // the newest
  ASSERT_TRUE(quick->wait_for_last("n1", 30'000));
  EXPECT_GT(slow->gaps(), 0u);
  EXPECT_EQ(slow->disorder(), 0u);
  EXPECT_EQ(quick->disorder(), 0u);
}

TEST_F(cluster_topic_test, dismissed_subscriber_ends_its_nodes_interest) {
  start(2);
  auto slow = read(1, slow_policy::disconnect, 8);
  ASSERT_TRUE(bridged(0, 1));
  tell_reader(slow, caf::make_message(hold::value));
  write(0, 5'000);
  ASSERT_TRUE(eventually([&] { return slow->dismissed == 1; }));
  EXPECT_TRUE(eventually([&] { return counts(0).bridges.empty(); }));
  EXPECT_EQ(counts(1).local.dismissed, 1u);
}

TEST_F(cluster_topic_test, node_that_is_cut_off_holds_nobody_unless_it_pauses) {
  tune = [](cluster::node_options& x) {
    x.times = quick();
    x.times.suspect_after = 10s;
    x.times.down_after = 30s;
    x.channels.ping_interval = 50ms;
    x.channels.silence_max = 300ms;
    x.channels.handshake = 1s;
  };
  start(2);
  auto there = read(1, slow_policy::drop_oldest, 100'000);
  auto here = read(0, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1));
  cut(all, 1);
  write(0, 50'000, 100);
  ASSERT_TRUE(here->wait_for_last("n1", 50'000));
  EXPECT_TRUE(eventually([&] { return counts(0).bridges[0].dropped > 0; }));
  heal(all);
  ASSERT_TRUE(there->wait_for_last("n1", 50'000)); // the newest
  EXPECT_EQ(there->disorder(), 0u);
  ASSERT_TRUE(eventually([&] {
    auto now = counts(0).bridges[0];
    return now.confirmed + now.dropped == 50'000;
  }));
  EXPECT_EQ(there->count("n1"), counts(0).bridges[0].confirmed);
}

TEST_F(cluster_topic_test, lost_link_loses_and_repeats_nothing) {
  tune = [](cluster::node_options& x) {
    x.times = quick();
    x.times.suspect_after = 10s;
    x.times.down_after = 30s;
    x.channels.ping_interval = 50ms;
    x.channels.silence_max = 300ms;
    x.channels.handshake = 1s;
  };
  start(2);
  auto there = read(1, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1, slow_policy::pause));
  auto writes = write(0, 1'000'000'000, 100);
  for (int round = 1; round <= 3; ++round) {
    auto far = there->last("n1") + 2'000;
    ASSERT_TRUE(there->wait_for_last("n1", far));
    cut(all, 1);
    ASSERT_TRUE(eventually([&] { return !counts(0).bridges[0].connected; }));
    heal(all);
  }
  auto far = there->last("n1") + 2'000;
  ASSERT_TRUE(there->wait_for_last("n1", far));
  writes->most = writes->sent.load();
  ASSERT_TRUE(there->wait_for_last("n1", writes->sent));
  EXPECT_EQ(there->gaps(), 0u);
  EXPECT_EQ(there->disorder(), 0u);
  EXPECT_EQ(there->count("n1"), writes->sent);
  EXPECT_EQ(counts(0).dropped, 0u);
}

TEST_F(cluster_topic_test, node_that_dies_releases_publishers_that_it_held) {
  start(3);
  auto slow = read(1, slow_policy::pause);
  auto quick = read(2, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 2, slow_policy::pause));
  tell_reader(slow, caf::make_message(hold::value));
  auto writes = write(0, 50'000, 1'000);
  ASSERT_TRUE(held(*writes));
  kill(1);
  ASSERT_TRUE(quick->wait_for_last("n1", 50'000));
  EXPECT_EQ(quick->gaps(), 0u);
  auto now = counts(0);
  EXPECT_EQ(now.bridges.size(), 1u);
  EXPECT_GT(now.dropped, 0u);
  EXPECT_LT(now.dropped, 3'000u);
}

TEST_F(cluster_topic_test, node_that_joins_later_gets_what_comes_then) {
  start(2);
  auto writes = write(0, 1'000);
  auto here = read(0, slow_policy::pause);
  ASSERT_TRUE(eventually([&] { return writes->sent == 1'000; }));
  EXPECT_EQ(counts(0).bridges.size(), 0u);
  add_node(all, "tcp://127.0.0.1:0");
  ASSERT_TRUE(all.back()->log->wait_for("gained"));
  settle(all);
  open(*all.back());
  auto late = read(2, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1, slow_policy::pause));
  writes->most = 2'000;
  ASSERT_TRUE(late->wait_for_last("n1", 2'000));
  EXPECT_EQ(late->count("n1"), 1'000u);
  EXPECT_EQ(late->gaps(), 0u);
}

TEST_F(cluster_topic_test, node_that_was_down_and_joins_again_is_served_again) {
  start(3);
  auto there = read(1, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1, slow_policy::pause));
  ASSERT_TRUE(bridged(2, 1, slow_policy::pause));
  cut(all, 1);
  ASSERT_TRUE(all[0]->log->wait_for("down n2"));
  EXPECT_TRUE(eventually([&] { return counts(0).bridges.empty(); }));
  heal(all);
  ASSERT_TRUE(all[0]->log->wait_for("joined n2", 2));
  ASSERT_TRUE(bridged(0, 1, slow_policy::pause));
  ASSERT_TRUE(bridged(2, 1, slow_policy::pause));
  write(0, 10'000);
  ASSERT_TRUE(there->wait_for_last("n1", 10'000));
  EXPECT_EQ(there->count("n1"), 10'000u);
}

TEST_F(cluster_topic_test, what_others_cannot_read_is_refused) {
  start(2);
  auto has = read(0, slow_policy::pause);
  auto to = topics[0]->actor();
  EXPECT_EQ(all[0]->ask(to, publish{caf::make_message(1, unknown_type{2})}),
            "element 1 of what was published is of a type that the "
            "configuration does not know: add_message_type is missing");
  EXPECT_EQ(all[0]->ask(to, publish{caf::make_message(to)}),
            "element 0 of what was published is the handle of an actor, which "
            "does not go through channels");
  caf::scoped_actor self{all[0]->system()};
  self->send(to, publish{caf::make_message(unknown_type{3})});
  self->receive([](const cluster::publish_refused& x) {
    EXPECT_EQ(x.content.get_as<unknown_type>(0).value, 3);
    EXPECT_TRUE(x.why);
  });
  auto now = counts(0);
  EXPECT_EQ(now.refused, 3u);
  EXPECT_EQ(now.published, 0u);
}

TEST_F(cluster_topic_test, message_too_long_for_a_channel_is_dropped_alone) {
  start(2);
  auto there = read(1, slow_policy::pause);
  ASSERT_TRUE(bridged(0, 1, slow_policy::pause));
  auto to = topics[0]->actor();
  std::string text(2 * 1024 * 1024, 'x');
  caf::anon_send(to, publish{caf::make_message("n1", std::uint64_t{1}, text)});
  caf::anon_send(
      to, publish{caf::make_message("n1", std::uint64_t{2}, std::string{})});
  ASSERT_TRUE(there->wait_for_last("n1", 2));
  EXPECT_EQ(there->count("n1"), 1u);
  EXPECT_EQ(counts(0).bridges[0].dropped, 1u);
}

TEST_F(cluster_topic_test, name_is_open_once_on_a_node) {
  start(1);
  auto again = [&](std::string name) {
    auto made = cluster_topic::open(all[0]->system(), *all[0]->node,
                                    *all[0]->names, std::move(name));
    return made ? std::string{} : runtime::to_text(made.error());
  };
  EXPECT_NE(again("news").find("sluice.topic/news"), std::string::npos)
      << again("news");
  EXPECT_EQ(again(""), "the name of a topic has from 1 to 200 bytes; this one "
                       "has 0");
  topics.clear();
  EXPECT_TRUE(eventually([&] { return again("news").empty(); }));
}

} // namespace
} // namespace sluice::testing
