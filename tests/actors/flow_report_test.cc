// What a bounded mailbox says of itself, and that the table of all has it from
// its start to its end. Time is that of the simulated world.

#include "actors/mailbox_table.h"
#include "tests/actors/flow_case.h"

#include <gtest/gtest.h>

namespace sluice::actors::testing {
namespace {

using namespace std::chrono_literals;

template <class Place>
class flow_report_test : public flow_case<Place> {
public:
  /// Lets `span` of virtual time pass, also if nothing happens in it.
  void pass(std::chrono::milliseconds span) {
    auto end = this->world.now() + span;
    this->world.at(end, [] {});
    ASSERT_TRUE(this->run.until([&] { return this->world.now() >= end; }));
    this->settle();
  }

  mailbox_totals totals(const std::string& name) {
    for (auto& x : mailbox_table::instance().totals())
      if (x.name == name)
        return x;
    return {};
  }
};

TYPED_TEST_SUITE(flow_report_test, places);

TYPED_TEST(flow_report_test, pause_is_timed_and_what_waits_is_counted) {
  auto source = this->make_probe(this->make_notes());
  auto sender = this->make_probe(this->make_notes());
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto report = [&] { return this->flow_of(x).report(); };
  auto handled = report().handled;
  EXPECT_EQ(report().high, 4u);
  EXPECT_EQ(report().id, x.id());
  EXPECT_FALSE(report().paused);
  this->tell(x, pressure::applied, source);
  this->send(sender, x, 1, 3);
  this->pass(1s);
  EXPECT_TRUE(report().paused);
  EXPECT_EQ(report().pauses, 1u);
  EXPECT_EQ(report().queued, 3u);
  EXPECT_EQ(report().overloads, 0u);
  EXPECT_GE(report().paused_time, 1s) << "what goes on is counted, too";
  EXPECT_LE(report().paused_time, 1'100ms);
  this->tell(x, pressure::released, source);
  this->settle();
  auto after = report();
  EXPECT_FALSE(after.paused);
  EXPECT_EQ(after.queued, 0u);
  EXPECT_EQ(after.peak, 3u);
  EXPECT_EQ(after.handled - handled, 3u);
  this->pass(1s);
  EXPECT_EQ(report().paused_time, after.paused_time);
}

TYPED_TEST(flow_report_test, time_that_senders_are_held_is_counted) {
  auto source = this->make_probe(this->make_notes());
  auto sender = this->make_probe(this->make_notes());
  auto x = this->make_counter(this->make_notes());
  this->tell(x, pressure::applied, source);
  this->send(sender, x, 1, 10);
  this->pass(2s);
  auto full = this->flow_of(x).report();
  EXPECT_TRUE(full.overloaded);
  EXPECT_EQ(full.overloads, 1u);
  EXPECT_GE(full.holding_time, 2s);
  this->tell(x, pressure::released, source);
  this->settle();
  auto after = this->flow_of(x).report();
  EXPECT_FALSE(after.overloaded);
  EXPECT_GE(after.holding_time, 2s);
  EXPECT_LE(after.holding_time, 2'100ms);
  EXPECT_EQ(after.peak, 10u);
}

TYPED_TEST(flow_report_test, table_has_it_from_its_start_to_its_end) {
  std::string name =
      std::is_same_v<TypeParam, on_loop> ? "pinned_flow_actor" : "flow_actor";
  auto before = this->totals(name);
  auto sender = this->make_probe(this->make_notes());
  auto x = this->make_counter(this->make_notes());
  EXPECT_EQ(this->totals(name).actors, before.actors + 1);
  this->send(sender, x, 1, 3);
  this->settle();
  auto handled = this->flow_of(x).report().handled;
  EXPECT_GE(handled, 3u);
  caf::anon_send_exit(x, caf::exit_reason::kill);
  this->settle();
  auto after = this->totals(name);
  EXPECT_EQ(after.actors, before.actors);
  EXPECT_GE(after.handled, before.handled + handled);
}

} // namespace
} // namespace sluice::actors::testing
