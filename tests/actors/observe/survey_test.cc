#include "actors/observe/survey.h"

#include "actors/observe/messages.h"

#include <gtest/gtest.h>

namespace sluice::actors::observe {
namespace {

using outlet = channel::outlet_report;
using channel::host_report;

const std::string there = "tcp://n2:7000";

outlet of(const std::string& name, outlet::state_type state) {
  outlet x;
  x.name = name;
  x.to = there;
  x.state = state;
  x.confirmed_messages = 10;
  return x;
}

TEST(survey_test, the_outlets_to_one_host_are_one_way) {
  host_report x;
  x.outlets = {of("a", outlet::state_type::open),
               of("b", outlet::state_type::open)};
  x.links = {{.to = there, .queued_bytes = 3, .written_bytes = 100},
             {.to = there, .channel = "b", .written_bytes = 50}};
  auto ways = ways_of(x);
  ASSERT_EQ(ways.size(), 1u);
  EXPECT_EQ(ways[there].taken, 20u);
  EXPECT_EQ(ways[there].queued_bytes, 3u);
  EXPECT_EQ(ways[there].written_bytes, 150u);
}

TEST(survey_test, what_the_observers_say_is_not_on_the_way) {
  host_report x;
  x.outlets = {of("a", outlet::state_type::open),
               of(notes_name, outlet::state_type::open)};
  x.links = {{.to = there, .written_bytes = 100},
             {.to = there,
              .channel = notes_name,
              .queued_bytes = 9,
              .written_bytes = 50},
             {.to = there, .channel = orders_name, .written_bytes = 7}};
  auto ways = ways_of(x);
  EXPECT_EQ(ways[there].taken, 10u);
  EXPECT_EQ(ways[there].queued_bytes, 0u);
  EXPECT_EQ(ways[there].written_bytes, 100u);
}

TEST(survey_test, a_way_is_open_when_an_outlet_is_and_lost_when_one_is) {
  using type = outlet::state_type;
  auto state = [](std::vector<type> states) {
    host_report x;
    for (auto y : states)
      x.outlets.push_back(of("a", y));
    return ways_of(x)[there].state;
  };
  EXPECT_EQ(state({type::open}), link_state::open);
  EXPECT_EQ(state({type::open, type::waiting}), link_state::open);
  EXPECT_EQ(state({type::closed, type::open}), link_state::lost);
  EXPECT_EQ(state({type::open, type::closed}), link_state::lost);
  EXPECT_EQ(state({type::waiting}), std::nullopt);
}

} // namespace
} // namespace sluice::actors::observe
