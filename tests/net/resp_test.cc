#include "net/resp.h"

#include "tests/net/allocations.h"
#include "tests/net/framing.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using namespace sluice::testing;
using strings = std::vector<std::string>;
using type = resp_element::type;

/// The arguments of a frame, or the error as the only one.
strings split(std::string_view frame) {
  std::vector<std::string_view> args{"old"};
  std::string unescaped{"old"};
  auto error = split_command(frame, args, unescaped);
  if (!error.empty()) {
    EXPECT_TRUE(args.empty());
    return {std::string{error}};
  }
  return {args.begin(), args.end()};
}

template <class... Ts>
std::string appended(void (*append)(std::string&, Ts...),
                     std::type_identity_t<Ts>... xs) {
  std::string out = "before ";
  append(out, xs...);
  EXPECT_TRUE(out.starts_with("before "));
  return out.substr(7);
}

std::string command_of(const strings& args) {
  std::vector<std::string_view> views{args.begin(), args.end()};
  std::string out;
  append_command(out, views);
  return out;
}

const strings unbalanced{"Protocol error: unbalanced quotes in request"};

// -- servers ------------------------------------------------------------------

TEST(resp_test, multibulk_command_is_split) {
  EXPECT_EQ(split("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"),
            (strings{"SET", "k", ""}));
}

TEST(resp_test, empty_commands_have_no_arguments) {
  for (auto frame : {"*0\r\n", "*-1\r\n", "\r\n", "\n", " \t \r\n"})
    EXPECT_EQ(split(frame), strings{}) << frame;
}

TEST(resp_test, arguments_are_views_of_the_frame) {
  std::string frame = "*1\r\n$4\r\nPING\r\n";
  std::vector<std::string_view> args;
  std::string unescaped;
  EXPECT_EQ(split_command(frame, args, unescaped), "");
  EXPECT_EQ(args.at(0).data(), frame.data() + 8);
}

TEST(resp_test, what_is_no_whole_frame_is_an_error) {
  std::string frame = "*2\r\n$4\r\nPING\r\n$10\r\n0123456789\r\n";
  EXPECT_EQ(split(frame), (strings{"PING", "0123456789"}));
  for (std::size_t size = 1; size < frame.size(); ++size)
    EXPECT_TRUE(split(frame.substr(0, size)).at(0).starts_with("Protocol"))
        << size;
  EXPECT_TRUE(split("*1\r\n$9223372036854775807\r\nx\r\n")
                  .at(0)
                  .starts_with("Protocol"));
}

TEST(resp_test, inline_command_is_split_at_blanks) {
  EXPECT_EQ(split("SET key value\r\n"), (strings{"SET", "key", "value"}));
  EXPECT_EQ(split("  SET\tkey  value \n"), (strings{"SET", "key", "value"}));
}

TEST(resp_test, double_quotes_hold_blanks_and_escapes) {
  EXPECT_EQ(split("SET k \"a b\"\r\n"), (strings{"SET", "k", "a b"}));
  EXPECT_EQ(split("ECHO \"\\x41\\x0a\\n\\r\\t\\b\\a\\\\\\\"\\q\"\r\n"),
            (strings{"ECHO", "A\n\n\r\t\b\a\\\"q"}));
  EXPECT_EQ(split("ECHO \"\\x4\" \"\\xzz\"\n"), (strings{"ECHO", "x4", "xzz"}));
  EXPECT_EQ(split("SET k \"\"\r\n"), (strings{"SET", "k", ""}));
}

TEST(resp_test, single_quotes_hold_all_but_their_own_escape) {
  EXPECT_EQ(split("SET k 'a \\n \\' \"b'\r\n"),
            (strings{"SET", "k", "a \\n ' \"b"}));
}

TEST(resp_test, backslash_outside_of_quotes_is_a_backslash) {
  EXPECT_EQ(split("SET k a\\nb\r\n"), (strings{"SET", "k", "a\\nb"}));
}

TEST(resp_test, quotes_may_open_inside_an_argument_and_end_it) {
  EXPECT_EQ(split("SET k a\"b c\" 'd'\r\n"),
            (strings{"SET", "k", "ab c", "d"}));
  EXPECT_EQ(split("SET k \"a\"b\r\n"), unbalanced);
  EXPECT_EQ(split("SET k \"a\"\"b\"\r\n"), unbalanced);
}

TEST(resp_test, open_quotes_are_an_error) {
  for (auto line : {"SET k \"v\r\n", "SET k 'v\r\n", "\"\n", "'", "\"\\",
                    "SET k \"v\\\"\r\n", "SET k 'v\\'\r\n"})
    EXPECT_EQ(split(line), unbalanced) << line;
}

TEST(resp_test, several_quoted_arguments_share_the_scratch_string) {
  std::vector<std::string_view> args;
  std::string unescaped;
  EXPECT_EQ(split_command("\"a\" plain 'b' \"c\"\n", args, unescaped), "");
  EXPECT_EQ((strings{args.begin(), args.end()}),
            (strings{"a", "plain", "b", "c"}));
}

TEST(resp_test, splitting_and_answering_do_not_allocate_in_the_long_run) {
  std::vector<std::string_view> args;
  std::string unescaped;
  std::string out;
  auto run = [&] {
    out.clear();
    split_command("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", args, unescaped);
    split_command("SET \"some key that is longer than a short string\" 'v'\r\n",
                  args, unescaped);
    append_simple(out, "OK");
    append_integer(out, -1234567890123);
    append_bulk(out, args[1]);
    append_array(out, 3);
  };
  run();
  reset_allocations();
  for (int i = 0; i < 100; ++i)
    run();
  EXPECT_EQ(allocations().calls, 0u);
}

