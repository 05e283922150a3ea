#include "actors/admin/line.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace sluice::actors::admin {
namespace {

using nlohmann::json;

TEST(line_test, object_is_read) {
  std::string why;
  auto x = read_object(R"( {"do":"cut","peer":"n2"} )", why);
  EXPECT_EQ(why, "");
  EXPECT_EQ(x, (json{{"do", "cut"}, {"peer", "n2"}}));
}

TEST(line_test, text_that_is_no_json_says_where_it_stops) {
  std::string why;
  EXPECT_TRUE(read_object("{\"do\" status}", why).is_null());
  EXPECT_EQ(why.find("this is no JSON: parse error at line 1, column 7"), 0u)
      << why;
}

TEST(line_test, empty_line_is_no_json) {
  std::string why;
  EXPECT_TRUE(read_object("", why).is_null());
  EXPECT_NE(why, "");
}

TEST(line_test, bytes_that_are_no_utf8_are_no_json) {
  std::string why;
  EXPECT_TRUE(read_object("{\"do\":\"\xff\x1b[2J\"}", why).is_null());
  EXPECT_NE(why, "");
  for (auto c : why)
    EXPECT_GE(static_cast<unsigned char>(c), ' ') << why;
}

TEST(line_test, value_that_is_no_object_is_refused) {
  for (auto text : {"1", "null", "[]", "\"status\"", "true"}) {
    std::string why;
    read_object(text, why);
    EXPECT_EQ(why, "this is no JSON object") << text;
  }
}

TEST(line_test, deep_nesting_is_refused_however_deep) {
  for (auto depth : {17, 30'000}) {
    auto n = static_cast<std::size_t>(depth);
    std::string why;
    auto text = "{\"a\":" + std::string(n, '[') + std::string(n, ']') + "}";
    EXPECT_TRUE(read_object(text, why).is_null());
    EXPECT_EQ(why, "this is nested deeper than 16");
  }
}

TEST(line_test, nesting_of_a_status_is_accepted) {
  std::string why;
  read_object(R"({"members":[{"roles":["kv"]}],"queues":[{"holders":[1]}]})",
              why);
  EXPECT_EQ(why, "");
}

TEST(line_test, verb_is_a_text_that_is_not_empty) {
  std::string why;
  EXPECT_EQ(verb_of({{"do", "stop"}}, why), "stop");
  EXPECT_EQ(why, "");
  for (auto& bad : {json{{"do", 7}}, json{{"do", ""}}, json{{"verb", "stop"}},
                    json::object()}) {
    why.clear();
    EXPECT_EQ(verb_of(bad, why), "");
    EXPECT_NE(why, "") << bad;
  }
}

TEST(line_test, line_has_one_end_whatever_is_in_it) {
  auto line = to_line({{"text", "a\nb\xff"}});
  EXPECT_EQ(line, "{\"text\":\"a\\nb\xef\xbf\xbd\"}\n");
}

TEST(line_test, text_of_an_exception_is_short_and_has_no_number) {
  try {
    json::object().at("peer");
    FAIL();
  } catch (const std::exception& x) {
    EXPECT_EQ(plain_text(x), "key 'peer' not found");
  }
  EXPECT_EQ(plain_text(std::runtime_error{"a\nb"}), "a?b");
  EXPECT_EQ(plain_text(std::runtime_error{std::string(1000, 'x')}).size(),
            160u);
}

} // namespace
} // namespace sluice::actors::admin
