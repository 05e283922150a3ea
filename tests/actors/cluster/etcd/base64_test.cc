#include "actors/cluster/etcd/base64.h"

#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::actors::cluster::etcd {

namespace {

TEST(base64_test, examples_of_rfc_4648) {
  // Section 10.
  for (auto [bytes, text] : {std::pair{"", ""},
                             {"f", "Zg=="},
                             {"fo", "Zm8="},
                             {"foo", "Zm9v"},
                             {"foob", "Zm9vYg=="},
                             {"fooba", "Zm9vYmE="},
                             {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(base64_test, any_bytes_come_back) {
  testing::for_each_seed(500, [](auto seed) {
    testing::random_source chance{seed};
    std::string bytes(chance.size_between(0, 300), '\0');
    for (auto& x : bytes)
      x = static_cast<char>(chance.below(256));
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  });
}

TEST(base64_test, what_is_not_base64_is_refused) {
  for (auto text : {"Z", "Zg", "Zg=", "Zm9v=", "====", "=", "Z===", "Zg==Zg==",
                    "Zm9\n", "Zm9-", "Zm9_", " Zg=", "Zh==", "Zm9=", "Zm=v"})
    EXPECT_FALSE(from_base64(text)) << text;
  EXPECT_FALSE(from_base64(std::string_view{"Zm9\0", 4}));
  EXPECT_FALSE(from_base64("Zm9\xff"));
}

} // namespace

} // namespace sluice::actors::cluster::etcd
