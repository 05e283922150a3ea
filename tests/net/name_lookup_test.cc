#include "net/name_lookup.h"

#include "runtime/error.h"
#include "tests/net/driven_loop.h"
#include "tests/net/name_server.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using testing::name_server;
using strings = std::vector<std::string>;

class name_lookup_test : public testing::driven_loop {
protected:
  using handle = std::unique_ptr<name_lookup>;

  /// Notes the addresses, or the error, when they are there.
  handle look_up(std::string_view target, lookup_options options) {
    auto where = endpoint::parse(target);
    EXPECT_TRUE(where) << target;
    return name_lookup::start(
        loop, *where,
        [this](const caf::expected<name_lookup::addresses>& result) {
          note_result(result);
        },
        options);
  }

  handle look_up(std::string_view target) {
    return look_up(target, {server.address(), 5s, 1});
  }

  strings result_of(std::string_view target) {
    auto lookup = look_up(target);
    return result();
  }

  strings result() {
    EXPECT_TRUE(until([this] { return !log.empty(); }));
    return noted();
  }

  void note_result(const caf::expected<name_lookup::addresses>& result) {
    if (!result) {
      code = static_cast<errc>(result.error().code());
      return note(runtime::to_text(result.error()));
    }
    for (auto& x : *result)
      note(to_string(*endpoint::from(x, SOCK_STREAM)));
  }

  name_server server{loop};
  std::optional<errc> code; // of the last error
};

TEST_F(name_lookup_test, localhost_needs_no_name_server) {
  auto lookup = look_up("tcp://localhost:80");
  auto found = result();
  ASSERT_FALSE(found.empty());
  for (auto& x : found)
    EXPECT_TRUE(x == "tcp://127.0.0.1:80" || x == "tcp://[::1]:80") << x;
  EXPECT_EQ(server.questions(), 0u);
}

TEST_F(name_lookup_test, numeric_host_is_its_own_address) {
  EXPECT_EQ(result_of("tcp://192.0.2.7:81"), strings{"tcp://192.0.2.7:81"});
  EXPECT_EQ(result_of("tcp://[2001:db8::1]:82"),
            strings{"tcp://[2001:db8::1]:82"});
  EXPECT_EQ(server.questions(), 0u);
}

TEST_F(name_lookup_test, name_under_invalid_is_unknown_without_a_question) {
  EXPECT_EQ(result_of("tcp://no.such.invalid:80"),
            strings{"look-up of tcp://no.such.invalid:80: no such host"});
  EXPECT_EQ(code, errc::unknown_host);
  EXPECT_EQ(server.questions(), 0u);
}

TEST_F(name_lookup_test, nothing_is_told_from_inside_of_start) {
  for (auto target :
       {"tcp://localhost:1", "tcp://192.0.2.1:1", "tcp://x.invalid:1"}) {
    auto lookup = look_up(target);
    EXPECT_EQ(noted(), strings{}) << target;
    result();
  }
}

TEST_F(name_lookup_test, address_comes_with_the_port_asked_for) {
  server.add("one.test", "192.0.2.1");
  EXPECT_EQ(result_of("tcp://one.test:8080"), strings{"tcp://192.0.2.1:8080"});
}

TEST_F(name_lookup_test, all_addresses_of_a_name_are_found) {
  server.add("many.test", "192.0.2.1");
  server.add("many.test", "192.0.2.2");
  server.add("many.test", "2001:db8::1");
  auto found = result_of("tcp://many.test:1");
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (strings{"tcp://192.0.2.1:1", "tcp://192.0.2.2:1",
                            "tcp://[2001:db8::1]:1"}));
}

TEST_F(name_lookup_test, address_named_twice_is_found_once) {
  server.add("twice.test", "192.0.2.1");
  server.add("twice.test", "192.0.2.1");
  EXPECT_EQ(result_of("tcp://twice.test:1"), strings{"tcp://192.0.2.1:1"});
}

TEST_F(name_lookup_test, unknown_name_is_an_unknown_host) {
  EXPECT_EQ(result_of("tcp://nobody.test:80"),
            strings{"look-up of tcp://nobody.test:80: Domain name not found"});
  EXPECT_EQ(code, errc::unknown_host);
}

