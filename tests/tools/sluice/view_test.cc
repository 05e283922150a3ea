#include "tools/sluice/status_view.h"
#include "tools/sluice/top_view.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::tools {
namespace {

using nlohmann::json;

json launcher_with(json nodes) {
  return {{"ok", true},
          {"dir", "/tmp/x"},
          {"launcher_pid", 7},
          {"program", "/bin/kv"},
          {"stage", "up"},
          {"up_for_ms", 65'000},
          {"nodes", std::move(nodes)}};
}

json node(const char* name, json answers) {
  return {{"name", name},      {"process", "running"},
          {"pid", 4711},       {"for_ms", 5000},
          {"starts", 1},       {"end", nullptr},
          {"resp_port", 6379}, {"log", "/tmp/x/n1.log"},
          {"silent_ms", 0},    {"answers", std::move(answers)}};
}

json good_status() {
  return {
      {"ok", true},
      {"state", "member"},
      {"incarnation", 3},
      {"version", {{"term", 2}, {"seq", 17}}},
      {"seed", "n1"},
      {"members",
       {{{"name", "n1"}, {"suspected", false}},
        {{"name", "n2"}, {"suspected", true}}}},
      {"keys", 1234},
      {"shards",
       {{"primary", 22},
        {"backup", 21},
        {"moving", 2},
        {"under_replicated", 5}}},
      {"queues",
       {{{"what", "quiet"},
         {"queued", 0},
         {"peak", 3},
         {"holders", json::array()}},
        {{"what", "busy"},
         {"queued", 9},
         {"peak", 9},
         {"holders", {"n2", "n3"}}}}},
      {"rates", {{"requests_per_s", 12.0}}},
  };
}

std::string line_of(const std::string& text, const std::string& begin) {
  auto at = text.find("\n" + begin);
  return at == text.npos
             ? ""
             : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

TEST(status_view_test, member_is_one_row) {
  auto x =
      status_json(launcher_with({node("n1", {{"status", good_status()}})}));
  auto text = status_text(x);
  EXPECT_EQ(
      line_of(text, "n1"),
      "n1    4711  member  6379  1'234  22 + 21, 2 moving, 5 short  2.17  "
      "   n1 n2?");
  EXPECT_NE(text.find("A ? marks a member that is suspected."), text.npos);
  EXPECT_NE(
      text.find("\nup for 1 min 5 s in /tmp/x, launcher pid 7, seed n1\n"),
      text.npos)
      << text;
  EXPECT_TRUE(all_answer(x));
  EXPECT_EQ(x["nodes"][0]["suspected"], (json{"n2"}));
}

TEST(status_view_test, node_without_an_answer_shows_its_silence_only) {
  auto silent = node("n1", json::object());
  silent["silent_ms"] = 3200;
  auto x = status_json(launcher_with({silent}));
  EXPECT_EQ(line_of(status_text(x), "n1"), "n1    4711  no answer for 3.2 s");
  EXPECT_FALSE(all_answer(x));
  EXPECT_TRUE(x["nodes"][0]["keys"].is_null());
  silent["process"] = "stopped";
  x = status_json(launcher_with({silent}));
  EXPECT_EQ(line_of(status_text(x), "n1"),
            "n1    4711  stopped: no answer for 3.2 s");
  EXPECT_FALSE(all_answer(x));
}

TEST(status_view_test, node_that_has_ended_says_how_and_when) {
  auto ended = node("n1", json::object());
  ended["process"] = "ended";
  ended["end"] = "exited with status 1";
  ended["pid"] = nullptr;
  ended.erase("silent_ms");
  auto x = status_json(launcher_with({ended}));
  EXPECT_EQ(line_of(status_text(x), "n1"),
            "n1      -  exited with status 1 5.0 s ago");
  EXPECT_TRUE(all_answer(x));
  ended["process"] = "waiting";
  x = status_json(launcher_with({ended}));
  EXPECT_EQ(line_of(status_text(x), "n1"),
            "n1      -  exited with status 1, starts again soon");
}

TEST(status_view_test, node_that_refuses_to_say_shows_why) {
  auto x = status_json(launcher_with(
      {node("n1", {{"status", {{"ok", false}, {"error", "not yet\n"}}}})}));
  EXPECT_EQ(line_of(status_text(x), "n1"), "n1    4711  answers: not yet?");
}

TEST(status_view_test, fields_that_are_missing_or_strange_are_dashes) {
  for (auto& answer :
       {json{{"ok", true}},
        json{{"ok", true},
             {"members", 7},
             {"keys", "many"},
             {"shards", 1},
             {"version", "v"},
             {"seed", {1}},
             {"queues", 3},
             {"rates", 1}},
        json{{"ok", true}, {"members", {1, "n2", nullptr}}, {"queues", {1}}}}) {
    auto from = launcher_with(
        {node("n1", {{"status", answer}, {"pressure", {{"edges", {7}}}}})});
    EXPECT_NE(line_of(status_text(status_json(from)), "n1"), "") << answer;
    EXPECT_NE(top_text(top_json(from)), "") << answer;
  }
  auto x =
      status_json(launcher_with({node("n1", {{"status", {{"ok", true}}}})}));
  EXPECT_EQ(line_of(status_text(x), "n1"),
            "n1    4711  -      6379     -  -       -        -");
}

TEST(status_view_test, seed_that_nobody_knows_is_left_out) {
  auto status = good_status();
  status["seed"] = "";
  auto text = status_text(
      status_json(launcher_with({node("n1", {{"status", status}})})));
  EXPECT_EQ(text.find("seed"), text.npos) << text;
}

TEST(status_view_test, answer_without_nodes_is_a_table_without_rows) {
  EXPECT_NE(status_text(status_json({{"ok", true}})).find("NODE"),
            std::string::npos);
}

TEST(top_view_test, fullest_queue_comes_first) {
  auto text = top_text(
      top_json(launcher_with({node("n1", {{"status", good_status()}})})));
  auto busy = text.find("n1    busy");
  auto quiet = text.find("n1    quiet");
  EXPECT_LT(busy, quiet) << text;
  EXPECT_NE(text.find("9     9  n2 n3\n"), text.npos) << text;
  EXPECT_NE(text.find("Nobody is held.\n"), text.npos);
}

TEST(top_view_test, who_is_held_is_told_with_by_whom) {
  json edge{{"held", "parser"},  {"held_id", 12},  {"holder", "sink"},
            {"holder_id", 14},   {"for_ms", 1200}, {"queued", 300},
            {"unit", "messages"}};
  auto text = top_text(top_json(
      launcher_with({node("n1", {{"pressure", {{"edges", {edge}}}}})})));
  EXPECT_NE(text.find("n1    parser 12  sink 14     1.2 s  300 messages\n"),
            text.npos)
      << text;
}

TEST(top_view_test, queue_that_was_never_used_is_left_out) {
  auto status = good_status();
  status["queues"] = {{{"what", "unused"}, {"queued", 0}, {"peak", 0}}};
  auto top = top_json(launcher_with({node("n1", {{"status", status}})}));
  EXPECT_EQ(top_text(top).find("unused"), std::string::npos);
  EXPECT_EQ(top["queues"].size(), 1u);
}

TEST(top_view_test, many_queues_are_cut_and_counted) {
  auto status = good_status();
  status["queues"] = json::array();
  for (int i = 0; i < 25; ++i)
    status["queues"].push_back({{"what", "q"}, {"queued", i + 1}});
  auto text =
      top_text(top_json(launcher_with({node("n1", {{"status", status}})})));
  EXPECT_NE(text.find("and 5 more\n"), text.npos) << text;
}

} // namespace
} // namespace sluice::tools
