#include "actors/cluster/name_arbiter.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using namespace actors::cluster;

caf::behavior idle(caf::event_based_actor*) {
  return {[](int) {}};
}

class name_arbiter_test : public ::testing::Test {
protected:
  ~name_arbiter_test() override {
    for (auto& x : {a, b})
      caf::anon_send_exit(x, caf::exit_reason::kill);
  }

  /// The verdicts as text: "n2/1 granted", "n3/1 name_taken's text".
  std::vector<std::string> decide() {
    std::vector<std::string> result;
    auto lists = [this](const name_entry& x) -> caf::error {
      for (auto& y : listed)
        if (auto err = name_conflict(y, x))
          return err;
      return {};
    };
    for (auto& x : arbiter.decide(lists))
      result.push_back(
          x.to.node + "/" + std::to_string(x.what.id) + " "
          + (x.what.why ? runtime::to_text(x.what.why) : "granted"));
    return result;
  }

  void claim(const node_life& who, std::uint64_t id, name_entry what) {
    arbiter.claim({who, id, std::move(what)});
  }

  using strings = std::vector<std::string>;

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::actor a = system.spawn(idle);
  caf::actor b = system.spawn(idle);
  node_life n1{"n1", 10};
  node_life n2{"n2", 20};
  node_life n3{"n3", 30};
  name_arbiter arbiter;
  std::vector<name_entry> listed;
};

TEST_F(name_arbiter_test, decides_nothing_until_all_were_heard) {
  claim(n2, 1, {"x", false, a});
  EXPECT_EQ(decide(), strings{}); // it is none
  arbiter.begin(n1, {n2, n3});
  arbiter.heard(n2);
  EXPECT_EQ(decide(), strings{});
  EXPECT_EQ(arbiter.waiting(), 1u);
  arbiter.heard({"n3", 29}); // an earlier life
  EXPECT_EQ(decide(), strings{});
  arbiter.heard(n3);
  EXPECT_EQ(decide(), strings{"n2/1 granted"});
  EXPECT_EQ(arbiter.waiting(), 0u);
}

TEST_F(name_arbiter_test, does_not_wait_for_who_is_gone) {
  arbiter.begin(n1, {n2, n3});
  arbiter.heard(n2);
  claim(n2, 1, {"x", false, a});
  claim(n3, 1, {"x", false, b});
  arbiter.gone(n3);
  EXPECT_EQ(decide(), strings{"n2/1 granted"});
}

TEST_F(name_arbiter_test, what_was_granted_is_taken_before_it_is_listed) {
  arbiter.begin(n1, {});
  claim(n2, 1, {"x", false, a});
  claim(n3, 1, {"x", false, b});
  EXPECT_EQ(decide(), (strings{"n2/1 granted",
                               "n3/1 \"x\" is the name of another actor"}));
  arbiter.settled(n2, {"x", false, a});
  EXPECT_EQ(arbiter.granted(), 0u);
  listed.push_back({"x", false, a});
  claim(n3, 2, {"x", false, b});
  EXPECT_EQ(decide(), strings{"n3/2 \"x\" is the name of another actor"});
  listed.clear();
  claim(n3, 3, {"x", false, b});
  EXPECT_EQ(decide(), strings{"n3/3 granted"});
}

TEST_F(name_arbiter_test, claim_that_is_said_again_is_granted_again) {
  arbiter.begin(n1, {});
  claim(n2, 1, {"x", false, a});
  EXPECT_EQ(decide(), strings{"n2/1 granted"});
  claim(n2, 2, {"x", false, a});
  EXPECT_EQ(decide(), strings{"n2/2 granted"});
  EXPECT_EQ(arbiter.granted(), 1u);
  arbiter.unclaim(n2, 1); // that number is not the grant's any more
  EXPECT_EQ(arbiter.granted(), 1u);
  arbiter.unclaim(n2, 2);
  EXPECT_EQ(arbiter.granted(), 0u);
}

TEST_F(name_arbiter_test, what_is_not_wanted_any_more_is_free) {
  arbiter.begin(n1, {});
  claim(n2, 1, {"x", false, a});
  arbiter.unclaim(n2, 1);
  EXPECT_EQ(decide(), strings{});
  claim(n2, 2, {"x", false, a});
  EXPECT_EQ(decide(), strings{"n2/2 granted"});
  arbiter.forget(n2); // it begins anew
  claim(n3, 1, {"x", false, b});
  EXPECT_EQ(decide(), strings{"n3/1 granted"});
  arbiter.gone(n3);
  claim(n2, 3, {"x", false, a});
  EXPECT_EQ(decide(), strings{"n2/3 granted"});
  arbiter.end();
  EXPECT_EQ(arbiter.granted(), 0u);
  EXPECT_FALSE(arbiter.ready());
}

TEST_F(name_arbiter_test, name_is_either_unique_or_shared) {
  arbiter.begin(n1, {});
  claim(n2, 1, {"s", true, a});
  claim(n3, 1, {"s", true, b});
  claim(n3, 2, {"s", false, b});
  claim(n2, 2, {"u", false, a});
  claim(n2, 3, {"u", true, a});
  claim(n3, 3, {"u", true, b});
  EXPECT_EQ(decide(), (strings{"n2/1 granted", "n3/1 granted",
                               "n3/2 \"s\" is a shared name", "n2/2 granted",
                               "n2/3 \"u\" is a unique name of this actor",
                               "n3/3 \"u\" is the name of another actor"}));
}

} // namespace
} // namespace sluice::testing
