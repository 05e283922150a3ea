#include "actors/observe/observer.h"

#include "actors/admin/server.h"
#include "runtime/limits.h"
#include "tests/actors/observe/observed_nodes.h"

#include <chrono>
#include <filesystem>
#include <thread>

namespace sluice::actors::observe {
namespace {

using namespace sluice::testing;
namespace limits = runtime::limits;

using observer_test = sluice::testing::observed_nodes;

TEST_F(observer_test, the_page_of_any_node_shows_all_nodes) {
  start(3);
  for (std::size_t i : {0u, 2u}) {
    auto told = open(i);
    auto hello = told->find([](auto& x) { return x["type"] == "hello"; });
    EXPECT_EQ(hello["controls"], json({"slow", "cut", "heal"}));
    auto frame = told->find(
        [](auto& x) { return x["type"] == "frame" && all_heard(x, 3); });
    ASSERT_FALSE(frame.is_null());
    EXPECT_EQ((*node_in(frame, "n2"))["state"], "up");
    EXPECT_GT((*node_in(frame, "n2"))["rss"], 1'000'000);
    EXPECT_EQ((*node_in(frame, "n2"))["endpoint"],
              nodes_[1].node->self().endpoint);
  }
}

TEST_F(observer_test, a_node_that_nobody_watches_tells_nobody) {
  start(3);
  auto told = open(0);
  ASSERT_FALSE(
      told->next_frame([](auto& x) { return all_heard(x, 3); }).is_null());
  EXPECT_EQ(outlets(1, notes_name), 1u); // to n1
  EXPECT_EQ(outlets(1, orders_name), 0u);
  EXPECT_EQ(outlets(0, orders_name), 2u);
  EXPECT_EQ(outlets(0, notes_name), 0u);
}

TEST_F(observer_test, two_pages_of_a_node_get_the_same_bytes) {
  start(1);
  std::mutex mutex;
  std::vector<const char*> data;
  std::condition_variable changed;
  auto collect = [&](caf::event_based_actor*) -> caf::behavior {
    return {[&](const page_text& x) {
      if (x.what != text_kind::frame)
        return;
      std::lock_guard guard{mutex};
      data.push_back(x.bytes.data());
      changed.notify_all();
    }};
  };
  for (std::size_t i : {100u, 101u}) {
    pages_[i] = seen_system_.spawn(collect);
    EXPECT_EQ(ask_to_open(0, pages_[i]), "");
  }
  std::unique_lock guard{mutex};
  EXPECT_TRUE(changed.wait_for(guard, 30s, [&] {
    return std::ranges::adjacent_find(data) != data.end();
  }));
}

TEST_F(observer_test, slow_is_done_by_the_node_that_it_names_and_healed) {
  start(3);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 3); });
  say(0, {{"do", "slow"}, {"id", 7}, {"node", "n2"}, {"bytes_per_s", 50'000}});
  EXPECT_EQ(told->result(7),
            json({{"type", "result"},
                  {"id", 7},
                  {"ok", true},
                  {"text", "n2 reads at most 50 kB a second from each other "
                           "node now."}}));
  EXPECT_EQ(nodes_[1].node->channels().report().slow_bytes_per_second, 50'000u);
  EXPECT_FALSE(told->next_frame([](auto& x) {
                     return (*node_in(x, "n2"))["slow_bps"] == 50'000;
                   })
                   .is_null());
  say(0, {{"do", "heal"}, {"id", 8}});
  EXPECT_EQ(told->result(8)["text"],
            "All 3 nodes hear each other, and are as fast as they can.");
  EXPECT_EQ(nodes_[1].node->channels().report().slow_bytes_per_second, 0u);
}

TEST_F(observer_test, cut_is_done_by_both_nodes_and_shown) {
  start(3);
  auto told = open(2);
  told->next_frame([](auto& x) { return all_heard(x, 3); });
  say(2, {{"do", "cut"}, {"id", 1}, {"node", "n1"}, {"peer", "n2"}});
  auto result = told->result(1);
  EXPECT_EQ(result["ok"], true) << result;
  for (std::size_t i : {0u, 1u})
    EXPECT_EQ(nodes_[i].node->channels().report().cuts,
              std::vector<std::string>{nodes_[1 - i].node->self().endpoint});
  auto event = told->event("control");
  EXPECT_EQ(event["text"],
            "127.0.0.1:4711 asked: n1 and n2 do not hear each other now.");
  say(2, {{"do", "heal"}, {"id", 2}});
  EXPECT_EQ(told->result(2)["ok"], true);
  for (std::size_t i : {0u, 1u})
    EXPECT_TRUE(nodes_[i].node->channels().report().cuts.empty());
}

TEST_F(observer_test, a_node_that_is_cut_off_from_the_page_answers_before) {
  start(2);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 2); });
  say(0, {{"do", "cut"}, {"id", 1}, {"node", "n2"}, {"peer", "n1"}});
  auto result = told->result(1);
  EXPECT_EQ(result["ok"], true) << result;
  // n2 is silent then, and its figures are old.
  EXPECT_FALSE(told->next_frame([](auto& x) {
                     return (*node_in(x, "n2"))["age_ms"].is_null()
                            || (*node_in(x, "n2"))["age_ms"] > 2'000;
                   })
                   .is_null());
  EXPECT_EQ(nodes_[1].node->channels().report().cuts.size(), 1u);
  say(0, {{"do", "heal"}, {"id", 2}});
  EXPECT_FALSE(told->result(2).is_null());
  EXPECT_FALSE(
      told->next_frame([](auto& x) { return all_heard(x, 2); }).is_null());
  EXPECT_TRUE(nodes_[1].node->channels().report().cuts.empty());
}

