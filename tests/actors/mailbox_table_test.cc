#include "actors/mailbox_table.h"

#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

namespace sluice::actors {
namespace {

namespace limits = runtime::limits;
using namespace std::chrono_literals;

struct fake_mailbox final : listed_mailbox {
  ~fake_mailbox() { mailbox_table::instance().remove(*this); }
  mailbox_report report() const override { return now; }
  mailbox_report now;
};

/// The table is that of the process, so each test has names of its own.
mailbox_totals totals_of(const std::string& name) {
  for (auto& x : mailbox_table::instance().totals())
    if (x.name == name)
      return x;
  return {};
}

TEST(mailbox_table_test, sums_are_those_of_a_name) {
  auto& table = mailbox_table::instance();
  fake_mailbox a;
  fake_mailbox b;
  fake_mailbox other;
  a.now = {.id = 1, .queued = 3, .peak = 7, .overloaded = true, .overloads = 2};
  b.now = {.id = 2, .queued = 4, .peak = 5, .paused = true, .pauses = 1};
  other.now = {.queued = 100};
  table.add(a, "summed");
  table.add(a, "summed"); // is there
  table.add(b, "summed");
  table.add(other, "not summed");
  auto sums = totals_of("summed");
  EXPECT_EQ(sums.actors, 2u);
  EXPECT_EQ(sums.queued, 7u);
  EXPECT_EQ(sums.peak, 7u);
  EXPECT_EQ(sums.overloaded, 1u);
  EXPECT_EQ(sums.overloads, 2u);
  EXPECT_EQ(sums.paused, 1u);
  EXPECT_EQ(sums.pauses, 1u);
}

TEST(mailbox_table_test, counts_of_those_that_ended_stay) {
  auto& table = mailbox_table::instance();
  {
    fake_mailbox a;
    a.now = {.queued = 3,
             .peak = 9,
             .overloads = 2,
             .holding_time = 2s,
             .paused_time = 1s,
             .handled = 50,
             .refused = 6};
    table.add(a, "ended");
    table.remove(a);
    table.remove(a); // is gone
  }
  fake_mailbox b;
  b.now = {.handled = 5};
  table.add(b, "ended");
  auto sums = totals_of("ended");
  EXPECT_EQ(sums.actors, 1u);
  EXPECT_EQ(sums.queued, 0u) << "nothing waits in a mailbox that has ended";
  EXPECT_EQ(sums.peak, 9u);
  EXPECT_EQ(sums.overloads, 2u);
  EXPECT_EQ(sums.holding_time, 2s);
  EXPECT_EQ(sums.paused_time, 1s);
  EXPECT_EQ(sums.handled, 55u);
  EXPECT_EQ(sums.refused, 6u);
}

TEST(mailbox_table_test, fullest_come_first_and_before_them_who_holds_others) {
  auto& table = mailbox_table::instance();
  std::deque<fake_mailbox> all(5);
  auto big = std::uint64_t{1} << 40; // more than other tests have
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].now = {.id = i + 1, .queued = big + 10 * ((i * 3) % 5)};
    table.add(all[i], "listed");
  }
  all[2].now.overloaded = true; // has 10 in it
  std::vector<caf::actor_id> ids;
  for (auto& x : table.fullest(4)) {
    EXPECT_EQ(x.name, "listed");
    ids.push_back(x.id);
  }
  EXPECT_EQ(ids, (std::vector<caf::actor_id>{3, 4, 2, 5}));
  EXPECT_TRUE(table.fullest(0).empty());
}

TEST(mailbox_table_test, names_are_lines_that_can_be_printed) {
  auto& table = mailbox_table::instance();
  fake_mailbox odd;
  table.add(odd, "odd\n\xff name");
  EXPECT_EQ(totals_of("odd?? name").actors, 1u);
  fake_mailbox lengthy;
  auto text = std::string(1'000, 'n');
  table.add(lengthy, text.c_str());
  EXPECT_EQ(totals_of(text.substr(0, limits::mailbox_name_bytes_max)).actors,
            1u);
}

// The last one: it uses the names up.
TEST(mailbox_table_test, names_without_end_become_one) {
  auto& table = mailbox_table::instance();
  std::deque<fake_mailbox> all(1'000);
  for (std::size_t i = 0; i < all.size(); ++i)
    table.add(all[i], ("name " + std::to_string(i)).c_str());
  auto totals = table.totals();
  EXPECT_LE(totals.size(), limits::mailbox_names_max + 1);
  std::uint64_t actors = 0;
  for (auto& x : totals)
    if (x.name.starts_with("name ") || x.name == "other")
      actors += x.actors;
  EXPECT_EQ(actors, 1'000u);
  EXPECT_GT(totals_of("other").actors, 900u);
}

} // namespace
} // namespace sluice::actors
