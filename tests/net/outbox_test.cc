#include "net/outbox.h"

#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::net {
namespace {

constexpr runtime::watermarks small{.high = 10, .low = 5};
constexpr runtime::watermarks large{.high = 100, .low = 50};

void fill_and_empty(outbox& x) {
  x.queue.push(nullptr, {{}, byte_slice::copy("some bytes"), {}}, 0, false);
  iovec part;
  ASSERT_EQ(x.queue.gather({&part, 1}), 1u);
  x.queue.taken(10, [](auto&&...) {});
}

TEST(outbox_test, is_empty_and_open_with_the_marks_asked_for) {
  auto x = outbox::acquire(small);
  EXPECT_TRUE(x->queue.empty());
  EXPECT_FALSE(x->valve.closed());
  EXPECT_EQ(x->valve.marks().high, 10u);
  outbox::recycle(std::move(x));
}

TEST(outbox_test, recycled_one_serves_the_next_with_other_marks) {
  auto first = outbox::acquire(small);
  auto address = first.get();
  fill_and_empty(*first);
  outbox::recycle(std::move(first));
  auto second = outbox::acquire(large);
  EXPECT_EQ(second.get(), address);
  EXPECT_EQ(second->valve.marks().high, 100u);
  EXPECT_EQ(second->valve.marks().low, 50u);
  EXPECT_TRUE(second->queue.empty());
  outbox::recycle(std::move(second));
}

TEST(outbox_test, two_at_once_are_two) {
  auto one = outbox::acquire(small);
  auto two = outbox::acquire(small);
  EXPECT_NE(one.get(), two.get());
  outbox::recycle(std::move(one));
  outbox::recycle(std::move(two));
}

TEST(outbox_test, more_than_the_spares_are_given_back) {
  std::vector<std::unique_ptr<outbox>> all;
  for (std::size_t i = 0; i < runtime::limits::spare_queues + 10; ++i)
    all.push_back(outbox::acquire(small));
  for (auto& x : all)
    outbox::recycle(std::move(x));
  EXPECT_NE(outbox::acquire(small), nullptr);
}

TEST(outbox_death_test, recycling_one_with_bytes_panics) {
  auto x = outbox::acquire(small);
  x->queue.push(nullptr, {{}, byte_slice::copy("lost"), {}}, 0, false);
  EXPECT_DEATH(outbox::recycle(std::move(x)), "with bytes in it");
}

} // namespace
} // namespace sluice::net
