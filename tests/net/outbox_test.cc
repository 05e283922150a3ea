#include "net/outbox.h"

#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::net {
namespace {

void fill_and_empty(outbox& x) {
  x.queue.push(nullptr, {{}, byte_slice::copy("some bytes"), {}}, 0, false);
  iovec part;
  ASSERT_EQ(x.queue.gather({&part, 1}), 1u);
  x.queue.taken(10, [](auto&&...) {});
}

TEST(outbox_test, is_empty_in_the_beginning) {
  auto x = outbox::acquire();
  EXPECT_TRUE(x->queue.empty());
  outbox::recycle(std::move(x));
}

TEST(outbox_test, recycled_one_serves_the_next) {
  auto first = outbox::acquire();
  auto address = first.get();
  fill_and_empty(*first);
  outbox::recycle(std::move(first));
  auto second = outbox::acquire();
  EXPECT_EQ(second.get(), address);
  EXPECT_TRUE(second->queue.empty());
  outbox::recycle(std::move(second));
}

TEST(outbox_test, two_at_once_are_two) {
  auto one = outbox::acquire();
  auto two = outbox::acquire();
  EXPECT_NE(one.get(), two.get());
  outbox::recycle(std::move(one));
  outbox::recycle(std::move(two));
}

TEST(outbox_test, more_than_the_spares_are_given_back) {
  std::vector<std::unique_ptr<outbox>> all;
  for (std::size_t i = 0; i < runtime::limits::spare_queues + 10; ++i)
    all.push_back(outbox::acquire());
  for (auto& x : all)
    outbox::recycle(std::move(x));
  EXPECT_NE(outbox::acquire(), nullptr);
}

TEST(outbox_death_test, recycling_one_with_bytes_panics) {
  auto x = outbox::acquire();
  x->queue.push(nullptr, {{}, byte_slice::copy("lost"), {}}, 0, false);
  EXPECT_DEATH(outbox::recycle(std::move(x)), "with bytes in it");
}

} // namespace
} // namespace sluice::net
