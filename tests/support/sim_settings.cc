#include "tests/support/sim_settings.h"

#include <algorithm>

namespace sluice::testing {

namespace {

constexpr std::size_t buffer_bytes_max = 256 * 1024;

using std::chrono::microseconds;

// Zero in half of the cases, otherwise up to `max` with low rates likelier.
unsigned draw_rate(random_source& random, unsigned max) {
  if (random.below(2) == 0)
    return 0;
  return static_cast<unsigned>(random.size_between(1, max));
}

size_range draw_sizes(random_source& random, std::size_t max) {
  auto a = random.size_between(1, max);
  auto b = random.size_between(1, max);
  return a < b ? size_range{a, b} : size_range{b, a};
}

} // namespace

std::size_t sim_settings::easy_bytes() const {
  auto least = std::min(
      {send_buffer_bytes.min, receive_buffer_bytes.min, segment_bytes.max});
  return std::clamp<std::size_t>(least * 200, 200, buffer_bytes_max);
}

sim_settings sim_settings::drawn(random_source& random) {
  sim_settings result;
  result.send_buffer_bytes = draw_sizes(random, buffer_bytes_max);
  result.receive_buffer_bytes = draw_sizes(random, buffer_bytes_max);
  result.datagram_buffer_bytes = draw_sizes(random, buffer_bytes_max);
  // Small segments make many events, so not every world has only such.
  result.segment_bytes = {1, random.size_between(512, 64 * 1024)};
  auto latency = draw_sizes(random, 100'000);
  result.latency = {microseconds{latency.min}, microseconds{latency.max}};
  auto& faults = result.faults;
  faults.interrupted = draw_rate(random, 200);
  faults.again = draw_rate(random, 200);
  faults.spurious = draw_rate(random, 200);
  faults.short_read = draw_rate(random, 500);
  faults.short_write = draw_rate(random, 500);
  faults.connected_at_once = draw_rate(random, 500);
  faults.accept_aborted = draw_rate(random, 50);
  faults.shortage = draw_rate(random, 50);
  faults.slow_segment = draw_rate(random, 20);
  faults.lost_datagram = draw_rate(random, 300);
  faults.doubled_datagram = draw_rate(random, 100);
  faults.late_datagram = draw_rate(random, 300);
  faults.no_buffers = draw_rate(random, 100);
  return result;
}

} // namespace sluice::testing
