#include "net/endpoint.h"

#include "runtime/error.h"
#include "tests/net/framing.h"
#include "tests/support/seeds.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/message.hpp>
#include <gtest/gtest.h>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <set>
#include <unordered_set>

namespace sluice::net {
namespace {

using namespace sluice::testing;
using runtime::errc;
using runtime::socket_address;

endpoint parsed(std::string_view text) {
  auto x = endpoint::parse(text);
  EXPECT_TRUE(x) << runtime::to_text(x.error());
  return x ? *x : endpoint{};
}

std::string printed(std::string_view text) {
  return to_string(parsed(text));
}

/// Why `text` is no endpoint: the error's text behind `bad endpoint "...": `.
std::string refused(std::string_view text) {
  auto x = endpoint::parse(text);
  if (x)
    return "taken as " + to_string(*x);
  EXPECT_EQ(x.error().category(), runtime::error_category);
  EXPECT_EQ(x.error().code(), static_cast<int>(errc::bad_endpoint));
  auto why = runtime::to_text(x.error());
  EXPECT_TRUE(why.starts_with("bad endpoint \"")) << why;
  auto end = why.find("\": ");
  EXPECT_NE(end, std::string::npos) << why;
  return why.substr(end + 3);
}

// -- parse and print ----------------------------------------------------------

TEST(endpoint_test, parts_of_a_tcp_endpoint) {
  auto x = parsed("tcp://example.org:80");
  EXPECT_EQ(x.scheme(), endpoint_scheme::tcp);
  EXPECT_EQ(x.host(), "example.org");
  EXPECT_EQ(x.port(), 80);
  EXPECT_EQ(x.path(), "");
  EXPECT_FALSE(x.is_unix());
  EXPECT_EQ(x.socket_type(), SOCK_STREAM);
}

TEST(endpoint_test, parts_of_a_unix_endpoint) {
  auto x = parsed("unix:///run/app.sock");
  EXPECT_EQ(x.scheme(), endpoint_scheme::unix_stream);
  EXPECT_EQ(x.host(), "");
  EXPECT_EQ(x.port(), 0);
  EXPECT_EQ(x.path(), "/run/app.sock");
  EXPECT_TRUE(x.is_unix());
  EXPECT_EQ(x.socket_type(), SOCK_STREAM);
}

TEST(endpoint_test, datagram_schemes_have_datagram_sockets) {
  EXPECT_EQ(parsed("udp://*:53").scheme(), endpoint_scheme::udp);
  EXPECT_EQ(parsed("udp://*:53").socket_type(), SOCK_DGRAM);
  EXPECT_EQ(parsed("unixgram:///dev/log").scheme(),
            endpoint_scheme::unix_datagram);
  EXPECT_EQ(parsed("unixgram:///dev/log").socket_type(), SOCK_DGRAM);
}

TEST(endpoint_test, printing_gives_what_was_parsed) {
  for (auto text :
       {"tcp://example.org:80", "tcp://localhost:0", "tcp://127.0.0.1:65535",
        "tcp://*:7000", "tcp://[::1]:80", "tcp://[::]:80",
        "tcp://[fe80::1%eth0]:80", "tcp://[fe80::1%2]:80",
        "tcp://[::ffff:1.2.3.4]:80", "tcp://my_service-1.local.:80",
        "udp://10.0.0.1:53", "unix:///run/app.sock", "unix://@name",
        "unix:///with space/%20/@:[]", "unixgram:///dev/log"})
    EXPECT_EQ(printed(text), text);
}

TEST(endpoint_test, default_endpoint_is_any_address_and_any_port) {
  EXPECT_EQ(to_string(endpoint{}), "tcp://*:0");
  EXPECT_EQ(endpoint{}, parsed("tcp://*:0"));
}

TEST(endpoint_test, equal_places_are_equal_however_they_are_written) {
  EXPECT_EQ(printed("TCP://Example.ORG:0080"), "tcp://example.org:80");
  EXPECT_EQ(printed("tcp://[0:0:0:0:0:0:0:1]:80"), "tcp://[::1]:80");
  EXPECT_EQ(printed("tcp://[2001:DB8::0:1]:80"), "tcp://[2001:db8::1]:80");
  EXPECT_EQ(printed("Unix:///Run/A"), "unix:///Run/A");
  EXPECT_EQ(printed("tcp://[FE80::1%Eth0]:80"), "tcp://[fe80::1%Eth0]:80");
}

TEST(endpoint_test, longest_path_is_taken_and_one_more_is_not) {
  std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(parsed("unix://" + longest).path(), longest);
  EXPECT_EQ(refused("unix://" + longest + "x"),
            "the path has 108 bytes; at most 107 are allowed");
  std::string name = "@" + std::string(107, 'x');
  EXPECT_EQ(parsed("unix://" + name).path(), name);
  EXPECT_EQ(refused("unix://" + name + "x"),
            "the path has 108 bytes; at most 107 are allowed");
}

// -- errors -------------------------------------------------------------------

TEST(endpoint_test, port_out_of_range_names_the_port) {
  auto x = endpoint::parse("tcp://x:99999");
  ASSERT_FALSE(x);
  EXPECT_EQ(runtime::to_text(x.error()),
            "bad endpoint \"tcp://x:99999\": port 99999 is not in 0..65535");
  EXPECT_EQ(refused("tcp://x:65536"), "port 65536 is not in 0..65535");
  EXPECT_EQ(refused("tcp://x:18446744073709551696"),
            "port 18446744073709551696 is not in 0..65535");
}

TEST(endpoint_test, missing_scheme_lists_the_known_ones) {
  auto known = "no scheme; known are tcp://, udp://, unix:// and unixgram://";
  EXPECT_EQ(refused(""), known);
  EXPECT_EQ(refused("localhost:80"), known);
  EXPECT_EQ(refused("tcp:/x:80"), known);
}

TEST(endpoint_test, unknown_scheme_lists_the_known_ones) {
  EXPECT_EQ(refused("http://x:80"), "unknown scheme \"http\"; known are tcp, "
                                    "udp, unix and unixgram");
  EXPECT_EQ(refused("://x:80"),
            "unknown scheme \"\"; known are tcp, udp, unix and unixgram");
  EXPECT_EQ(refused(" tcp://x:80"), "unknown scheme \" tcp\"; known are tcp, "
                                    "udp, unix and unixgram");
}

TEST(endpoint_test, empty_host_is_refused_since_a_star_is_any_address) {
  EXPECT_EQ(refused("tcp://:80"), "the host is empty; \"*\" is any address");
  EXPECT_EQ(refused("tcp://"), "the host is empty; \"*\" is any address");
}

TEST(endpoint_test, missing_port_is_refused) {
  EXPECT_EQ(refused("tcp://x"), "no port");
  EXPECT_EQ(refused("tcp://[::1]"), "no port");
  EXPECT_EQ(refused("tcp://x:"), "the port is empty");
  EXPECT_EQ(refused("tcp://[::1]:"), "the port is empty");
}

TEST(endpoint_test, port_that_is_no_number_is_named) {
  EXPECT_EQ(refused("tcp://x:http"), "port \"http\" is not a number");
  EXPECT_EQ(refused("tcp://x:-1"), "port \"-1\" is not a number");
  EXPECT_EQ(refused("tcp://x:+1"), "port \"+1\" is not a number");
  EXPECT_EQ(refused("tcp://x: 80"), "port \" 80\" is not a number");
}

TEST(endpoint_test, characters_after_the_port_are_named) {
  EXPECT_EQ(refused("tcp://x:80/index"), "\"/index\" after the port");
  EXPECT_EQ(refused("tcp://x:80 "), "\" \" after the port");
  EXPECT_EQ(refused("tcp://[::1]:80a"), "\"a\" after the port");
}

TEST(endpoint_test, stray_character_in_the_host_is_named) {
  EXPECT_EQ(refused("tcp://a b:80"), "stray \" \" in the host");
  EXPECT_EQ(refused("tcp://user@host:80"), "stray \"@\" in the host");
  EXPECT_EQ(refused("tcp://x/y:80"), "stray \"/\" in the host");
  EXPECT_EQ(refused("tcp://*.org:80"), "stray \"*\" in the host");
  EXPECT_EQ(refused("tcp://b\xc3\xbc:80"), "stray \"\\xc3\" in the host");
  EXPECT_EQ(refused(std::string_view{"tcp://a\0b:80", 12}),
            "stray \"\\x00\" in the host");
}

TEST(endpoint_test, host_name_has_the_lengths_of_the_dns) {
  std::string label(63, 'x');
  auto longest = label + "." + label + "." + label + "." + label.substr(2);
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_EQ(parsed("tcp://" + longest + ":80").host(), longest);
  EXPECT_EQ(refused("tcp://" + longest + "x:80"),
            "the host has 254 characters; at most 253 are allowed");
  EXPECT_EQ(refused("tcp://" + label + "x.org:80"),
            "a part of the host has 64 characters; at most 63 are allowed");
}

TEST(endpoint_test, host_name_with_an_empty_part_is_refused) {
  EXPECT_EQ(refused("tcp://a..b:80"), "host \"a..b\" has an empty part");
  EXPECT_EQ(refused("tcp://.a:80"), "host \".a\" has an empty part");
  EXPECT_EQ(refused("tcp://.:80"), "host \".\" has an empty part");
  EXPECT_EQ(refused("tcp://a..:80"), "host \"a..\" has an empty part");
}

TEST(endpoint_test, number_that_is_no_ipv4_address_is_refused) {
  for (std::string host : {"1.2.3.256", "1.2.3", "1.2.3.4.5", "80", "127.1",
                           "01.2.3.4", "1.2.3.4.", "example.1"})
    EXPECT_EQ(refused("tcp://" + host + ":80"),
              "host \"" + host + "\" is not an IPv4 address");
}

TEST(endpoint_test, brackets_hold_an_ipv6_address_and_nothing_else) {
  EXPECT_EQ(refused("tcp://[::1:80"), "\"[\" without \"]\"");
  EXPECT_EQ(refused("tcp://::1]:80"), "\"]\" without \"[\"");
  EXPECT_EQ(refused("tcp://x]:80"), "\"]\" without \"[\"");
  EXPECT_EQ(refused("tcp://[]:80"), "\"\" in brackets is not an IPv6 address");
  EXPECT_EQ(refused("tcp://[1.2.3.4]:80"),
            "\"1.2.3.4\" in brackets is not an IPv6 address");
  EXPECT_EQ(refused("tcp://[::1::]:80"),
            "\"::1::\" in brackets is not an IPv6 address");
  EXPECT_EQ(refused("tcp://[[::1]]:80"),
            "\"[::1\" in brackets is not an IPv6 address");
  EXPECT_EQ(refused(std::string_view{"tcp://[::1\0]:80", 15}),
            "\"::1\\x00\" in brackets is not an IPv6 address");
  EXPECT_EQ(refused("tcp://[::1]80"), "\"80\" after \"]\"");
}

TEST(endpoint_test, ipv6_address_without_brackets_is_explained) {
  auto why = "more than one colon; an IPv6 address is written in brackets, as "
             "in tcp://[::1]:80";
  EXPECT_EQ(refused("tcp://::1:80"), why);
  EXPECT_EQ(refused("tcp://fe80::1:80"), why);
  EXPECT_EQ(refused("tcp://a:b:80"), why);
}

TEST(endpoint_test, zone_has_the_length_of_an_interface_name) {
  EXPECT_EQ(refused("tcp://[fe80::1%]:80"), "the zone after \"%\" is empty");
  EXPECT_EQ(parsed("tcp://[fe80::1%fifteen-letters]:80").host(),
            "fe80::1%fifteen-letters");
  EXPECT_EQ(refused("tcp://[fe80::1%sixteen-letters-]:80"),
            "zone \"sixteen-letters-\" is longer than 15 characters");
  EXPECT_EQ(refused("tcp://[fe80::1%a b]:80"), "stray \" \" in the zone");
  EXPECT_EQ(refused("tcp://[fe80::1%a%b]:80"), "stray \"%\" in the zone");
}

TEST(endpoint_test, path_that_is_none_is_refused) {
  EXPECT_EQ(refused("unix://"), "the path is empty");
  EXPECT_EQ(refused("unix://@"), "the abstract name is empty");
  EXPECT_EQ(refused("unix://run/x"), "path \"run/x\" does not start with "
                                     "\"/\" or, for an abstract name, \"@\"");
  EXPECT_EQ(refused(std::string_view{"unix:///a\0b", 11}),
            "stray \"\\x00\" in the path");
}

TEST(endpoint_test, error_repeats_a_long_or_binary_text_fit_for_a_log) {
  auto x = endpoint::parse(std::string(100'000, 'a') + "\n");
  ASSERT_FALSE(x);
  EXPECT_LE(runtime::to_text(x.error()).size(), 300u);
  EXPECT_NE(runtime::to_text(x.error()).find("aaa...\""), std::string::npos);
  x = endpoint::parse("tcp://x\r\n:80\x1b[0m");
  ASSERT_FALSE(x);
  EXPECT_EQ(runtime::to_text(x.error()),
            "bad endpoint \"tcp://x\\x0d\\x0a:80\\x1b[0m\": stray \"\\x0d\" in "
            "the host");
  x = endpoint::parse("tcp://x:" + std::string(100'000, '9'));
  EXPECT_LE(runtime::to_text(x.error()).size(), 500u);
}

// -- addresses ----------------------------------------------------------------

TEST(endpoint_test, names_are_not_numeric_and_all_others_are) {
  for (auto text : {"tcp://1.2.3.4:80", "tcp://[::1]:80", "tcp://*:80",
                    "unix:///x", "unix://@x"})
    EXPECT_TRUE(parsed(text).is_numeric()) << text;
  for (auto text : {"tcp://localhost:80", "udp://a1:80", "tcp://a.b:80"})
    EXPECT_FALSE(parsed(text).is_numeric()) << text;
}

TEST(endpoint_test, any_address_is_a_star_or_all_zeros) {
  for (auto text : {"tcp://*:80", "udp://0.0.0.0:80", "tcp://[::]:80"})
    EXPECT_TRUE(parsed(text).is_any()) << text;
  for (auto text : {"tcp://0.0.0.1:80", "tcp://x:80", "unix:///x"})
    EXPECT_FALSE(parsed(text).is_any()) << text;
}

TEST(endpoint_test, address_and_back_gives_the_same_endpoint) {
  for (auto text :
       {"tcp://127.0.0.1:80", "udp://255.255.255.255:65535", "tcp://[::1]:1",
        "udp://[2001:db8::1]:0", "tcp://[::ffff:1.2.3.4]:80",
        "tcp://[fe80::1%lo]:80", "unix:///run/app.sock", "unix://@name",
        "unixgram:///dev/log", "unixgram://@x"}) {
    auto x = parsed(text);
    auto address = x.to_address();
    ASSERT_TRUE(address) << runtime::to_text(address.error());
    auto back = endpoint::from(*address, x.socket_type());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, x) << text;
  }
}

TEST(endpoint_test, address_of_tcp_is_in_network_byte_order) {
  auto address = parsed("tcp://1.2.3.4:258").to_address();
  ASSERT_TRUE(address);
  EXPECT_EQ(address->length, sizeof(sockaddr_in));
  sockaddr_in ip{};
  std::memcpy(&ip, &address->storage, sizeof(ip));
  EXPECT_EQ(ip.sin_family, AF_INET);
  EXPECT_EQ(std::memcmp(&ip.sin_addr, "\x01\x02\x03\x04", 4), 0);
  EXPECT_EQ(std::memcmp(&ip.sin_port, "\x01\x02", 2), 0);
}

TEST(endpoint_test, address_of_a_star_is_any_ipv4_address) {
  auto star = parsed("tcp://*:80").to_address();
  auto zeros = parsed("tcp://0.0.0.0:80").to_address();
  ASSERT_TRUE(star && zeros);
  EXPECT_EQ(star->length, zeros->length);
  EXPECT_EQ(std::memcmp(&star->storage, &zeros->storage, star->length), 0);
}

TEST(endpoint_test, address_of_an_abstract_name_has_no_terminating_zero) {
  auto address = parsed("unix://@name").to_address();
  ASSERT_TRUE(address);
  EXPECT_EQ(address->length, offsetof(sockaddr_un, sun_path) + 5);
  sockaddr_un local{};
  std::memcpy(&local, &address->storage, sizeof(local));
  EXPECT_EQ(std::memcmp(local.sun_path, "\0name", 5), 0);
  auto longest = parsed("unix://@" + std::string(107, 'x')).to_address();
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->length, sizeof(sockaddr_un));
}

TEST(endpoint_test, address_of_a_name_needs_a_look_up_first) {
  auto address = parsed("tcp://localhost:80").to_address();
  ASSERT_FALSE(address);
  EXPECT_EQ(runtime::to_text(address.error()),
            "bad endpoint \"tcp://localhost:80\": host \"localhost\" is a "
            "name, which needs a look-up first");
}

TEST(endpoint_test, zone_is_the_name_or_the_number_of_an_interface) {
  auto scope = [](const char* text) {
    auto address = parsed(text).to_address();
    EXPECT_TRUE(address);
    sockaddr_in6 ip{};
    std::memcpy(&ip, &address->storage, sizeof(ip));
    return ip.sin6_scope_id;
  };
  EXPECT_EQ(scope("tcp://[fe80::1%lo]:80"), ::if_nametoindex("lo"));
  EXPECT_EQ(scope("tcp://[fe80::1%4000000]:80"), 4'000'000u);
  auto unknown = parsed("tcp://[fe80::1%no-such-if]:80").to_address();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(runtime::to_text(unknown.error()),
            "bad endpoint \"tcp://[fe80::1%no-such-if]:80\": zone "
            "\"no-such-if\" is not an interface of this machine");
}

TEST(endpoint_test, interface_that_went_away_is_printed_as_a_number) {
  auto address = parsed("tcp://[fe80::1%4000000]:80").to_address();
  ASSERT_TRUE(address);
  EXPECT_EQ(to_string(*endpoint::from(*address, SOCK_STREAM)),
            "tcp://[fe80::1%4000000]:80");
}

TEST(endpoint_test, unbound_unix_socket_has_an_empty_path) {
  socket_address unnamed;
  unnamed.storage.ss_family = AF_UNIX;
  unnamed.length = sizeof(sa_family_t);
  auto x = endpoint::from(unnamed, SOCK_STREAM);
  ASSERT_TRUE(x);
  EXPECT_EQ(to_string(*x), "unix://");
  auto address = x->to_address();
  ASSERT_TRUE(address);
  EXPECT_EQ(address->length, sizeof(sa_family_t));
}

TEST(endpoint_test, datagram_without_a_sender_came_from_an_unbound_socket) {
  socket_address none;
  none.length = 0;
  auto x = endpoint::from(none, SOCK_DGRAM);
  ASSERT_TRUE(x);
  EXPECT_EQ(to_string(*x), "unixgram://");
}

TEST(endpoint_test, path_of_the_kernel_may_lack_its_terminating_zero) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::memset(local.sun_path, 'x', sizeof(local.sun_path));
  local.sun_path[0] = '/';
  socket_address address;
  std::memcpy(&address.storage, &local, sizeof(local));
  address.length = sizeof(local);
  auto x = endpoint::from(address, SOCK_STREAM);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->path().size(), 108u);
  auto back = x->to_address();
  ASSERT_TRUE(back);
  EXPECT_EQ(back->length, address.length);
  EXPECT_EQ(std::memcmp(&back->storage, &local, sizeof(local)), 0);
}

TEST(endpoint_test, address_of_another_family_is_refused) {
  socket_address packet;
  packet.storage.ss_family = AF_PACKET;
  auto x = endpoint::from(packet, SOCK_STREAM);
  ASSERT_FALSE(x);
  EXPECT_EQ(runtime::to_text(x.error()), "bad endpoint: address family 17 is "
                                         "none of IPv4, IPv6 and Unix");
}

// -- a value ------------------------------------------------------------------

TEST(endpoint_test, endpoints_differ_in_each_of_their_parts) {
  std::set<endpoint> ordered;
  std::unordered_set<endpoint> hashed;
  for (auto text : {"tcp://a:1", "tcp://a:2", "tcp://b:1", "udp://a:1",
                    "unix:///a", "unix:///b", "unixgram:///a", "unix://@/a",
                    "tcp://A:1", "tcp://a:01"}) {
    ordered.insert(parsed(text));
    hashed.insert(parsed(text));
  }
  EXPECT_EQ(ordered.size(), 8u);
  EXPECT_EQ(hashed.size(), 8u);
}

template <class T>
std::vector<char> serialized(caf::actor_system& sys, T x) {
  std::vector<char> buffer;
  caf::binary_serializer sink{sys, buffer};
  EXPECT_FALSE(sink(x));
  return buffer;
}

TEST(endpoint_test, endpoint_travels_in_a_message) {
  caf::actor_system_config cfg;
  cfg.add_message_type<endpoint>("sluice::net::endpoint");
  caf::actor_system sys{cfg};
  for (auto text : {"tcp://example.org:80", "udp://[fe80::1%eth0]:80",
                    "unix:///run/x", "unixgram://@x", "tcp://*:0"}) {
    auto buffer = serialized(sys, caf::make_message(parsed(text)));
    caf::binary_deserializer source{sys, buffer};
    caf::message loaded;
    ASSERT_FALSE(source(loaded));
    ASSERT_TRUE(loaded.match_elements<endpoint>());
    EXPECT_EQ(loaded.get_as<endpoint>(0), parsed(text));
    EXPECT_EQ(caf::deep_to_string(parsed(text)), text);
  }
}

TEST(endpoint_test, unbound_endpoint_travels_too) {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  socket_address none;
  none.length = 0;
  auto x = *endpoint::from(none, SOCK_STREAM);
  auto buffer = serialized(sys, x);
  endpoint loaded;
  caf::binary_deserializer source{sys, buffer};
  ASSERT_FALSE(source(loaded));
  EXPECT_EQ(loaded, x);
}

TEST(endpoint_test, serialized_endpoint_that_nobody_could_parse_is_refused) {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  auto load = [&](std::uint8_t scheme, std::uint16_t port, std::string place) {
    std::vector<char> buffer;
    caf::binary_serializer sink{sys, buffer};
    EXPECT_FALSE(sink(scheme, port, place));
    caf::binary_deserializer source{sys, buffer};
    endpoint x;
    auto error = source(x);
    EXPECT_EQ(x == endpoint{}, static_cast<bool>(error));
    return error;
  };
  EXPECT_FALSE(load(0, 80, "example.org"));
  EXPECT_FALSE(load(2, 0, "/x"));
  EXPECT_TRUE(load(4, 0, "/x"));
  EXPECT_TRUE(load(0, 80, "Example.org"));
  EXPECT_TRUE(load(0, 80, "a b"));
  EXPECT_TRUE(load(0, 80, ""));
  EXPECT_TRUE(load(2, 1, "/x"));
  EXPECT_TRUE(load(2, 0, "/" + std::string(108, 'x')));
}

TEST(endpoint_test, random_text_is_refused_or_prints_to_what_parses_the_same) {
  for_each_seed(20'000, [](std::uint64_t seed) {
    random_source random{seed};
    std::string text;
    constexpr std::string_view starts[] = {
        "tcp://", "udp://[",      "unix:///",       "unixgram://@",
        "",       "tcp://1.2.3.", "tcp://[fe80::1%"};
    text += starts[random.below(std::size(starts))];
    text += random_text(random, random.below(12),
                        random.per_mille(900) ? "1a:[]/@%*._-:0" : "");
    if (random.per_mille(500))
      text += random.per_mille(500) ? ":80" : "]:80";
    auto x = endpoint::parse(text);
    if (!x)
      return;
    auto again = endpoint::parse(to_string(*x));
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(*again, *x) << text;
    EXPECT_EQ(to_string(*again), to_string(*x));
    if (auto address = x->to_address()) {
      auto back = endpoint::from(*address, x->socket_type());
      ASSERT_TRUE(back) << text;
      EXPECT_EQ(back->to_address()->length, address->length) << text;
    } else {
      EXPECT_TRUE(!x->is_numeric() || text.find('%') != std::string::npos)
          << text;
    }
  });
}

} // namespace
} // namespace sluice::net
