#include "actors/process/process_options.h"

#include "runtime/error.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::actors::process {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::string verdict(const process_options& x) {
  auto error = x.check();
  if (error) {
    EXPECT_EQ(error, runtime::make_error(runtime::errc::bad_setting, ""));
  }
  return error ? runtime::to_text(error) : "";
}

TEST(process_options_test, program_alone_is_enough) {
  EXPECT_EQ(verdict({.program = "x"}), "");
}

TEST(process_options_test, program_is_not_empty) {
  EXPECT_EQ(verdict({.program = ""}), "program is empty");
}

TEST(process_options_test, text_with_a_byte_0_is_refused) {
  EXPECT_EQ(verdict({.program = "a\0b"s}), "program has a byte 0");
  EXPECT_EQ(verdict({.program = "x", .arguments = {"", "a\0b"s}}),
            "arguments: one has a byte 0");
  EXPECT_EQ(verdict({.program = "x", .environment = {{"a", "\0"s}}}),
            "environment: the value of 'a' has a byte 0");
  process_options options{.program = "x"};
  options.working_directory = "/\0"s;
  EXPECT_EQ(verdict(options), "working_directory has a byte 0");
}

TEST(process_options_test, name_of_a_variable_is_one) {
  EXPECT_EQ(verdict({.program = "x", .environment = {{"", "1"}}}),
            "environment: '' is no name of a variable");
  EXPECT_EQ(verdict({.program = "x", .environment = {{"a=b", "1"}}}),
            "environment: 'a=b' is no name of a variable");
  EXPECT_NE(verdict({.program = "x", .environment = {{"a\0"s, "1"}}}), "");
  EXPECT_EQ(verdict({.program = "x", .environment = {{"a", "=1"}}}), "");
}

TEST(process_options_test, line_has_a_byte_and_a_bound) {
  process_options options{.program = "x"};
  for (std::size_t good : {1, 16 * 1024 * 1024}) {
    options.line_bytes_max = good;
    EXPECT_EQ(verdict(options), "");
  }
  options.line_bytes_max = 0;
  EXPECT_EQ(verdict(options),
            "line_bytes_max (0) is not between 1 and 16777216");
  options.line_bytes_max = 16 * 1024 * 1024 + 1;
  EXPECT_EQ(verdict(options),
            "line_bytes_max (16777217) is not between 1 and 16777216");
}

TEST(process_options_test, waits_are_not_negative) {
  process_options options{.program = "x"};
  options.stop_wait = options.drain_wait = 0s;
  EXPECT_EQ(verdict(options), "");
  options.stop_wait = -1ns;
  EXPECT_EQ(verdict(options), "stop_wait is negative");
  options.stop_wait = 0s;
  options.drain_wait = -1ns;
  EXPECT_EQ(verdict(options), "drain_wait is negative");
}

} // namespace
} // namespace sluice::actors::process