TEST(resp_test, replies_are_worded_as_the_protocol_says) {
  EXPECT_EQ(appended(append_simple, "OK"), "+OK\r\n");
  EXPECT_EQ(appended(append_error, "ERR no"), "-ERR no\r\n");
  EXPECT_EQ(appended(append_bulk, "a\r\nb"), "$4\r\na\r\nb\r\n");
  EXPECT_EQ(appended(append_bulk, ""), "$0\r\n\r\n");
  EXPECT_EQ(appended(append_bulk, std::string(10, 'x')),
            "$10\r\nxxxxxxxxxx\r\n");
  EXPECT_EQ(appended(append_null), "$-1\r\n");
  EXPECT_EQ(appended(append_null_array), "*-1\r\n");
  EXPECT_EQ(appended(append_array, 0), "*0\r\n");
  EXPECT_EQ(appended(append_array, 1048576), "*1048576\r\n");
}

TEST(resp_test, integers_have_all_their_digits) {
  EXPECT_EQ(appended(append_integer, 0), ":0\r\n");
  EXPECT_EQ(appended(append_integer, 9), ":9\r\n");
  EXPECT_EQ(appended(append_integer, 10), ":10\r\n");
  EXPECT_EQ(appended(append_integer, -1), ":-1\r\n");
  EXPECT_EQ(appended(append_integer, INT64_MAX), ":9223372036854775807\r\n");
  EXPECT_EQ(appended(append_integer, INT64_MIN), ":-9223372036854775808\r\n");
}

TEST(resp_test, line_end_in_a_line_cannot_forge_a_second_reply) {
  EXPECT_EQ(appended(append_error, "ERR bad '\r\n+OK'"),
            "-ERR bad '  +OK'\r\n");
  EXPECT_EQ(appended(append_simple, "a\nb"), "+a b\r\n");
}

// -- clients ------------------------------------------------------------------

TEST(resp_test, command_is_an_array_of_bulk_strings) {
  EXPECT_EQ(command_of({"SET", "k", ""}),
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
}

TEST(resp_test, elements_of_a_reply_are_taken_one_by_one) {
  std::string_view rest = "*5\r\n+OK\r\n-ERR no\r\n:-7\r\n$2\r\nhi\r\n$-1\r\n";
  resp_element x;
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::array);
  EXPECT_EQ(x.number, 5);
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::simple);
  EXPECT_EQ(x.text, "OK");
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::error);
  EXPECT_EQ(x.text, "ERR no");
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::integer);
  EXPECT_EQ(x.number, -7);
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::bulk);
  EXPECT_EQ(x.text, "hi");
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::null);
  EXPECT_TRUE(rest.empty());
  EXPECT_FALSE(take_element(rest, x));
}

TEST(resp_test, minus_one_is_an_integer_but_a_null_bulk_string_and_array) {
  resp_element x;
  std::string_view rest = ":-1\r\n$-1\r\n*-1\r\n";
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::integer);
  EXPECT_EQ(x.number, -1);
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::null);
  ASSERT_TRUE(take_element(rest, x));
  EXPECT_EQ(x.what, type::null);
}

TEST(resp_test, element_that_is_not_whole_is_left_alone) {
  for (std::string_view text :
       {"", "$2\r\nhi\r", "$9223372036854775807\r\nhi", "$-2\r\n", "*-2\r\n",
        "x\r\n", ":\r\n", "+OK"}) {
    resp_element x;
    auto rest = text;
    EXPECT_FALSE(take_element(rest, x)) << text;
    EXPECT_EQ(rest, text);
  }
}

TEST(resp_test, random_commands_come_out_as_they_went_in) {
  for_each_seed(1000, [](std::uint64_t seed) {
    random_source random{seed};
    strings args(random.between(1, 10));
    for (auto& arg : args)
      arg = random_text(random, random.size_between(0, 3000));
    EXPECT_EQ(split(command_of(args)), args);
  });
}

TEST(resp_test, random_inline_commands_come_out_as_they_went_in) {
  for_each_seed(1000, [](std::uint64_t seed) {
    random_source random{seed};
    strings args(random.between(1, 10));
    std::string line;
    for (auto& arg : args) {
      arg = random_text(random, random.below(20));
      line += " \"";
      for (char c : arg) {
        constexpr std::string_view hex = "0123456789abcdefABCDEF";
        auto byte = static_cast<unsigned char>(c);
        line += "\\x";
        line += hex[byte >> 4];
        line += hex[byte & 15];
      }
      line += '"';
    }
    EXPECT_EQ(split(line + "\r\n"), args);
  });
}

TEST(resp_test, garbage_is_split_or_refused) {
  for_each_seed(5000, [](std::uint64_t seed) {
    random_source random{seed};
    auto text = random_text(random, random.below(60),
                            random.per_mille(800) ? "*$1230\r\n \"'\\x:" : "");
    auto args = split(text);
    std::size_t size = 0;
    for (auto& arg : args)
      size += arg.size();
    if (!args.empty() && !args[0].starts_with("Protocol error: ")) {
      EXPECT_LE(size, text.size());
    }
    resp_element x;
    std::string_view rest = text;
    while (take_element(rest, x))
      EXPECT_LE(x.text.size(), text.size());
  });
}

} // namespace
} // namespace sluice::net
