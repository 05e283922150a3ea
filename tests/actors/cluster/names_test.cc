#include "runtime/limits.h"
#include "tests/actors/cluster/names_world.h"

#include <random>

namespace sluice::testing {
namespace {

using cluster::name_lost;
using cluster::register_shared_name;

/// Answers a text with the same and its name.
caf::behavior echo(caf::event_based_actor*, const std::string& name,
                   const std::shared_ptr<event_log>& log) {
  return {
      [=](const std::string& x) { return name + " got " + x; },
      [=](const name_lost& x) { log->add("lost " + x.name); },
  };
}

caf::behavior name_observer(caf::event_based_actor*,
                            const std::shared_ptr<event_log>& log) {
  return {
      [=](const actors::name_up& x) { log->add("up " + x.name); },
      [=](const actors::name_down& x) { log->add("down " + x.name); },
      [=](const cluster::name_left& x) { log->add("left " + x.name); },
  };
}

class names_test : public names_world {
protected:
  using strings = std::vector<std::string>;

  caf::actor make(names_node& where) {
    return where.spawn(echo, where.name(), told);
  }

  static bool known_everywhere(const nodes& all, const std::string& name) {
    return eventually([&] {
      return std::ranges::all_of(all, [&](auto& x) {
        return x->ended() || x->names->whereis(name) != nullptr;
      });
    });
  }

  static bool free_everywhere(const nodes& all, const std::string& name) {
    return eventually([&] {
      return std::ranges::all_of(all, [&](auto& x) {
        return x->ended() || x->names->list(name).empty();
      });
    });
  }

  static void expect_nothing_left(const nodes& all) {
    for (auto& x : all) {
      if (x->ended())
        continue;
      EXPECT_TRUE(eventually([&] {
        auto now = x->counts();
        return now.own + now.claims + now.others + now.cached + now.observers
                   + now.monitored + now.waiting + now.granted
               == 0;
      })) << x->name();
      auto now = x->counts();
      EXPECT_EQ(now.own, 0u);
      EXPECT_EQ(now.claims, 0u);
      EXPECT_EQ(now.others, 0u);
      EXPECT_EQ(now.cached, 0u);
      EXPECT_EQ(now.observers, 0u);
      EXPECT_EQ(now.monitored, 0u);
      EXPECT_EQ(now.waiting, 0u);
      EXPECT_EQ(now.granted, 0u);
    }
  }

