#pragma once

// Running a test through many seeds, and a failed one again.
//
//   TEST(stream_broker_test, every_byte_is_accounted_for) {
//     for_each_seed(2'000, [](std::uint64_t seed) {
//       sim_world world{seed};
//       ...
//     });
//   }
//
// Environment: SLUICE_SEED=n runs only seed n and prints the world's trace to
// standard error; SLUICE_SEEDS=n replaces the number of seeds.
//
// For tests. Thread rule: the test's thread. Lifetime: functions only.

#include <cstdint>
#include <functional>
#include <optional>

namespace sluice::testing {

/// Calls `run` with the seeds 1 to `count`, until the current test has a new
/// failure. Then it prints "replay with SLUICE_SEED=n" and stops; it also
/// prints that line when `run` throws or the process aborts.
void for_each_seed(std::uint64_t count,
                   const std::function<void(std::uint64_t)>& run);

/// The value of SLUICE_SEED. Aborts with a message if it is not a number.
std::optional<std::uint64_t> replayed_seed();

} // namespace sluice::testing
