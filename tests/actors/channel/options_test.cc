#include "actors/channel/options.h"

#include "runtime/error.h"

#include <gtest/gtest.h>

#include <functional>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;

template <class Options>
struct bad_setting {
  const char* setting; // named by the error
  std::function<void(Options&)> spoil;
};

/// Each of them is refused, by an error that names it.
template <class Options>
void expect_refused(const std::vector<bad_setting<Options>>& all) {
  for (auto& [setting, spoil] : all) {
    Options x;
    spoil(x);
    auto err = x.check();
    EXPECT_EQ(err.category(), runtime::error_category) << setting;
    EXPECT_EQ(err.code(), static_cast<std::uint8_t>(runtime::errc::bad_setting))
        << setting;
    EXPECT_NE(runtime::to_text(err).find(setting), std::string::npos)
        << runtime::to_text(err);
  }
}

TEST(options_test, defaults_are_good) {
  EXPECT_EQ(outlet_options{}.check(), caf::none);
  EXPECT_EQ(inlet_options{}.check(), caf::none);
  EXPECT_EQ(host_options{}.check(), caf::none);
}

TEST(options_test, marks_of_an_outlet_have_an_order) {
  expect_refused<outlet_options>({
      {"pending_marks.low",
       [](auto& x) { x.pending_marks.low = x.pending_marks.high; }},
      {"pending_cap_bytes",
       [](auto& x) { x.pending_cap_bytes = x.pending_marks.high - 1; }},
  });
  outlet_options x;
  x.pending_cap_bytes = x.pending_marks.high;
  EXPECT_EQ(x.check(), caf::none);
}

TEST(options_test, window_of_an_inlet_has_room_and_a_bound) {
  constexpr auto too_large = (std::size_t{1} << 40) + 1;
  expect_refused<inlet_options>({
      {"window_messages", [](auto& x) { x.window_messages = 0; }},
      {"window_messages", [](auto& x) { x.window_messages = too_large; }},
      {"window_bytes", [](auto& x) { x.window_bytes = 0; }},
      {"window_bytes", [](auto& x) { x.window_bytes = too_large; }},
  });
  EXPECT_EQ((inlet_options{.window_messages = 1, .window_bytes = 1}.check()),
            caf::none);
}

TEST(options_test, times_of_a_host_fit_together) {
  expect_refused<host_options>({
      {"ping_interval", [](auto& x) { x.ping_interval = 0s; }},
      {"ping_interval", [](auto& x) { x.ping_interval = -1s; }},
      {"ping_interval", [](auto& x) { x.ping_interval = x.silence_max; }},
      {"silence_max", [](auto& x) { x.silence_max = -1s; }},
      {"handshake", [](auto& x) { x.handshake = 0s; }},
      {"connect_deadline", [](auto& x) { x.connect_deadline = 0s; }},
      {"link_queue_bytes", [](auto& x) { x.link_queue_bytes = 0; }},
      {"send_buffer_bytes", [](auto& x) { x.send_buffer_bytes = -1; }},
      {"receive_buffer_bytes", [](auto& x) { x.receive_buffer_bytes = -1; }},
  });
}

TEST(options_test, host_may_wait_for_ever_for_a_silent_one) {
  host_options x;
  x.silence_max = 0s;
  x.ping_interval = 24h;
  EXPECT_EQ(x.check(), caf::none);
}

} // namespace
} // namespace sluice::actors::channel
