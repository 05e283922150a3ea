#include "actors/process/events.h"

#include "actors/process/commands.h"
#include "net/config.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace sluice::actors::process {
namespace {

using namespace std::chrono_literals;

/// What another node gets of a message with `x`.
template <class T>
T travel(const T& x) {
  net::config cfg;
  add_process_types(cfg);
  caf::actor_system sys{cfg};
  std::vector<char> wire;
  caf::binary_serializer sink{sys, wire};
  auto sent = caf::make_message(x);
  EXPECT_FALSE(sink(sent));
  caf::binary_deserializer source{sys, wire};
  caf::message got;
  EXPECT_FALSE(source(got));
  return got.match_elements<T>() ? got.get_as<T>(0) : T{};
}

TEST(events_test, values_have_names) {
  EXPECT_EQ(to_string(output_stream::output), "output");
  EXPECT_EQ(to_string(output_stream::error), "error");
  EXPECT_EQ(to_string(process_end::exited), "exited");
  EXPECT_EQ(to_string(process_end::killed), "killed");
  EXPECT_EQ(to_string(process_end::unknown), "unknown");
}

TEST(events_test, events_travel_between_nodes) {
  EXPECT_EQ(travel(process_started{42}).pid, 42);
  auto output = travel(process_output{output_stream::error,
                                      runtime::byte_slice::copy("abc"), true});
  EXPECT_EQ(output.stream, output_stream::error);
  EXPECT_EQ(output.bytes.view(), "abc");
  EXPECT_TRUE(output.more);
  auto error = runtime::make_error(runtime::errc::process_failed, "why");
  auto ended =
      travel(process_ended{process_end::killed, 9, 5s, true, true, error});
  EXPECT_EQ(ended.how, process_end::killed);
  EXPECT_EQ(ended.status, 9);
  EXPECT_EQ(ended.ran_for, 5s);
  EXPECT_TRUE(ended.asked);
  EXPECT_TRUE(ended.cut);
  EXPECT_EQ(runtime::to_text(ended.error), "why");
}

TEST(events_test, commands_travel_between_nodes) {
  EXPECT_EQ(travel(signal_process{15}).number, 15);
  EXPECT_EQ(travel(stop_process{3s}).deadline, 3s);
}

} // namespace
} // namespace sluice::actors::process
