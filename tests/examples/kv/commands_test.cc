#include "examples/kv/commands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::examples::kv {
namespace {

// One client of one server, at a time of its own.
class commands_test : public ::testing::Test {
protected:
  std::string run(const std::vector<std::string_view>& args) {
    std::string reply;
    execute(me_, args, now_, reply);
    return reply;
  }

  // `line` in words at single blanks.
  std::string ask(std::string_view line) {
    std::vector<std::string_view> args;
    while (true) {
      auto end = std::min(line.find(' '), line.size());
      args.push_back(line.substr(0, end));
      if (end == line.size())
        break;
      line.remove_prefix(end + 1);
    }
    return run(args);
  }

  time_ms now_ = 1'700'000'000'000;
  server home_{now_};
  session me_{home_, "10.0.0.1:5000", "10.0.0.2:6379", now_};
};

constexpr auto ok = "+OK\r\n";
constexpr auto null = "$-1\r\n";

TEST_F(commands_test, no_arguments_get_no_reply) {
  EXPECT_EQ(run({}), "");
}

TEST_F(commands_test, names_and_options_are_accepted_in_any_case) {
  EXPECT_EQ(ask("sEt A 1 eX 10 nX"), ok);
  EXPECT_EQ(ask("GET A"), "$1\r\n1\r\n");
  EXPECT_EQ(ask("get a"), null);
}

TEST_F(commands_test, unknown_command_is_quoted_with_its_arguments) {
  EXPECT_EQ(ask("foo bar baz"),
            "-ERR unknown command 'foo', with args beginning with: 'bar' "
            "'baz' \r\n");
  EXPECT_EQ(run({"a\r\nb", std::string_view{"c\0d", 3}}),
            "-ERR unknown command 'a  b', with args beginning with: 'c' \r\n");
}

TEST_F(commands_test, quotation_of_an_unknown_command_is_cut_off) {
  std::string huge(1'000'000, 'x');
  EXPECT_LT(run({huge, huge, huge}).size(), 400U);
}

TEST_F(commands_test, name_that_only_begins_or_ends_like_a_command_is_unknown) {
  for (std::string_view name :
       {"ge", "gett", "get ", "", "g", "flushallflushall", "flushallflushallx"})
    EXPECT_TRUE(run({name}).starts_with("-ERR unknown command '")) << name;
  EXPECT_TRUE(run({std::string_view{"get\0", 4}, "a"})
                  .starts_with("-ERR unknown command 'get'"));
}

TEST_F(commands_test, wrong_number_of_arguments_names_the_command) {
  EXPECT_EQ(ask("GET"), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(ask("get a b"),
            "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(ask("mset a 1 b"),
            "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(ask("CONFIG GET"),
            "-ERR wrong number of arguments for 'config|get' command\r\n");
  EXPECT_EQ(ask("client"),
            "-ERR wrong number of arguments for 'client' command\r\n");
}

TEST_F(commands_test, unknown_subcommand_points_to_help) {
  EXPECT_EQ(ask("client foo"),
            "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
  EXPECT_TRUE(ask("client help").starts_with("*6\r\n+CLIENT <subcommand>"));
}

TEST_F(commands_test, set_obeys_nx_and_xx) {
  EXPECT_EQ(ask("set a 1 xx"), null);
  EXPECT_EQ(ask("set a 1 nx"), ok);
  EXPECT_EQ(ask("set a 2 nx"), null);
  EXPECT_EQ(ask("get a"), "$1\r\n1\r\n");
  EXPECT_EQ(ask("set a 2 xx"), ok);
  EXPECT_EQ(ask("get a"), "$1\r\n2\r\n");
  EXPECT_EQ(ask("set a 2 xx nx"), "-ERR syntax error\r\n");
}

TEST_F(commands_test, set_with_get_returns_the_old_value_set_or_not) {
  EXPECT_EQ(ask("set a 1 get"), null);
  EXPECT_EQ(ask("set a 2 get"), "$1\r\n1\r\n");
  EXPECT_EQ(ask("set a 3 nx get"), "$1\r\n2\r\n");
  EXPECT_EQ(ask("get a"), "$1\r\n2\r\n");
}

TEST_F(commands_test, set_forgets_the_deadline_unless_told_to_keep_it) {
  ask("set a 1 ex 100");
  ask("set a 2 keepttl");
  EXPECT_EQ(ask("ttl a"), ":100\r\n");
  ask("set a 3");
  EXPECT_EQ(ask("ttl a"), ":-1\r\n");
}

TEST_F(commands_test, set_takes_deadlines_in_four_units) {
  ask("set a 1 ex 10");
  EXPECT_EQ(ask("pttl a"), ":10000\r\n");
  ask("set a 1 px 10");
  EXPECT_EQ(ask("pttl a"), ":10\r\n");
  ask("set a 1 exat 1700000001");
  EXPECT_EQ(ask("pttl a"), ":1000\r\n");
  ask("set a 1 pxat 1700000000007");
  EXPECT_EQ(ask("pttl a"), ":7\r\n");
  EXPECT_EQ(ask("set a 1 ex 10 px 10"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("set a 1 ex 10 keepttl"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("set a 1 ex"), "-ERR syntax error\r\n");
}

TEST_F(commands_test, set_with_a_bad_time_changes_nothing) {
  ask("set a 1");
  for (auto line :
       {"set a 2 ex 0", "set a 2 px -1", "set a 2 exat 0",
        "set a 2 ex 9223372036854775807", "set a 2 px 9223372036854775807"})
    EXPECT_EQ(ask(line), "-ERR invalid expire time in 'set' command\r\n")
        << line;
  EXPECT_EQ(ask("setex a 0 2"),
            "-ERR invalid expire time in 'setex' command\r\n");
  EXPECT_EQ(ask("set a 2 ex soon"),
            "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(ask("get a"), "$1\r\n1\r\n");
}

TEST_F(commands_test, key_is_gone_when_its_time_has_come) {
  ask("set a 1 px 10");
  now_ += 9;
  EXPECT_EQ(ask("get a"), "$1\r\n1\r\n");
  now_ += 1;
  EXPECT_EQ(ask("get a"), null);
  EXPECT_EQ(ask("ttl a"), ":-2\r\n");
  EXPECT_EQ(ask("set a 1 xx"), null);
  EXPECT_EQ(ask("dbsize"), ":0\r\n");
}

TEST_F(commands_test, reading_does_not_move_a_deadline_and_counting_neither) {
  ask("set a 1 ex 10");
  ask("get a");
  ask("incr a");
  ask("append a 0");
  EXPECT_EQ(ask("ttl a"), ":10\r\n");
  ask("getset a 5");
  EXPECT_EQ(ask("ttl a"), ":-1\r\n");
}

TEST_F(commands_test, several_keys_are_set_and_read_at_once) {
  EXPECT_EQ(ask("mset a 1 b 2 a 3"), ok);
  EXPECT_EQ(ask("mget a b c"), "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n");
  EXPECT_EQ(ask("exists a b c a"), ":3\r\n");
  EXPECT_EQ(ask("del a b c a"), ":2\r\n");
}

TEST_F(commands_test, reply_that_would_be_too_long_is_an_error_instead) {
  std::string large(runtime::limits::resp_bulk_bytes_max / 2, 'x');
  run({"set", "a", large});
  EXPECT_EQ(ask("mget a a a").substr(0, 4), "*3\r\n");
  EXPECT_EQ(ask("mget a a a a a"),
            "-ERR reply exceeds maximum allowed size\r\n");
}

TEST_F(commands_test, value_does_not_grow_past_its_bound) {
  std::string large(runtime::limits::resp_bulk_bytes_max - 1, 'x');
  run({"set", "a", large});
  EXPECT_EQ(ask("append a yz"), "-ERR string exceeds maximum allowed size "
                                "(proto-max-bulk-len)\r\n");
  EXPECT_EQ(ask("append a y"),
            ":" + std::to_string(runtime::limits::resp_bulk_bytes_max)
                + "\r\n");
}

TEST_F(commands_test, counting_takes_integers_only) {
  EXPECT_EQ(ask("incr a"), ":1\r\n");
  EXPECT_EQ(ask("decrby a 11"), ":-10\r\n");
  for (std::string_view bad : {"", " 1", "1 ", "+1", "01", "-0", "1.0", "0x1",
                               "9223372036854775808", "-"}) {
    run({"set", "b", bad});
    EXPECT_EQ(ask("incr b"), "-ERR value is not an integer or out of range\r\n")
        << bad;
  }
}

TEST_F(commands_test, counting_stops_at_the_ends_of_the_range) {
  ask("set a 9223372036854775807");
  EXPECT_EQ(ask("incr a"), "-ERR increment or decrement would overflow\r\n");
  ask("set a -9223372036854775808");
  EXPECT_EQ(ask("decr a"), "-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(ask("decrby a -9223372036854775808"),
            "-ERR decrement would overflow\r\n");
  EXPECT_EQ(ask("get a"), "$20\r\n-9223372036854775808\r\n");
}

TEST_F(commands_test, expire_obeys_its_conditions) {
  ask("set a 1");
  EXPECT_EQ(ask("expire a 10 xx"), ":0\r\n");
  EXPECT_EQ(ask("expire a 10 gt"), ":0\r\n");
  EXPECT_EQ(ask("expire a 10 lt"), ":1\r\n");
  EXPECT_EQ(ask("expire a 20 nx"), ":0\r\n");
  EXPECT_EQ(ask("expire a 20 lt"), ":0\r\n");
  EXPECT_EQ(ask("expire a 20 gt"), ":1\r\n");
  EXPECT_EQ(ask("ttl a"), ":20\r\n");
  EXPECT_EQ(ask("persist a"), ":1\r\n");
  EXPECT_EQ(ask("persist a"), ":0\r\n");
  EXPECT_EQ(ask("expire b 10"), ":0\r\n");
}

TEST_F(commands_test, time_in_the_past_deletes_the_key) {
  ask("set a 1");
  EXPECT_EQ(ask("pexpireat a 1700000000000"), ":1\r\n");
  EXPECT_EQ(ask("dbsize"), ":0\r\n");
}

TEST_F(commands_test, farthest_time_is_still_a_deadline) {
  ask("set a 1");
  EXPECT_EQ(ask("pexpireat a 9223372036854775807"), ":1\r\n");
  EXPECT_EQ(ask("persist a"), ":1\r\n");
}

TEST_F(commands_test, seconds_left_are_rounded) {
  ask("set a 1 px 1499");
  EXPECT_EQ(ask("ttl a"), ":1\r\n");
  ask("set a 1 px 1500");
  EXPECT_EQ(ask("ttl a"), ":2\r\n");
}

TEST_F(commands_test, scan_comes_to_an_end_and_finds_everything) {
  for (auto i = 0; i < 25; ++i)
    run({"set", "k" + std::to_string(i), "x"});
  EXPECT_TRUE(ask("scan 0").starts_with("*2\r\n$2\r\n15\r\n*10\r\n"));
  EXPECT_TRUE(ask("scan 15").starts_with("*2\r\n$1\r\n5\r\n*10\r\n"));
  EXPECT_TRUE(ask("scan 5").starts_with("*2\r\n$1\r\n0\r\n*5\r\n"));
  EXPECT_TRUE(ask("scan 0 count 100 match k1?")
                  .starts_with("*2\r\n$1\r\n0\r\n*10\r\n"));
  EXPECT_EQ(ask("scan 0 count 100 type list"), "*2\r\n$1\r\n0\r\n*0\r\n");
  EXPECT_EQ(ask("scan x"), "-ERR invalid cursor\r\n");
  EXPECT_EQ(ask("scan 0 count 0"), "-ERR syntax error\r\n");
}

TEST_F(commands_test, rename_needs_its_source) {
  EXPECT_EQ(ask("rename a b"), "-ERR no such key\r\n");
  ask("set a 1");
  EXPECT_EQ(ask("rename a b"), ok);
  EXPECT_EQ(ask("keys *"), "*1\r\n$1\r\nb\r\n");
}

TEST_F(commands_test, flush_empties_the_store) {
  ask("set a 1");
  EXPECT_EQ(ask("flushall now"), "-ERR syntax error\r\n");
  EXPECT_EQ(ask("dbsize"), ":1\r\n");
  EXPECT_EQ(ask("flushall async"), ok);
  EXPECT_EQ(ask("dbsize"), ":0\r\n");
}

TEST_F(commands_test, hello_speaks_protocol_2_only) {
  EXPECT_TRUE(ask("hello 2").starts_with("*14\r\n$6\r\nserver\r\n"));
  EXPECT_EQ(ask("hello 3"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(ask("hello 2 setname me"), ask("hello"));
  EXPECT_EQ(ask("client getname"), "$2\r\nme\r\n");
}

TEST_F(commands_test, quit_asks_for_the_connection_to_be_closed) {
  EXPECT_FALSE(me_.closing);
  EXPECT_EQ(ask("quit"), ok);
  EXPECT_TRUE(me_.closing);
}

TEST_F(commands_test, http_client_gets_no_reply_and_is_closed) {
  EXPECT_EQ(ask("POST / HTTP/1.1"), "");
  EXPECT_TRUE(me_.closing);
}

TEST_F(commands_test, client_list_has_a_line_for_every_open_session) {
  auto count = [&] {
    auto text = ask("client list");
    return std::count(text.begin(), text.end(), '\n') - 2; // of RESP
  };
  {
    session other{home_, "peer", "local", now_};
    EXPECT_EQ(count(), 2);
  }
  now_ += 5000;
  EXPECT_EQ(count(), 1);
  EXPECT_NE(ask("client list")
                .find("id=1 addr=10.0.0.1:5000 laddr=10.0.0.2:6379 name= age=5 "
                      "idle=0 flags=N db=0 cmd=client|list"),
            std::string::npos);
}

TEST_F(commands_test, name_with_a_blank_is_refused) {
  EXPECT_EQ(run({"client", "setname", "a b"}),
            "-ERR Client names cannot contain spaces, newlines or special "
            "characters.\r\n");
  EXPECT_EQ(ask("client getname"), null);
}

TEST_F(commands_test, info_shows_the_sections_asked_for) {
  ask("set a 1 ex 10");
  ask("mget a b");
  EXPECT_EQ(ask("info keyspace"),
            "$44\r\n# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=0\r\n\r\n");
  auto text = ask("info Clients stats");
  EXPECT_NE(text.find("# Clients\r\nconnected_clients:1\r\n"), text.npos);
  EXPECT_NE(text.find("\r\n\r\n# Stats\r\n"), text.npos);
  EXPECT_NE(text.find("keyspace_hits:1\r\nkeyspace_misses:1\r\n"), text.npos);
  EXPECT_EQ(text.find("# Memory"), text.npos);
  EXPECT_EQ(ask("info nowhere"), "$0\r\n\r\n");
}

TEST_F(commands_test, time_is_the_time_that_is_passed_in) {
  now_ += 123;
  EXPECT_EQ(ask("time"), "*2\r\n$10\r\n1700000000\r\n$6\r\n123000\r\n");
}

TEST_F(commands_test, replies_are_appended) {
  std::string reply = "before";
  std::vector<std::string_view> ping{"PING"};
  execute(me_, ping, now_, reply);
  execute(me_, ping, now_, reply);
  EXPECT_EQ(reply, "before+PONG\r\n+PONG\r\n");
}

} // namespace
} // namespace sluice::examples::kv
