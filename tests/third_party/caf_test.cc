// The CAF that this tree is linked with is the one it was written for: much of
// runtime/ rests on the insides of 0.17.6.

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <chrono>

namespace {

TEST(caf_test, headers_are_of_version_0_17_6) {
  EXPECT_EQ(CAF_VERSION, 1706);
}

TEST(caf_test, scheduled_actor_answers_a_request) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto doubler = system.spawn(
      []() -> caf::behavior { return {[](int value) { return 2 * value; }}; });
  caf::scoped_actor self{system};
  int answer = 0;
  self->request(doubler, std::chrono::seconds{10}, 21)
      .receive(
          [&](int value) { answer = value; },
          [&](const caf::error& reason) { FAIL() << system.render(reason); });
  EXPECT_EQ(answer, 42);
}

} // namespace