  std::shared_ptr<event_log> told = std::make_shared<event_log>();
};

TEST_F(names_test, name_is_found_on_all_nodes_and_its_actor_answers) {
  auto all = start_nodes(3);
  for (auto& x : all)
    ASSERT_EQ(x->put("echo." + x->name(), make(*x)), "");
  for (auto& owner : all) {
    auto name = "echo." + owner->name();
    ASSERT_TRUE(known_everywhere(all, name));
    for (auto& x : all) {
      caf::scoped_actor self{x->system()};
      self->request(x->names->whereis(name), 10s, std::string{"hello"})
          .receive(
              [&](const std::string& y) {
                EXPECT_EQ(y, owner->name() + " got hello");
              },
              [](const caf::error& err) {
                ADD_FAILURE() << runtime::to_text(err);
              });
    }
  }
  EXPECT_EQ(all[0]->names->whereis("nobody"), nullptr);
}

TEST_F(names_test, unique_name_belongs_to_one_actor_of_the_cluster) {
  auto all = start_nodes(3);
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto name = "one." + std::to_string(i);
    auto first = make(*all[i]);
    ASSERT_EQ(all[i]->put(name, first), "");
    EXPECT_EQ(all[i]->put(name, first), ""); // again
    EXPECT_EQ(all[i]->share(name, first),
              "\"" + name + "\" is a unique name of this actor");
    for (auto& x : all)
      EXPECT_EQ(x->put(name, make(*x)),
                "\"" + name + "\" is the name of another actor");
    EXPECT_EQ(all[0]->share(name, make(*all[0])),
              "\"" + name + "\" is the name of another actor");
  }
}

TEST_F(names_test, of_all_who_claim_a_name_at_once_one_gets_it) {
  auto all = start_nodes(3);
  for (int round = 0; round < 20; ++round) {
    auto name = "race." + std::to_string(round);
    std::atomic<int> granted{0};
    std::vector<std::thread> racers;
    for (auto& x : all)
      racers.emplace_back([&, who = make(*x)] {
        if (x->put(name, who).empty())
          ++granted;
      });
    for (auto& x : racers)
      x.join();
    EXPECT_EQ(granted, 1);
  }
}

TEST_F(names_test, shared_name_has_several_actors) {
  auto all = start_nodes(3);
  std::vector<caf::actor> workers;
  for (auto& x : all) {
    workers.push_back(make(*x));
    ASSERT_EQ(x->share("worker", workers.back()), "");
  }
  for (auto& x : all) {
    ASSERT_TRUE(
        eventually([&] { return x->names->list("worker").size() == 3; }));
    auto list = x->names->list("worker");
    EXPECT_EQ(list.front().node, x->name()); // its own is preferred
    EXPECT_EQ(x->names->whereis("worker"), list.front().who);
  }
  EXPECT_EQ(all[1]->put("worker", make(*all[1])),
            "\"worker\" is a shared name");
  EXPECT_EQ(all[1]->put("worker", workers[1]), "\"worker\" is a shared name");
  caf::anon_send_exit(workers[0], caf::exit_reason::user_shutdown);
  for (auto& x : all)
    EXPECT_TRUE(
        eventually([&] { return x->names->list("worker").size() == 2; }));
}

TEST_F(names_test, name_is_free_when_its_actor_has_ended_or_gives_it_back) {
  auto all = start_nodes(2);
  for (auto& x : all) {
    auto first = make(*x);
    ASSERT_EQ(x->put("phoenix", first), "");
    ASSERT_TRUE(known_everywhere(all, "phoenix"));
    caf::anon_send_exit(first, caf::exit_reason::kill);
    EXPECT_TRUE(free_everywhere(all, "phoenix"));
    auto second = make(*x);
    ASSERT_EQ(x->put("phoenix", second), "");
    ASSERT_TRUE(known_everywhere(all, "phoenix"));
    EXPECT_EQ(x->ask(x->names->server(), unregister_name{"phoenix", second}),
              "");
    EXPECT_TRUE(free_everywhere(all, "phoenix"));
  }
  expect_nothing_left(all);
}

TEST_F(names_test, what_cannot_be_registered_is_said) {
  auto all = start_nodes(2);
  auto who = make(*all[0]);
  EXPECT_EQ(all[0]->put("", who), "a name has from 1 to 255 bytes; this one "
                                  "has 0");
  EXPECT_EQ(all[0]->put(std::string(256, 'x'), who),
            "a name has from 1 to 255 bytes; this one has 256");
  EXPECT_EQ(all[0]->put("x", nullptr), "no actor to register as \"x\"");
  ASSERT_EQ(all[0]->put("x", who), "");
  ASSERT_TRUE(known_everywhere(all, "x"));
  EXPECT_EQ(all[1]->put("y", all[1]->names->whereis("x")),
            "the actor to register as \"y\" lives on another node: it is "
            "registered there");
  auto second =
      cluster::cluster_registry::start(all[0]->system(), *all[0]->node);
  ASSERT_FALSE(second);
  EXPECT_EQ(runtime::to_text(second.error()),
            "the actor system has a cluster_registry already");
}

TEST_F(names_test, name_too_many_for_a_node_is_refused_and_names_the_limit) {
  auto all = start_nodes(1);
  auto& here = *all[0];
  auto who = make(here);
  for (std::size_t i = 0; i < runtime::limits::names_per_node_max; ++i)
    ASSERT_EQ(here.put(std::to_string(i), who), "");
  EXPECT_EQ(here.put("last", who),
            "node \"n1\" has limits::names_per_node_max (10000) names already");
  here.ask(here.names->server(), unregister_name{"0", who});
  EXPECT_EQ(here.put("last", who), "");
  caf::anon_send_exit(who, caf::exit_reason::kill);
  expect_nothing_left(all);
}

TEST_F(names_test, names_of_a_node_that_ends_are_released_and_can_be_taken) {
  auto all = start_nodes(3);
  auto gone = other(all);
  ASSERT_EQ(all[gone]->put("mine", make(*all[gone])), "");
  ASSERT_TRUE(known_everywhere(all, "mine"));
  all[gone]->end();
  EXPECT_TRUE(free_everywhere(all, "mine"));
  for (auto& x : all)
    if (!x->ended()) {
      EXPECT_TRUE(eventually([&] { return x->put("mine", make(*x)) == ""; }));
      break;
    }
  EXPECT_TRUE(known_everywhere(all, "mine"));
}

TEST_F(names_test, next_arbiter_knows_what_the_last_one_granted) {
  auto all = start_nodes(3);
  auto first = arbiter(all);
  std::size_t heirs[2] = {(first + 1) % 3, (first + 2) % 3};
  for (auto i : heirs)
    for (int k = 0; k < 50; ++k)
      ASSERT_EQ(
          all[i]->put(all[i]->name() + "." + std::to_string(k), make(*all[i])),
          "");
  // Claims go on while the arbiter ends: none is lost, none granted twice.
  std::atomic<bool> stops{false};
  std::atomic<int> granted{0};
  std::mutex mutex;
  std::map<std::string, int> taken;
  strings errors;
  std::vector<std::thread> claimants;
  for (auto i : heirs)
    claimants.emplace_back([&, i] {
      for (int k = 0; !stops || k < 20; ++k) {
        auto name = "late." + std::to_string(k);
        auto why = all[i]->put(name, make(*all[i]));
        std::lock_guard guard{mutex};
        if (why.empty()) {
          ++taken[name];
          ++granted;
        } else if (why.find("another actor") == std::string::npos) {
          errors.push_back(why);
        }
      }
    });
  EXPECT_TRUE(eventually([&] { return granted >= 10; }));
  all[first]->end();
  auto before = granted.load();
  EXPECT_TRUE(eventually([&] { return granted > before + 10; }));
  stops = true;
  for (auto& x : claimants)
    x.join();
  for (auto& [name, times] : taken)
    EXPECT_EQ(times, 1) << name;
  EXPECT_EQ(errors, strings{});
  settle(all);
  EXPECT_NE(arbiter(all), first);
  for (auto i : heirs)
    for (auto j : heirs)
      EXPECT_NE(all[i]->put(all[j]->name() + ".7", make(*all[i])), "");
}

TEST_F(names_test, node_that_is_cut_off_registers_nothing) {
  auto all = start_nodes(3);
  auto lost = other(all);
  cut(all, lost);
  ASSERT_TRUE(all[lost]->log->wait_for("lost"));
  EXPECT_EQ(all[lost]->put("x", make(*all[lost])),
            "node \"" + all[lost]->name()
                + "\" is not a member of the cluster: it registers no name");
}

TEST_F(names_test, node_that_comes_back_claims_its_names_again) {
  auto all = start_nodes(3);
  for (auto lost : {other(all), arbiter(all)}) {
    auto tag = std::to_string(lost);
    auto keeps = make(*all[lost]);
    auto loses = make(*all[lost]);
    ASSERT_EQ(all[lost]->put("keeps" + tag, keeps), "");
    ASSERT_EQ(all[lost]->put("loses" + tag, loses), "");
    ASSERT_TRUE(known_everywhere(all, "loses" + tag));
    auto& rest = *all[(lost + 1) % 3];
    auto downs = "down " + all[lost]->name();
    cut(all, lost);
    ASSERT_TRUE(rest.log->wait_for(downs));
    auto heir = make(rest);
    ASSERT_TRUE(
        eventually([&] { return rest.put("loses" + tag, heir) == ""; }));
    EXPECT_EQ(rest.names->whereis("keeps" + tag), nullptr);
    heal(all);
    EXPECT_TRUE(told->wait_for("lost loses" + tag));
    EXPECT_TRUE(known_everywhere(all, "keeps" + tag));
    settle(all);
    for (auto& x : all) {
      EXPECT_TRUE(eventually([&] {
        auto list = x->names->list("loses" + tag);
        return list.size() == 1 && list[0].node == rest.name();
      }));
      EXPECT_EQ(x->names->list("keeps" + tag).size(), 1u);
    }
    auto lines = told->lines();
    EXPECT_EQ(std::ranges::count(lines, "lost keeps" + tag), 0);
  }
}

TEST_F(names_test, node_that_left_in_order_claims_its_names_when_it_joins) {
  auto all = start_nodes(3);
  for (auto which : {other(all), arbiter(all)}) {
    auto& leaves = *all[which];
    auto name = "home." + leaves.name();
    ASSERT_EQ(leaves.put(name, make(leaves)), "");
    ASSERT_TRUE(known_everywhere(all, name));
    ASSERT_EQ(leaves.ask(leaves.node->actor(), cluster::leave_cluster{}), "");
    for (auto& x : all)
      if (x.get() != &leaves) {
        EXPECT_TRUE(eventually([&] { return x->names->list(name).empty(); }));
        EXPECT_TRUE(
            eventually([&] { return x->counts().arbiter != leaves.name(); }));
        EXPECT_EQ(x->put("while." + leaves.name() + x->name(), make(*x)), "");
      }
    EXPECT_EQ(leaves.put("x", make(leaves)),
              "node \"" + leaves.name()
                  + "\" is not a member of the cluster: it registers no name");
    ASSERT_EQ(leaves.ask(leaves.node->actor(), cluster::join_cluster{}), "");
    EXPECT_TRUE(known_everywhere(all, name));
    settle(all);
  }
}

TEST_F(names_test, keeper_that_begins_anew_knows_all_again) {
  auto all = start_nodes(3);
  for (auto& x : all)
    ASSERT_EQ(x->put("of." + x->name(), make(*x)), "");
  for (auto& x : all)
    ASSERT_TRUE(known_everywhere(all, "of." + x->name()));
  for (std::size_t i = 0; i < 3; ++i) {
    auto& again = *all[i];
    auto mine = "of." + again.name();
    again.names.reset();
    for (auto& x : all)
      if (x.get() != &again) {
        EXPECT_TRUE(eventually([&] { return x->names->list(mine).empty(); }));
      }
    ASSERT_TRUE(eventually([&] {
      auto made = cluster::cluster_registry::start(again.system(), *again.node);
      if (made)
        again.names.emplace(std::move(*made));
      return static_cast<bool>(made);
    }));
    settle(all);
    for (auto& x : all)
      if (x.get() != &again) {
        EXPECT_TRUE(eventually([&] {
          return again.names->whereis("of." + x->name()) != nullptr;
        }));
      }
    EXPECT_EQ(again.put(mine, make(again)), "");
    EXPECT_TRUE(known_everywhere(all, mine));
  }
}

TEST_F(names_test, observers_hear_of_names_with_their_prefix) {
  auto all = start_nodes(2);
  auto log = std::make_shared<event_log>();
  auto early = make(*all[0]);
  ASSERT_EQ(all[0]->put("a.early", early), "");
  ASSERT_TRUE(known_everywhere(all, "a.early"));
  auto watcher = all[1]->spawn(name_observer, log);
  EXPECT_EQ(all[1]->ask(all[1]->names->server(), watch_names{"a.", watcher}),
            "");
  ASSERT_TRUE(log->wait_for("up a.early"));
  auto here = make(*all[1]);
  auto there = make(*all[0]);
  ASSERT_EQ(all[0]->put("b.other", make(*all[0])), "");
  ASSERT_EQ(all[1]->share("a.team", here), "");
  ASSERT_EQ(all[0]->share("a.team", there), "");
  ASSERT_TRUE(log->wait_for("up a.team", 2));
  caf::anon_send_exit(here, caf::exit_reason::kill);
  ASSERT_TRUE(log->wait_for("left a.team"));
  caf::anon_send_exit(there, caf::exit_reason::kill);
  ASSERT_TRUE(log->wait_for("down a.team"));
  caf::anon_send_exit(early, caf::exit_reason::kill);
  ASSERT_TRUE(log->wait_for("down a.early"));
  EXPECT_EQ(log->lines(),
            (strings{"up a.early", "up a.team", "up a.team", "left a.team",
                     "down a.team", "down a.early"}));
  caf::anon_send_exit(watcher, caf::exit_reason::kill);
  EXPECT_TRUE(eventually([&] { return all[1]->counts().observers == 0; }));
}

TEST_F(names_test, thousand_names_under_churn_leave_nothing) {
  auto seed = std::random_device{}();
  std::mt19937 random{seed};
  auto all = start_nodes(3);
  std::vector<std::thread> users;
  for (auto& x : all)
    users.emplace_back([&, mine = std::mt19937{random()}]() mutable {
      for (int round = 0; round < 4; ++round) {
        std::vector<std::pair<std::string, caf::actor>> has;
        for (int k = 0; k < 84; ++k) {
          auto who = x->system().spawn(echo, x->name(), told);
          auto name =
              x->name() + "." + std::to_string(round) + "." + std::to_string(k);
          caf::anon_send(x->names->server(), register_shared_name{"all", who});
          EXPECT_EQ(x->put(name, who), "") << "seed " << seed;
          has.emplace_back(name, who);
        }
        std::shuffle(has.begin(), has.end(), mine);
        for (auto& [name, who] : has) {
          if (mine() % 2 == 0) {
            auto err = x->ask(x->names->server(), unregister_name{name, who});
            EXPECT_EQ(err, "") << "seed " << seed;
          }
          caf::anon_send_exit(who, caf::exit_reason::kill);
        }
      }
    });
  for (auto& x : users)
    x.join();
  expect_nothing_left(all);
}

TEST_F(names_test, registration_says_whom_it_waited_for) {
  auto all = start_nodes(2);
  auto decides = arbiter(all);
  // A keeper that ends while its node stays decides nothing any more.
  all[decides]->names->stop();
  auto& asks = *all[1 - decides];
  ASSERT_TRUE(eventually([&] { return asks.counts().connected == 0; }));
  auto why = asks.put("x", make(asks));
  EXPECT_NE(why.find("no name registered: node \"" + all[decides]->name()
                     + "\", which decides about names, cannot be reached"),
            std::string::npos)
      << why;
  EXPECT_EQ(asks.counts().claims, 0u);
  EXPECT_EQ(asks.counts().monitored, 0u);
}

} // namespace
} // namespace sluice::testing