TEST_F(name_lookup_test, silent_name_server_is_given_up) {
  server.silent(true);
  auto lookup = look_up("tcp://slow.test:80", {server.address(), 10ms, 2});
  EXPECT_EQ(result(), strings{"look-up of tcp://slow.test:80: Timeout while "
                              "contacting DNS servers"});
  EXPECT_EQ(code, errc::system_error);
  // Two rounds, each for an IPv4 and an IPv6 address.
  EXPECT_EQ(server.questions(), 4u);
}

TEST_F(name_lookup_test, second_name_server_answers_for_a_silent_one) {
  name_server other{loop};
  other.add("late.test", "192.0.2.9");
  server.silent(true);
  auto lookup = look_up("tcp://late.test:80",
                        {server.address() + "," + other.address(), 10ms, 6});
  EXPECT_EQ(result(), strings{"tcp://192.0.2.9:80"});
}

TEST_F(name_lookup_test, port_without_a_name_server_is_a_system_error) {
  std::string address;
  {
    name_server gone{loop};
    address = gone.address();
  }
  auto lookup = look_up("tcp://one.test:80", {address, 10ms, 1});
  // By which words depends on who reads the refusal: the first question's
  // socket, or the second question.
  EXPECT_TRUE(result().front().starts_with("look-up of tcp://one.test:80: "));
  EXPECT_EQ(code, errc::system_error);
}

TEST_F(name_lookup_test, answer_too_long_for_a_datagram_comes_by_tcp) {
  server.truncate(true);
  server.add("long.test", "192.0.2.1");
  server.add("long.test", "192.0.2.2");
  auto found = result_of("tcp://long.test:1");
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (strings{"tcp://192.0.2.1:1", "tcp://192.0.2.2:1"}));
  EXPECT_GT(server.questions_by_tcp(), 0u);
}

TEST_F(name_lookup_test, destroyed_look_up_tells_nothing) {
  server.add("one.test", "192.0.2.1");
  look_up("tcp://one.test:80").reset();
  auto asked = look_up("tcp://one.test:80");
  ASSERT_TRUE(until([this] { return server.questions() >= 2; }));
  asked.reset();
  look_up("tcp://192.0.2.1:1").reset();
  settle();
  EXPECT_EQ(noted(), strings{});
}

TEST_F(name_lookup_test, look_up_that_is_kept_does_nothing_more) {
  server.add("one.test", "192.0.2.1");
  auto kept = look_up("tcp://one.test:80", {server.address(), 20ms, 6});
  EXPECT_EQ(result(), strings{"tcp://192.0.2.1:80"});
  auto asked = server.questions();
  auto past_next_try = time.now() + 50ms;
  EXPECT_TRUE(until([&] { return time.now() > past_next_try; }));
  EXPECT_EQ(server.questions(), asked);
  EXPECT_EQ(loop.timers().size(), 0u);
}

TEST_F(name_lookup_test, callback_may_destroy_the_look_up) {
  server.add("one.test", "192.0.2.1");
  for (auto target : {"tcp://one.test:80", "tcp://x.invalid:1"}) {
    handle lookup;
    lookup = name_lookup::start(loop, *endpoint::parse(target),
                                [this, &lookup](const auto&) {
                                  lookup.reset();
                                  note("told");
                                },
                                {server.address(), 5s, 1});
    EXPECT_EQ(result(), strings{"told"});
  }
}

TEST_F(name_lookup_test, one_too_many_is_refused_until_another_is_done) {
  server.silent(true);
  std::vector<handle> waiting;
  for (std::size_t i = 0; i < runtime::limits::lookups_max; ++i)
    waiting.push_back(look_up("tcp://one.test:80"));
  EXPECT_EQ(result_of("tcp://one.test:81"),
            strings{"look-up of tcp://one.test:81: too many look-ups are under "
                    "way, at most 256"});
  EXPECT_EQ(std::exchange(code, {}), errc::lookup_overflow);
  waiting.pop_back();
  EXPECT_FALSE(result_of("tcp://localhost:80").empty());
  EXPECT_EQ(code, std::nullopt);
  waiting.push_back(look_up("tcp://one.test:80"));
  waiting.clear();
  settle();
  server.silent(false);
  server.add("one.test", "192.0.2.1");
  EXPECT_EQ(result_of("tcp://one.test:80"), strings{"tcp://192.0.2.1:80"});
}

} // namespace
} // namespace sluice::net
