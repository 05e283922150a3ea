#include "actors/observe/board.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::actors::observe {
namespace {

using namespace std::chrono_literals;
namespace limits = runtime::limits;

cluster::member node(const std::string& name, std::uint64_t life = 1) {
  return {name, life, "tcp://" + name + ":7000", "", {"store"}};
}

class board_test : public ::testing::Test {
protected:
  board_test() {
    for (auto name : {"n1", "n2", "n3"})
      here_.joined(at_, node(name));
    here_.membership_gained(at_, node("n1"));
  }

  void pass(runtime::duration x) {
    at_.now += x;
    at_.wall_ms +=
        std::chrono::duration_cast<std::chrono::milliseconds>(x).count();
  }

  std::string report(const std::string& name, link_pressure pressure,
                     link_state state = link_state::open) {
    node_report x{.number = ++number_};
    x.links = {{.to = name == "n2" ? "n1" : "n2",
                .state = state,
                .pressure = pressure,
                .queued = 300}};
    return here_.reported(at_, name, 1, std::move(x));
  }

  /// One round of half a second.
  void round(link_pressure pressure, link_state state = link_state::open) {
    EXPECT_EQ(report("n1", pressure, state), "");
    here_.tick(at_);
    pass(500ms);
  }

  std::vector<std::string> kinds(std::uint64_t after) const {
    std::vector<std::string> result;
    for (auto& x : here_.events().events())
      if (x.number > after)
        result.push_back(to_string(x.kind));
    return result;
  }

  const node_view& shown(const std::string& name) {
    auto& nodes = here_.tick(at_).nodes;
    return *std::ranges::find(nodes, name, &node_view::name);
  }

