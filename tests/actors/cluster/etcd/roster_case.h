#pragma once

// roster_case: one roster and a model of etcd, in virtual time; the test says
// what is asked, answered and told, and when.
//
// Tests only. Thread rule: one thread at a time. Lifetime: one test.

#include "actors/cluster/etcd/etcd_roster.h"
#include "actors/cluster/etcd/member_record.h"
#include "runtime/error.h"
#include "tests/actors/cluster/etcd/fake_etcd.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::testing {

using namespace std::chrono_literals;
using namespace cluster::etcd;
using runtime::errc;
using strings = std::vector<std::string>;

inline const std::string key = member_prefix("default") + "a";

inline etcd_options options() {
  etcd_options result;
  result.lease_ttl = 9s;
  result.retry = 100ms;
  result.retry_max = 400ms;
  result.start_deadline = 60s;
  return result;
}

class roster_case : public ::testing::Test {
protected:
  explicit roster_case(std::size_t endpoints = 1)
      : roster({"a", 0, "tcp://a:1", "", {}}, options(), endpoints) {
    roster.start(now);
  }

  void tick() { roster.tick(now); }

  void advance(runtime::duration x) {
    now += x;
    tick();
  }

  /// The path of the next question, which is then under way; "" for none.
  std::string ask() {
    asked = roster.ask(now);
    return asked ? asked->path : "";
  }

  void answer() {
    auto reply = etcd.post(now, *asked);
    roster.answer(now, reply.status, reply.text);
  }

  void fail() {
    roster.fail(now, runtime::make_error(errc::connect_failed, "no way"));
  }

  /// Asks and answers until there is nothing to ask; the watch tells at once.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      auto idle = ask().empty();
      if (!idle)
        answer();
      watch();
      if (idle)
        return;
    }
    FAIL() << "it asks for ever";
  }

  void watch() {
    if (!roster.watching())
      watcher.reset();
    if (auto what = roster.ask_for_watch(now))
      watcher = etcd.watch(*what);
    auto over = false;
    if (watcher)
      for (auto& line : etcd.lines(*watcher, over))
        roster.watch_line(now, line);
    if (over)
      watcher.reset();
  }

  strings told() {
    strings result;
    for (auto& x : roster.take_events()) {
      if (auto y = std::get_if<cluster::change>(&x))
        result.push_back(std::string{to_string(y->what)} + " " + y->who.name
                         + " " + std::to_string(y->who.incarnation));
      else if (auto z = std::get_if<cluster::membership_gained>(&x))
        result.push_back("gained " + std::to_string(z->self.incarnation));
      else if (std::holds_alternative<cluster::membership_lost>(x))
        result.push_back("lost");
      else
        result.push_back(
            "ended "
            + runtime::to_text(std::get<cluster::provider_ended>(x).why));
    }
    return result;
  }

  void join() {
    settle();
    ASSERT_EQ(told(), (strings{"joined a 2", "gained 2"}));
  }

  time_point now{1'000s};
  fake_etcd etcd;
  etcd_roster roster;
  std::optional<question> asked;
  std::optional<fake_etcd::watcher> watcher;
};

} // namespace sluice::testing
