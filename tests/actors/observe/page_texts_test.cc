#include "actors/observe/page_texts.h"

#include "actors/observe/json_text.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace sluice::actors::observe {
namespace {

using namespace page_texts;
using nlohmann::json;
namespace limits = runtime::limits;

frame sample(std::int64_t now_ms = 1'764'000'000'000) {
  frame x{.now_ms = now_ms};
  node_view n1{"n1",
               member_state::up,
               now_ms - 5'000,
               "tcp://127.0.0.1:7000",
               {"store"}};
  n1.age_ms = 120;
  n1.load = {.in_bps = 1, .busy_permille = 370, .p99_us = 900};
  node_view n2{"n2", member_state::down, now_ms, "tcp://127.0.0.1:7001", {}};
  x.nodes = {n1, n2};
  x.links = {{"n1", now_ms, {.to = "n2"}},
             {"n2",
              now_ms,
              {.to = "n1",
               .state = link_state::cut,
               .pressure = link_pressure::stalled,
               .queued = 7,
               .unit = pressure_unit::bytes}}};
  x.holds = {{"n1", {.held = "kv_node 12", .holder = "outlet 34", .to = "n2"}},
             {"n1", {.held = "a", .holder = "b"}}};
  x.rows = {{"n1", {.id = 12, .name = "link", .pressed = true}}};
  return x;
}

/// The names of an object's fields and the kinds of their values.
json shape(const json& x) {
  auto result = json::object();
  for (auto& [name, value] : x.items())
    result[name] = value.type_name();
  return result;
}

TEST(page_texts_test, a_frame_has_the_fields_of_the_contract) {
  auto x = json::parse(frame_text(sample()));
  EXPECT_EQ(x["type"], "frame");
  EXPECT_EQ(x["now"], 1'764'000'000'000);
  EXPECT_EQ(shape(x["nodes"][0]), json({{"name", "string"},
                                        {"state", "string"},
                                        {"age_ms", "number"},
                                        {"since", "number"},
                                        {"endpoint", "string"},
                                        {"roles", "array"},
                                        {"in_bps", "number"},
                                        {"out_bps", "number"},
                                        {"msgs_ps", "number"},
                                        {"requests_ps", "number"},
                                        {"queued_bytes", "number"},
                                        {"queued_messages", "number"},
                                        {"connections", "number"},
                                        {"pressed", "number"},
                                        {"loop_busy", "number"},
                                        {"rss", "number"},
                                        {"slow_bps", "number"},
                                        {"p50_us", "null"},
                                        {"p99_us", "number"}}));
  EXPECT_EQ(x["nodes"][0]["loop_busy"], 0.37);
  EXPECT_EQ(x["nodes"][0]["roles"], json({"store"}));
  EXPECT_EQ(x["nodes"][1]["state"], "down");
  EXPECT_TRUE(x["nodes"][1]["age_ms"].is_null());
  EXPECT_EQ(shape(x["links"][0]), json({{"from", "string"},
                                        {"to", "string"},
                                        {"state", "string"},
                                        {"pressure", "string"},
                                        {"since", "number"},
                                        {"queued", "number"},
                                        {"unit", "string"},
                                        {"msgs_ps", "number"},
                                        {"bps", "number"}}));
  EXPECT_EQ(x["links"][0]["state"], "open");
  EXPECT_EQ(x["links"][0]["pressure"], "none");
  EXPECT_EQ(x["links"][0]["unit"], "messages");
  EXPECT_EQ(x["links"][1]["state"], "cut");
  EXPECT_EQ(x["links"][1]["pressure"], "stalled");
  EXPECT_EQ(x["links"][1]["unit"], "bytes");
  EXPECT_EQ(shape(x["holds"][0]), json({{"node", "string"},
                                        {"held", "string"},
                                        {"holder", "string"},
                                        {"since_ms", "number"},
                                        {"queued", "number"},
                                        {"unit", "string"},
                                        {"to", "string"}}));
  EXPECT_FALSE(x["holds"][1].contains("to"));
  EXPECT_EQ(shape(x["rows"][0]), json({{"node", "string"},
                                       {"kind", "string"},
                                       {"id", "number"},
                                       {"name", "string"},
                                       {"local", "string"},
                                       {"remote", "string"},
                                       {"state", "string"},
                                       {"pressed", "boolean"},
                                       {"queued", "number"},
                                       {"peak", "number"},
                                       {"unit", "string"},
                                       {"pressure_ms", "number"},
                                       {"applied", "number"},
                                       {"rejected", "number"},
                                       {"in_bps", "number"},
                                       {"out_bps", "number"}}));
  EXPECT_EQ(x["rows"][0]["kind"], "connection");
}

TEST(page_texts_test, a_hello_has_what_was_before) {
  history before;
  before.add(sample());
  event_log events{10};
  events.add(5, "n2", event_kind::down, "n2 is \"down\".");
  std::vector<std::string> controls{"slow", "heal"};
  auto x = json::parse(
      hello_text({"kv", "n1", 77, controls, before, events, {256, 65'536}}));
  EXPECT_EQ(x["type"], "hello");
  EXPECT_EQ(x["cluster"], "kv");
  EXPECT_EQ(x["node"], "n1");
  EXPECT_EQ(x["now"], 77);
  EXPECT_EQ(x["interval_ms"], 500);
  EXPECT_EQ(x["controls"], json({"slow", "heal"}));
  EXPECT_EQ(x["marks"],
            json({{"queued_messages", 256}, {"queued_bytes", 65'536}}));
  ASSERT_EQ(x["history"].size(), 1u);
  auto& old = x["history"][0];
  EXPECT_EQ(old["nodes"].size(), 2u);
  EXPECT_FALSE(old["nodes"][0].contains("endpoint"));
  EXPECT_FALSE(old.contains("rows"));
  EXPECT_FALSE(old.contains("holds"));
  ASSERT_EQ(old["links"].size(), 1u); // the other one is calm
  EXPECT_EQ(old["links"][0]["from"], "n2");
  ASSERT_EQ(x["events"].size(), 1u);
  EXPECT_EQ(x["events"][0], json({{"type", "event"},
                                  {"at", 5},
                                  {"seq", 1},
                                  {"node", "n2"},
                                  {"kind", "down"},
                                  {"severity", "bad"},
                                  {"text", "n2 is \"down\"."}}));
}

TEST(page_texts_test, an_answer_names_what_it_answers) {
  EXPECT_EQ(json::parse(result_text(7, false, "There is no node n9.")),
            json({{"type", "result"},
                  {"id", 7},
                  {"ok", false},
                  {"text", "There is no node n9."}}));
}

TEST(page_texts_test, the_history_is_bounded_in_frames_and_time) {
  history here;
  std::int64_t now = 1'000'000'000;
  for (int i = 0; i < 1'000; ++i)
    here.add(sample(now += 500));
  EXPECT_EQ(here.frames().size(), limits::observe_history_frames);
  here.add(sample(now += 60'000)); // nobody watched
  EXPECT_LT(here.frames().size(), limits::observe_history_frames);
  here.add(sample(now += 3'600'000));
  EXPECT_EQ(here.frames().size(), 1u);
}

TEST(page_texts_test, a_history_that_was_left_alone_has_nothing_old) {
  history here;
  std::int64_t now = 1'000'000'000;
  here.add(sample(now));
  here.add(sample(now + 60'000));
  here.trim(now + 120'000);
  EXPECT_EQ(here.frames().size(), 2u);
  here.trim(now + 120'001);
  EXPECT_EQ(here.frames().size(), 1u);
  here.trim(now + 3'600'000); // nobody watched
  EXPECT_TRUE(here.frames().empty());
  EXPECT_EQ(here.bytes(), 0u);
}

TEST(page_texts_test, the_history_is_bounded_in_bytes) {
  auto large = sample();
  for (int i = 0; i < 2'000; ++i)
    large.nodes.push_back(large.nodes[0]);
  history here;
  for (int i = 0; i < 100; ++i) {
    large.now_ms += 500;
    here.add(large);
  }
  EXPECT_LE(here.bytes(), limits::observe_history_bytes_max);
  EXPECT_GT(here.frames().size(), 1u);
}

TEST(json_text_test, any_bytes_become_a_string_that_can_be_read) {
  json_text out;
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  out.begin_array();
  out.value(all);
  out.value("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"); // two, three, four bytes
  out.value("\xed\xa0\x80|\xc0\xaf|\xf4\x90\x80\x80|\xe2\x82"); // not allowed
  out.end_array();
  auto x = json::parse(std::move(out).text());
  auto back = x[0].get<std::string>();
  EXPECT_EQ(back.substr(0, 128), all.substr(0, 128));
  EXPECT_EQ(back.size(), 128 + 128 * 3u);
  EXPECT_EQ(x[1], "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(x[2], bad + bad + bad + "|" + bad + bad + "|" + bad + bad + bad
                      + bad + "|" + bad + bad);
}

TEST(json_text_test, values_are_separated_wherever_they_stand) {
  json_text out;
  out.begin_object();
  out.begin_array("a");
  out.end_array();
  out.begin_array("b");
  out.value(1);
  out.begin_object();
  out.end_object();
  out.null();
  out.end_array();
  out.field("c", true);
  out.permille("d", 1'005);
  out.field("e", std::uint64_t{18'446'744'073'709'551'615u});
  out.end_object();
  EXPECT_EQ(std::move(out).text(),
            R"({"a":[],"b":[1,{},null],"c":true,"d":1.005,)"
            R"("e":18446744073709551615})");
}

} // namespace
} // namespace sluice::actors::observe