  moment at_{runtime::time_point{} + 1h, 1'764'000'000'000};
  board here_;
  std::uint64_t number_ = 0;
  std::uint64_t members_said_ = 3; // the events of the set-up
};

using strings = std::vector<std::string>;

TEST_F(board_test, a_node_that_has_not_reported_has_no_age) {
  EXPECT_FALSE(shown("n2").age_ms);
}

TEST_F(board_test, the_age_of_a_report_grows_by_the_local_clock) {
  report("n2", link_pressure::none);
  EXPECT_EQ(shown("n2").age_ms, 0u);
  pass(700ms);
  EXPECT_EQ(shown("n2").age_ms, 700u);
  pass(10s);
  EXPECT_EQ(shown("n2").age_ms, 10'700u);
}

TEST_F(board_test, what_was_reported_in_an_earlier_watch_is_not_known) {
  node_report x{.number = 5};
  x.load.connections = 7;
  x.links = {{.to = "n1"}};
  EXPECT_EQ(here_.reported(at_, "n2", 1, x), "");
  here_.tick(at_);
  pass(1h);
  here_.begin_watch();
  EXPECT_TRUE(here_.last().nodes.empty());
  EXPECT_FALSE(shown("n2").age_ms);
  EXPECT_EQ(shown("n2").load.connections, 0u);
  EXPECT_TRUE(here_.last().links.empty());
  // One that was on its way is as late as before.
  EXPECT_NE(here_.reported(at_, "n2", 1, x), "");
  x.number = 6;
  EXPECT_EQ(here_.reported(at_, "n2", 1, x), "");
  EXPECT_EQ(shown("n2").age_ms, 0u);
}

TEST_F(board_test, links_and_rows_of_an_old_report_are_not_shown) {
  node_report x{.number = 1};
  x.links = {{.to = "n1"}};
  x.holds = {{.held = "a", .holder = "b"}};
  x.rows = {{.id = 7}};
  EXPECT_EQ(here_.reported(at_, "n2", 1, x), "");
  pass(2s);
  auto& young = here_.tick(at_);
  EXPECT_EQ(young.links.size(), 1u);
  EXPECT_EQ(young.holds.size(), 1u);
  EXPECT_EQ(young.rows.size(), 1u);
  pass(1ms);
  auto& old = here_.tick(at_);
  EXPECT_TRUE(old.links.empty());
  EXPECT_TRUE(old.holds.empty());
  EXPECT_TRUE(old.rows.empty());
  EXPECT_EQ(old.nodes.size(), 3u);
}

TEST_F(board_test, how_long_something_is_so_becomes_a_local_time) {
  node_report x{.number = 1};
  x.links = {{.to = "n1", .for_ms = 1'000}};
  here_.reported(at_, "n2", 1, x);
  auto then = at_.wall_ms;
  pass(500ms);
  EXPECT_EQ(here_.tick(at_).links.front().since_ms, then - 1'000);
}

TEST_F(board_test, reports_of_nobody_and_of_a_former_life_are_refused) {
  EXPECT_NE(here_.reported(at_, "n9", 1, {.number = 1}), "");
  EXPECT_NE(here_.reported(at_, "n2", 2, {.number = 1}), "");
  EXPECT_FALSE(shown("n2").age_ms);
  here_.down(at_, node("n2"));
  EXPECT_NE(here_.reported(at_, "n2", 1, {.number = 1}), "");
}

TEST_F(board_test, a_report_that_comes_twice_or_late_is_refused) {
  EXPECT_EQ(here_.reported(at_, "n2", 1, {.number = 5}), "");
  EXPECT_NE(here_.reported(at_, "n2", 1, {.number = 5}), "");
  EXPECT_NE(here_.reported(at_, "n2", 1, {.number = 4}), "");
  EXPECT_EQ(here_.reported(at_, "n2", 1, {.number = 6}), "");
}

TEST_F(board_test, a_report_that_breaks_the_bounds_is_refused) {
  node_report many{.number = 1};
  many.rows.resize(limits::observe_rows_max + 1);
  EXPECT_NE(here_.reported(at_, "n2", 1, many), "");
  node_report loud{.number = 2};
  loud.links = {{.to = std::string(limits::observe_text_bytes_max + 1, 'x')}};
  EXPECT_NE(here_.reported(at_, "n2", 1, loud), "");
  node_report odd{.number = 3};
  odd.links = {{.to = "n1", .state = static_cast<link_state>(77)}};
  EXPECT_NE(here_.reported(at_, "n2", 1, odd), "");
  // A time that a clock cannot count back to.
  node_report old{.number = 4};
  old.links = {{.to = "n1", .for_ms = ~std::uint64_t{0}}};
  EXPECT_NE(here_.reported(at_, "n2", 1, old), "");
  node_report older{.number = 5};
  older.holds = {{.held = "a", .holder = "b", .for_ms = ~std::uint64_t{0}}};
  EXPECT_NE(here_.reported(at_, "n2", 1, older), "");
  node_report busy{.number = 6};
  busy.load.busy_permille = 1'001;
  EXPECT_NE(here_.reported(at_, "n2", 1, busy), "");
  EXPECT_FALSE(shown("n2").age_ms);
}

TEST_F(board_test, membership_is_told_in_events_once_each) {
  here_.joined(at_, node("n2")); // told again to who watches again
  here_.suspected(at_, node("n2"));
  here_.suspected(at_, node("n2"));
  here_.trusted(at_, node("n2"));
  here_.left(at_, node("n2"));
  here_.down(at_, node("n2"));
  here_.joined(at_, node("n2", 2));
  here_.down(at_, node("n2", 1)); // late, of the former life
  EXPECT_EQ(kinds(members_said_),
            (strings{"suspected", "trusted", "left", "joined"}));
  EXPECT_EQ(here_.state_of("n2"), member_state::up);
}

TEST_F(board_test, the_state_of_a_node_says_since_when) {
  pass(5s);
  here_.suspected(at_, node("n2"));
  auto then = at_.wall_ms;
  pass(3s);
  EXPECT_EQ(shown("n2").state, member_state::suspected);
  EXPECT_EQ(shown("n2").since_ms, then);
}

TEST_F(board_test, a_node_that_is_down_has_no_figures) {
  report("n2", link_pressure::none);
  here_.down(at_, node("n2"));
  EXPECT_FALSE(shown("n2").age_ms);
  EXPECT_EQ(shown("n2").state, member_state::down);
}

TEST_F(board_test, nodes_that_are_gone_are_bounded_and_the_oldest_go_first) {
  for (std::size_t i = 0; i < 2 * limits::observe_gone_max; ++i) {
    auto x = node("m" + std::to_string(i));
    here_.joined(at_, x);
    pass(1s);
    here_.down(at_, x);
  }
  EXPECT_EQ(here_.tick(at_).nodes.size(), 3 + limits::observe_gone_max);
  EXPECT_EQ(here_.find("m0"), nullptr);
  EXPECT_NE(here_.find("m" + std::to_string(2 * limits::observe_gone_max - 1)),
            nullptr);
}

TEST_F(board_test, pressure_is_told_when_it_begins_and_when_it_is_over) {
  for (int i = 0; i < 4; ++i)
    round(link_pressure::applied);
  EXPECT_EQ(kinds(members_said_), (strings{"applied"}));
  for (int i = 0; i < 10; ++i)
    round(link_pressure::none);
  EXPECT_EQ(kinds(members_said_), (strings{"applied", "released"}));
  EXPECT_EQ(here_.events().events().back().text,
            "n1 does not wait for n2 any more: n2 takes what is sent. It "
            "lasted 2 s.");
}

TEST_F(board_test, a_queue_that_flaps_does_not_flood_the_log) {
  for (int i = 0; i < 100; ++i)
    round(i % 2 == 0 ? link_pressure::applied : link_pressure::none);
  EXPECT_EQ(kinds(members_said_), (strings{"applied"}));
  for (int i = 0; i < 10; ++i)
    round(link_pressure::none);
  EXPECT_EQ(kinds(members_said_), (strings{"applied", "released"}));
  EXPECT_NE(here_.events().events().back().text.find("50 times"),
            std::string::npos);
}

TEST_F(board_test, a_stall_is_told_once_beside_the_pressure) {
  round(link_pressure::applied);
  for (int i = 0; i < 20; ++i)
    round(link_pressure::stalled);
  EXPECT_EQ(kinds(members_said_), (strings{"applied", "stalled"}));
}

TEST_F(board_test, pressure_is_not_over_because_nobody_reports) {
  round(link_pressure::applied);
  pass(30s);
  here_.tick(at_);
  EXPECT_EQ(kinds(members_said_), (strings{"applied"}));
}

TEST_F(board_test, a_link_to_a_node_that_went_is_forgotten) {
  round(link_pressure::applied);
  here_.down(at_, node("n2"));
  pass(30s);
  here_.tick(at_);
  EXPECT_EQ(kinds(members_said_), (strings{"applied", "down"}));
}

TEST_F(board_test, a_lost_link_to_a_node_that_went_is_told_once) {
  round(link_pressure::none, link_state::lost);
  here_.down(at_, node("n2"));
  round(link_pressure::none, link_state::lost);
  round(link_pressure::none, link_state::lost);
  EXPECT_EQ(kinds(members_said_), (strings{"link_lost", "down"}));
  EXPECT_EQ(here_.tick(at_).links.size(), 1u); // it is shown as it is
  here_.joined(at_, node("n2", 2));
  round(link_pressure::none);
  EXPECT_EQ(kinds(members_said_), (strings{"link_lost", "down", "joined"}));
}

TEST_F(board_test, links_to_nobody_are_not_told) {
  node_report x;
  for (std::uint64_t i = 0; i < 20; ++i) {
    x.number = i + 1;
    x.links = {{.to = "m" + std::to_string(i), .state = link_state::lost}};
    EXPECT_EQ(here_.reported(at_, "n1", 1, x), "");
  }
  EXPECT_TRUE(kinds(members_said_).empty());
}

TEST_F(board_test, a_lost_link_is_told_when_it_goes_and_when_it_is_back) {
  round(link_pressure::none);
  round(link_pressure::applied, link_state::lost);
  round(link_pressure::applied, link_state::lost);
  round(link_pressure::none);
  EXPECT_EQ(kinds(members_said_), (strings{"link_lost", "link_open"}));
  round(link_pressure::applied, link_state::cut);
  EXPECT_NE(here_.events().events().back().text.find("is cut"),
            std::string::npos);
}

TEST_F(board_test, holds_inside_of_a_node_are_one_event_for_all_of_them) {
  node_report x;
  for (std::uint64_t i = 0; i < 20; ++i) {
    x.number = i + 1;
    x.holds = {{.held = "a " + std::to_string(i), .holder = "b"},
               {.held = "c", .holder = "out", .to = "n2"}};
    here_.reported(at_, "n1", 1, x);
    here_.tick(at_);
    pass(500ms);
  }
  EXPECT_EQ(kinds(members_said_), (strings{"applied"}));
  x.holds.clear();
  for (std::uint64_t i = 0; i < 6; ++i) {
    x.number = 100 + i;
    here_.reported(at_, "n1", 1, x);
    here_.tick(at_);
    pass(500ms);
  }
  EXPECT_EQ(kinds(members_said_), (strings{"applied", "released"}));
}

TEST_F(board_test, connections_that_ended_badly_are_told_in_sums) {
  node_report x{.number = 1};
  x.closed = {{"write_stall", 40}, {"finished", 7}};
  here_.reported(at_, "n2", 1, x); // what was before anybody looked
  for (int i = 0; i < 20; ++i) {
    ++x.number;
    ++x.closed[0].count;
    ++x.closed[1].count;
    here_.reported(at_, "n2", 1, x);
    pass(500ms);
  }
  EXPECT_EQ(kinds(members_said_), (strings{"closed", "closed"}));
  EXPECT_NE(here_.events().events().back().text.find("10 connections"),
            std::string::npos);
}

TEST_F(board_test, a_short_report_says_nothing_of_closed_connections) {
  node_report x{.number = 1};
  x.closed = {{"write_stall", 40}};
  here_.reported(at_, "n2", 1, x);
  here_.reported(at_, "n2", 1, {.number = 2});
  x.number = 3;
  here_.reported(at_, "n2", 1, x);
  EXPECT_TRUE(kinds(members_said_).empty());
}

TEST_F(board_test, the_log_is_bounded_and_keeps_the_newest) {
  for (std::size_t i = 0; i < 3 * limits::observe_events_max; ++i)
    here_.control(at_, "n1", severity::info, std::to_string(i));
  auto& events = here_.events().events();
  EXPECT_EQ(events.size(), limits::observe_events_max);
  EXPECT_EQ(events.back().text,
            std::to_string(3 * limits::observe_events_max - 1));
  EXPECT_EQ(events.back().number, here_.events().last());
  EXPECT_EQ(events.front().number + limits::observe_events_max - 1,
            events.back().number);
}

TEST_F(board_test, the_most_pressed_rows_of_the_cluster_are_shown) {
  std::uint64_t n = 0;
  for (auto name : {"n1", "n2", "n3"}) {
    node_report x{.number = 1};
    for (std::size_t i = 0; i < limits::observe_rows_max; ++i) {
      x.rows.push_back({.id = n, .pressed = n % 100 == 0, .queued = n});
      ++n;
    }
    EXPECT_EQ(here_.reported(at_, name, 1, x), "");
  }
  auto& rows = here_.tick(at_).rows;
  ASSERT_EQ(rows.size(), limits::observe_rows_max);
  EXPECT_EQ(rows[0].what.id, 200u);
  EXPECT_EQ(rows[1].what.id, 100u);
  EXPECT_EQ(rows[2].what.id, 0u);
  EXPECT_EQ(rows[3].what.id, 299u);
  EXPECT_EQ(rows[3].node, "n3");
}

TEST_F(board_test, a_node_that_is_no_member_any_more_says_so_once) {
  here_.membership_lost(at_, "nobody answers");
  here_.membership_lost(at_, "nobody answers");
  here_.membership_gained(at_, node("n1"));
  here_.membership_gained(at_, node("n1"));
  EXPECT_EQ(kinds(members_said_), (strings{"suspected", "trusted"}));
}

/// Whatever happens in whatever order, what is held and shown is bounded.
TEST_F(board_test, anything_in_any_order_stays_within_the_bounds) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 dice{seed};
  for (int i = 0; i < 20'000; ++i) {
    auto name = "r" + std::to_string(dice() % 300);
    auto who = node(name, dice() % 3);
    switch (dice() % 8) {
    case 0:
    case 1:
      here_.joined(at_, who);
      break;
    case 2:
      here_.down(at_, who);
      break;
    case 3:
      here_.left(at_, who);
      break;
    case 4:
      here_.suspected(at_, who);
      break;
    case 5:
      here_.trusted(at_, who);
      break;
    default: {
      node_report x{.number = static_cast<std::uint64_t>(i) + 1};
      x.links = {{.to = "r" + std::to_string(dice() % 300),
                  .state = static_cast<link_state>(dice() % 3),
                  .pressure = static_cast<link_pressure>(dice() % 3)}};
      x.closed = {{"r" + std::to_string(dice() % 100), dice() % 9}};
      here_.reported(at_, name, who.incarnation, x);
      break;
    }
    }
    pass(std::chrono::milliseconds{dice() % 300});
    if (i % 10 != 0)
      continue;
    auto& made = here_.tick(at_);
    ASSERT_LE(made.nodes.size(), 303 + limits::observe_gone_max);
    ASSERT_LE(made.rows.size(), limits::observe_rows_max);
    ASSERT_LE(here_.events().events().size(), limits::observe_events_max);
  }
}

} // namespace
} // namespace sluice::actors::observe