TEST_F(observer_test, a_node_that_ends_is_shown_as_down) {
  start(3);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 3); });
  caf::anon_send_exit(nodes_[1].observer, caf::exit_reason::user_shutdown);
  nodes_[1].node.reset();
  auto event = told->event("down");
  EXPECT_EQ(event["node"], "n2");
  EXPECT_EQ(event["severity"], "bad");
  auto frame = told->next_frame(
      [](auto& x) { return (*node_in(x, "n2"))["state"] == "down"; });
  EXPECT_TRUE((*node_in(frame, "n2"))["age_ms"].is_null());
  say(0, {{"do", "slow"}, {"id", 3}, {"node", "n2"}, {"bytes_per_s", 1}});
  EXPECT_EQ(told->result(3)["text"], "n2 is down, and cannot be asked.");
}

TEST_F(observer_test, what_cannot_be_done_is_answered_with_a_sentence) {
  start(1);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 1); });
  say(0, {{"do", "slow"}, {"id", 1}, {"node", "n9"}, {"bytes_per_s", 1}});
  EXPECT_EQ(told->result(1)["text"], "There is no node n9.");
  say(0, {{"do", "kill"}, {"id", 2}, {"node", "n1"}});
  EXPECT_NE(told->result(2)["text"].get<std::string>().find("launcher"),
            std::string::npos);
  say_text(0, "\xff\xfe{{{");
  EXPECT_EQ(told->result(0)["text"], "What the page sent is no JSON object.");
}

