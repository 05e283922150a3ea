#include "actors/observe/access.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::actors::observe {
namespace {

TEST(access_test, addresses_localhost_and_names_that_were_set_are_allowed) {
  std::array<std::string, 1> names{"cluster.example"};
  for (auto host : {"127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080",
                    "localhost", "LocalHost:8080", "10.0.0.1:80",
                    "cluster.example:8080", "Cluster.Example"})
    EXPECT_EQ(check_host(host, names), "") << host;
}

TEST(access_test, names_that_anybody_may_point_here_are_refused) {
  std::array<std::string, 1> names{"cluster.example"};
  for (auto host :
       {"evil.example", "evil.example:8080", "cluster.example.evil.example",
        "localhost.evil.example", "127.0.0.1.evil.example", "", ":8080",
        "127.0.0.1:8080:1", "[::1", "[evil]", "::1", "localhost:80a", "a b",
        "user@127.0.0.1", "127.0.0.1/", "0x7f.1", "127.1", "cluster.example."})
    EXPECT_NE(check_host(host, names), "") << host;
  EXPECT_NE(check_host("cluster.example", {}), "");
  EXPECT_NE(check_host(std::string(10'000, '1'), {}), "");
}

TEST(access_test, a_refusal_does_not_repeat_what_cannot_be_read) {
  auto why = check_host("evil\r\n\x1b[31m", {});
  EXPECT_EQ(why.find('\r'), std::string::npos);
  EXPECT_EQ(why.find('\x1b'), std::string::npos);
}

} // namespace
} // namespace sluice::actors::observe
