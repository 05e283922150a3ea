#include "actors/observe/meter.h"

#include "runtime/limits.h"

#include <gtest/gtest.h>

namespace sluice::actors::observe {
namespace {

using namespace std::chrono_literals;
namespace limits = runtime::limits;

const runtime::time_point start = runtime::time_point{} + 1h;

node_counters with_link(bool pressed, std::uint64_t taken) {
  node_counters x;
  x.links = {{.to = "n2", .told = pressed, .sent = 10, .taken = taken}};
  return x;
}

TEST(meter_test, the_first_report_has_no_rates) {
  meter here;
  auto x = here.measure(start, {.bytes_in = 5'000, .requests = 9});
  EXPECT_EQ(x.number, 1u);
  EXPECT_EQ(x.load.in_bps, 0u);
  EXPECT_EQ(x.load.requests_ps, 0u);
}

TEST(meter_test, rates_are_by_the_second_whatever_the_interval) {
  meter here;
  here.measure(start, {.bytes_in = 1'000, .bytes_out = 10, .requests = 100});
  auto x = here.measure(start + 500ms,
                        {.bytes_in = 2'000, .bytes_out = 10, .requests = 150});
  EXPECT_EQ(x.load.in_bps, 2'000u);
  EXPECT_EQ(x.load.out_bps, 0u);
  EXPECT_EQ(x.load.requests_ps, 100u);
  x = here.measure(start + 4500ms, {.bytes_in = 10'000, .bytes_out = 10});
  EXPECT_EQ(x.load.in_bps, 2'000u);
}

TEST(meter_test, a_counter_that_begins_anew_is_no_huge_rate) {
  meter here;
  here.measure(start, {.bytes_in = 1'000'000});
  auto x = here.measure(start + 1s, {.bytes_in = 300});
  EXPECT_EQ(x.load.in_bps, 300u);
}

TEST(meter_test, two_reports_at_one_moment_have_no_rates) {
  meter here;
  here.measure(start, {});
  EXPECT_EQ(here.measure(start, {.bytes_in = 300}).load.in_bps, 0u);
}

TEST(meter_test, busy_is_the_busiest_loop) {
  meter here;
  here.measure(start, {.loops = {{0, true}, {0, true}}});
  auto x = here.measure(start + 1s,
                        {.loops = {{100'000'000, true}, {370'000'000, true}}});
  EXPECT_EQ(x.load.busy_permille, 370u);
}

TEST(meter_test, a_loop_that_does_not_answer_is_busy) {
  meter here;
  here.measure(start, {.loops = {{0, true}, {0, true}}});
  auto x = here.measure(start + 1s, {.loops = {{0, true}, {0, false}}});
  EXPECT_EQ(x.load.busy_permille, 1000u);
  // What it used meanwhile is not said of the time after.
  x = here.measure(start + 2s, {.loops = {{0, true}, {1'900'000'000, true}}});
  EXPECT_EQ(x.load.busy_permille, 0u);
}

TEST(meter_test, pressure_says_for_how_long) {
  meter here;
  here.measure(start, with_link(false, 0));
  auto x = here.measure(start + 1s, with_link(true, 10)).links.at(0);
  EXPECT_EQ(x.pressure, link_pressure::applied);
  EXPECT_EQ(x.for_ms, 0u);
  EXPECT_EQ(x.msgs_ps, 10u);
  x = here.measure(start + 3s, with_link(true, 30)).links.at(0);
  EXPECT_EQ(x.for_ms, 2'000u);
  x = here.measure(start + 4s, with_link(false, 30)).links.at(0);
  EXPECT_EQ(x.pressure, link_pressure::none);
  EXPECT_EQ(x.for_ms, 4'000u); // it is open since then
}

TEST(meter_test, a_link_under_pressure_that_takes_nothing_is_stalled) {
  meter here;
  auto at = start;
  here.measure(at, with_link(true, 0));
  auto pressure = [&](runtime::duration later, std::uint64_t taken) {
    at += later;
    return here.measure(at, with_link(true, taken)).links.at(0).pressure;
  };
  EXPECT_EQ(pressure(limits::observe_stall - 1ms, 0), link_pressure::applied);
  EXPECT_EQ(pressure(1ms, 0), link_pressure::stalled);
  EXPECT_EQ(pressure(1s, 0), link_pressure::stalled);
  EXPECT_EQ(pressure(1s, 1), link_pressure::applied);
}

TEST(meter_test, an_idle_link_is_not_stalled) {
  meter here;
  node_counters x;
  x.links = {{.to = "n2", .taken = 7}};
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(here.measure(start + i * 1s, x).links.at(0).pressure,
              link_pressure::none);
}

TEST(meter_test, what_is_not_taken_stalls_a_link_of_which_nobody_is_told) {
  meter here;
  here.measure(start, with_link(false, 7));
  auto x =
      here.measure(start + limits::observe_stall - 1ms, with_link(false, 7));
  EXPECT_EQ(x.links.at(0).pressure, link_pressure::none);
  EXPECT_EQ(x.links.at(0).queued, 0u);
  x = here.measure(start + limits::observe_stall, with_link(false, 7));
  EXPECT_EQ(x.links.at(0).pressure, link_pressure::stalled);
  EXPECT_EQ(x.links.at(0).queued, 10u);
  EXPECT_FALSE(x.links.at(0).told);
}

TEST(meter_test, a_message_that_waits_for_credit_is_pressure) {
  meter here;
  node_counters x;
  x.links = {{.to = "n2", .needs_credit = true, .waiting = 3, .sent = 4}};
  auto made = here.measure(start, x).links.at(0);
  EXPECT_EQ(made.pressure, link_pressure::applied);
  EXPECT_EQ(made.queued, 7u);
}

TEST(meter_test, bytes_that_wait_from_one_report_to_the_next_are_pressure) {
  meter here;
  auto at = start;
  auto pressure = [&](std::uint64_t written, std::uint64_t queued) {
    node_counters x;
    x.links = {{.to = "n2", .queued_bytes = queued, .written_bytes = written}};
    return here.measure(at += 500ms, x).links.at(0).pressure;
  };
  EXPECT_EQ(pressure(1'000, 500), link_pressure::none); // just came
  EXPECT_EQ(pressure(1'500, 900), link_pressure::none); // others wait now
  EXPECT_EQ(pressure(2'399, 1), link_pressure::applied);
  EXPECT_EQ(pressure(2'400, 0), link_pressure::none);
  EXPECT_EQ(pressure(0, 100), link_pressure::none); // a new connection
  EXPECT_EQ(pressure(50, 50), link_pressure::applied);
}

TEST(meter_test, a_link_that_is_being_dialled_is_as_it_was) {
  meter here;
  auto at = start;
  auto report = [&](std::optional<link_state> state) {
    node_counters x;
    x.links = {{.to = "n2", .state = state}};
    return here.measure(at += 1s, x).links.at(0);
  };
  EXPECT_EQ(report(std::nullopt).state, link_state::open);
  EXPECT_EQ(report(link_state::open).state, link_state::open);
  EXPECT_EQ(report(link_state::lost).state, link_state::lost);
  auto dialled = report(std::nullopt);
  EXPECT_EQ(dialled.state, link_state::lost);
  EXPECT_EQ(dialled.for_ms, 1'000u);
  EXPECT_EQ(report(link_state::lost).for_ms, 2'000u);
  EXPECT_EQ(report(link_state::open).state, link_state::open);
}

TEST(meter_test, a_link_that_went_and_is_back_begins_anew) {
  meter here;
  here.measure(start, with_link(false, 1'000));
  here.measure(start + 1s, {});
  auto x = here.measure(start + 2s, with_link(false, 5)).links.at(0);
  EXPECT_EQ(x.msgs_ps, 0u);
  EXPECT_EQ(x.for_ms, 0u);
}

TEST(meter_test, rows_have_rates_of_their_own) {
  meter here;
  auto with_row = [](std::uint64_t id, std::uint64_t in) {
    node_counters x;
    x.rows.push_back({.row = {.id = id}, .bytes_in = in});
    return x;
  };
  EXPECT_EQ(here.measure(start, with_row(1, 500)).rows.at(0).in_bps, 0u);
  EXPECT_EQ(here.measure(start + 1s, with_row(1, 700)).rows.at(0).in_bps, 200u);
  EXPECT_EQ(here.measure(start + 2s, with_row(2, 900)).rows.at(0).in_bps, 0u);
}

TEST(meter_test, a_report_is_bounded_and_keeps_what_matters_most) {
  node_counters x;
  for (std::size_t i = 0; i < 2 * limits::observe_rows_max; ++i)
    x.rows.push_back({.row = {.id = i,
                              .name = std::string(1'000, 'x'),
                              .pressed = i == 150}});
  for (std::size_t i = 0; i < 2 * limits::observe_links_max; ++i)
    x.links.push_back({.to = std::to_string(i), .told = i == 300});
  x.holds.resize(2 * limits::observe_holds_max);
  x.closed.resize(2 * limits::observe_reasons_max);
  meter here;
  auto made = here.measure(start, x);
  EXPECT_EQ(check(made), "");
  EXPECT_EQ(made.rows.size(), limits::observe_rows_max);
  EXPECT_EQ(made.rows.front().id, 150u);
  EXPECT_EQ(made.links.size(), limits::observe_links_max);
  EXPECT_EQ(made.links.front().to, "300");
}

TEST(meter_test, the_holds_of_links_and_the_longest_ones_stay) {
  node_counters x;
  for (std::uint64_t i = 0; i < limits::observe_holds_max; ++i)
    x.holds.push_back({.held = "in", .for_ms = 1'000 + i});
  for (std::uint64_t i = 0; i < limits::observe_holds_max; ++i)
    x.holds.push_back({.held = "out", .for_ms = i, .to = "n2"});
  meter here;
  auto made = here.measure(start, x).holds;
  ASSERT_EQ(made.size(), limits::observe_holds_max);
  EXPECT_EQ(made[0].held, "in");
  EXPECT_EQ(made[0].for_ms, 1'000 + limits::observe_holds_max - 1);
  EXPECT_EQ(made[1].held, "out");
  EXPECT_EQ(made[1].for_ms, limits::observe_holds_max - 1);
  EXPECT_EQ(made.back().for_ms, 1u);
}

TEST(meter_test, rows_under_pressure_stay_however_many_there_are) {
  node_report x;
  for (std::uint64_t i = 0; i < 60; ++i)
    x.rows.push_back({.id = i, .pressed = i < 20});
  keep_rows(x, 10);
  ASSERT_EQ(x.rows.size(), 30u);
  EXPECT_EQ(x.rows.back().id, 29u);
  keep_rows(x, 100);
  EXPECT_EQ(x.rows.size(), 30u);
}

TEST(meter_test, a_text_is_not_cut_inside_of_a_character) {
  node_counters x;
  x.holds = {{.held = std::string(limits::observe_text_bytes_max - 1, 'x')
                      + "\xc3\xa4"}};
  meter here;
  auto made = here.measure(start, x);
  EXPECT_EQ(made.holds.at(0).held,
            std::string(limits::observe_text_bytes_max - 1, 'x'));
}

} // namespace
} // namespace sluice::actors::observe