TEST_F(observer_test, a_node_that_does_not_answer_is_said_so_in_time) {
  start(2);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 2); });
  // It stays a member; its observer alone is gone.
  caf::anon_send_exit(nodes_[1].observer, caf::exit_reason::kill);
  told->next_frame(
      [](auto& x) { return (*node_in(x, "n2"))["age_ms"] > 1'500; });
  say(0, {{"do", "slow"}, {"id", 1}, {"node", "n2"}, {"bytes_per_s", 1}});
  auto result = told->result(1);
  EXPECT_EQ(result["ok"], false);
  EXPECT_EQ(result["text"], "n2 did not answer within 3 s. Whether it has done "
                            "it is not known.");
}

TEST_F(observer_test, the_state_can_be_asked_for_without_a_page) {
  start(2);
  auto heard = false;
  for (int i = 0; i < 100 && !heard; ++i) {
    auto frame = state(0);
    EXPECT_EQ(frame["type"], "frame");
    heard = all_heard(frame, 2);
  }
  EXPECT_TRUE(heard);
}

TEST_F(observer_test, a_page_that_comes_later_is_shown_nothing_old) {
  start(2);
  auto told = open(0);
  ASSERT_FALSE(
      told->next_frame([](auto& x) { return all_heard(x, 2); }).is_null());
  close(0);
  // It watches on for a while; then n2 stops reporting, and that gets old.
  auto end = std::chrono::steady_clock::now() + 60s;
  while (outlets(1, notes_name) > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(100ms);
  ASSERT_EQ(outlets(1, notes_name), 0u);
  std::this_thread::sleep_for(limits::observe_report_old);
  auto later = open(0);
  auto frame = later->find([](auto& x) { return x["type"] == "frame"; });
  ASSERT_FALSE(frame.is_null());
  // Nobody had asked n2; it is not to be blamed for its silence.
  auto& age = (*node_in(frame, "n2"))["age_ms"];
  EXPECT_TRUE(age.is_null() || age < 2'000) << age;
  EXPECT_FALSE(
      later->next_frame([](auto& x) { return all_heard(x, 2); }).is_null());
}

TEST_F(observer_test, pages_are_bounded_and_those_that_end_make_room) {
  start(1);
  auto silent = [](caf::event_based_actor*) -> caf::behavior {
    return {[](const page_text&) {}};
  };
  std::vector<caf::actor> all;
  for (std::size_t i = 0; i < limits::observe_pages_max; ++i) {
    all.push_back(seen_system_.spawn(silent));
    EXPECT_EQ(ask_to_open(0, all.back()), "");
  }
  auto one_more = seen_system_.spawn(silent);
  EXPECT_NE(ask_to_open(0, one_more).find("64 pages"), std::string::npos);
  caf::anon_send_exit(all.back(), caf::exit_reason::user_shutdown);
  caf::scoped_actor self{seen_system_};
  self->wait_for(all.back());
  all.pop_back();
  auto end = std::chrono::steady_clock::now() + 30s;
  while (!ask_to_open(0, one_more).empty()
         && std::chrono::steady_clock::now() < end)
    ;
  EXPECT_EQ(ask_to_open(0, one_more), "");
  all.push_back(one_more);
  for (auto& x : all)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

TEST_F(observer_test, a_node_has_one_observer) {
  start(1);
  auto second = start_observer(here_.at(1), &*nodes_[0].node, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().category(), runtime::error_category);
  EXPECT_EQ(second.error().code(),
            static_cast<std::uint8_t>(runtime::errc::name_taken));
  // The first one is none the worse for it.
  auto told = open(0);
  EXPECT_FALSE(
      told->next_frame([](auto& x) { return all_heard(x, 1); }).is_null());
  close(0);
  caf::anon_send_exit(nodes_[0].observer, caf::exit_reason::user_shutdown);
  caf::scoped_actor self{seen_system_};
  self->wait_for(nodes_[0].observer);
  auto next = start_observer(here_.at(1), &*nodes_[0].node, {});
  ASSERT_TRUE(next) << runtime::to_text(next.error());
  nodes_[0].observer = *next;
}

// -- with a launcher ----------------------------------------------------------

class launched_observer_test : public observer_test {
protected:
  launched_observer_test() {
    char pattern[] = "/tmp/sluice-observe-XXXXXX";
    auto made_folder = ::mkdtemp(pattern);
    EXPECT_NE(made_folder, nullptr);
    directory_ = pattern;
    auto where = "unix://" + (directory_ / "l.sock").string();
    admin::verb_table verbs;
    for (auto name : {"signal", "start", "ask"})
      verbs[name] = [this](const json& request, const admin::reply& done) {
        std::lock_guard guard{mutex_};
        asked_.push_back(request);
        if (!why_.empty())
          done.fail(why_);
        else
          done.ok(answer_);
      };
    auto made = admin::serve(here_.at(1), where, std::move(verbs));
    EXPECT_TRUE(made) << runtime::to_text(made.error());
    options_.launcher = where;
  }

  ~launched_observer_test() override {
    std::error_code err;
    std::filesystem::remove_all(directory_, err);
  }

  void answer(json x, std::string why = {}) {
    std::lock_guard guard{mutex_};
    answer_ = std::move(x);
    why_ = std::move(why);
  }

  json last_asked() {
    std::lock_guard guard{mutex_};
    return asked_.empty() ? json{} : asked_.back();
  }

  std::filesystem::path directory_;
  observer_options options_;
  std::mutex mutex_;
  std::vector<json> asked_;
  json answer_ = json::object();
  std::string why_;
};

TEST_F(launched_observer_test, processes_are_the_launchers) {
  start(2, options_);
  auto told = open(0);
  auto hello = told->find([](auto& x) { return x["type"] == "hello"; });
  EXPECT_EQ(hello["controls"],
            json({"slow", "cut", "heal", "stop", "cont", "kill", "start"}));
  told->next_frame([](auto& x) { return all_heard(x, 2); });
  say(0, {{"do", "kill"}, {"id", 1}, {"node", "n2"}});
  EXPECT_EQ(told->result(1)["text"], "n2 was killed. The others will notice.");
  EXPECT_EQ(last_asked(),
            json({{"do", "signal"}, {"node", "n2"}, {"signal", "KILL"}}));
  say(0, {{"do", "start"}, {"id", 2}, {"node", "n2"}});
  EXPECT_EQ(told->result(2)["ok"], true);
  EXPECT_EQ(last_asked(), json({{"do", "start"}, {"node", "n2"}}));
  answer({}, "n2 does not run: it exited with status 0");
  say(0, {{"do", "cont"}, {"id", 3}, {"node", "n2"}});
  auto result = told->result(3);
  EXPECT_EQ(result["ok"], false);
  EXPECT_EQ(result["text"], "n2 does not run: it exited with status 0.");
}

TEST_F(launched_observer_test, a_page_does_not_stop_the_node_it_comes_from) {
  start(1, options_);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 1); });
  say(0, {{"do", "stop"}, {"id", 1}, {"node", "n1"}});
  EXPECT_EQ(told->result(1)["ok"], false);
  EXPECT_TRUE(last_asked().is_null());
}

TEST_F(launched_observer_test, faults_are_asked_for_out_of_band) {
  start(2, options_);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 2); });
  answer({{"answers",
           {{{"name", "n1"}, {"how", "answered"}, {"answer", {{"ok", true}}}},
            {{"name", "n2"},
             {"how", "answered"},
             {"answer", {{"ok", false}, {"error", "no"}}}}}}});
  say(0, {{"do", "cut"}, {"id", 1}, {"node", "n1"}, {"peer", "n2"}});
  auto result = told->result(1);
  EXPECT_EQ(result["ok"], false);
  EXPECT_EQ(result["text"], "n2: no");
  auto asked = last_asked();
  EXPECT_EQ(asked["do"], "ask");
  EXPECT_EQ(
      asked["requests"],
      json({{{"node", "n1"}, {"request", {{"do", "cut"}, {"peer", "n2"}}}},
            {{"node", "n2"}, {"request", {{"do", "cut"}, {"peer", "n1"}}}}}));
  answer({{"answers",
           {{{"name", "n1"}, {"how", "answered"}, {"answer", {{"ok", true}}}},
            {{"name", "n2"}, {"how", "ended"}, {"error", "was killed"}}}}});
  say(0, {{"do", "heal"}, {"id", 2}});
  EXPECT_EQ(told->result(2)["ok"], true);
  answer({{"answers", 5}});
  say(0, {{"do", "slow"}, {"id", 3}, {"node", "n2"}, {"bytes_per_s", 9}});
  EXPECT_EQ(told->result(3)["ok"], false);
}

TEST_F(launched_observer_test, a_launcher_that_is_gone_is_said_so) {
  options_.launcher = "unix://" + (directory_ / "nobody.sock").string();
  start(2, options_);
  auto told = open(0);
  told->next_frame([](auto& x) { return all_heard(x, 2); });
  say(0, {{"do", "kill"}, {"id", 1}, {"node", "n2"}});
  auto result = told->result(1);
  EXPECT_EQ(result["ok"], false);
  EXPECT_NE(result["text"].get<std::string>().find("launcher did not answer"),
            std::string::npos);
}

} // namespace
} // namespace sluice::actors::observe
