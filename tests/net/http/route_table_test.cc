#include "net/http/route_table.h"

#include "runtime/error.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::net::http {
namespace {

class route_table_test : public ::testing::Test {
protected:
  void add(std::string pattern) {
    auto number = table.add(pattern);
    ASSERT_TRUE(number) << runtime::to_text(number.error());
    if (*number >= patterns.size())
      patterns.resize(*number + 1);
    patterns[*number] = std::move(pattern);
  }

  /// The pattern that a path fits, or "-".
  std::string fit(std::string_view path) {
    auto found = table.find(path);
    if (!found)
      return runtime::to_text(found.error());
    last = *found;
    return last.route == route_table::none ? "-" : patterns.at(last.route);
  }

  std::string error_of(std::string_view pattern) {
    auto number = table.add(pattern);
    return number ? "" : runtime::to_text(number.error());
  }

  route_table table;
  std::vector<std::string> patterns;
  route_table::match last;
};

TEST_F(route_table_test, empty_table_fits_nothing) {
  EXPECT_EQ(fit("/"), "-");
  EXPECT_EQ(fit(""), "-");
  EXPECT_EQ(fit("*"), "-");
}

TEST_F(route_table_test, written_out_goes_before_a_name_before_the_rest) {
  add("/things/*");
  add("/things/{id}");
  add("/things/new");
  EXPECT_EQ(fit("/things/new"), "/things/new");
  EXPECT_EQ(last.parameters.size(), 0u);
  EXPECT_EQ(fit("/things/7"), "/things/{id}");
  EXPECT_EQ(last.parameters.at("id"), "7");
  EXPECT_EQ(fit("/things/7/8"), "/things/*");
  EXPECT_EQ(last.rest, "/7/8");
  EXPECT_EQ(last.parameters.size(), 0u);
  EXPECT_EQ(fit("/things/new/8"), "/things/*");
  EXPECT_EQ(last.rest, "/new/8");
}

TEST_F(route_table_test, dead_end_of_a_better_fit_is_left_again) {
  add("/a/b/c");
  add("/a/{x}/d");
  add("/{y}/b/e");
  add("/*");
  EXPECT_EQ(fit("/a/b/c"), "/a/b/c");
  EXPECT_EQ(fit("/a/b/d"), "/a/{x}/d");
  EXPECT_EQ(last.parameters.at("x"), "b");
  EXPECT_EQ(fit("/a/b/e"), "/{y}/b/e");
  EXPECT_EQ(last.parameters.at("y"), "a");
  EXPECT_EQ(last.parameters.size(), 1u);
  EXPECT_EQ(fit("/a/b/f"), "/*");
  EXPECT_EQ(last.parameters.size(), 0u);
  EXPECT_EQ(last.rest, "/a/b/f");
}

TEST_F(route_table_test, slash_at_the_end_is_another_path) {
  add("/a");
  add("/b/");
  add("/");
  EXPECT_EQ(fit("/a"), "/a");
  EXPECT_EQ(fit("/a/"), "-");
  EXPECT_EQ(fit("/b/"), "/b/");
  EXPECT_EQ(fit("/b"), "-");
  EXPECT_EQ(fit("/"), "/");
  EXPECT_EQ(fit("//"), "-");
}

TEST_F(route_table_test, name_stands_for_one_part_that_is_not_empty) {
  add("/a/{x}");
  EXPECT_EQ(fit("/a/"), "-");
  EXPECT_EQ(fit("/a//"), "-");
  EXPECT_EQ(fit("/a/b/"), "-");
  EXPECT_EQ(fit("/a/b"), "/a/{x}");
}

TEST_F(route_table_test, rest_may_be_a_slash_and_not_nothing) {
  add("/a/*");
  EXPECT_EQ(fit("/a"), "-");
  EXPECT_EQ(fit("/a/"), "/a/*");
  EXPECT_EQ(last.rest, "/");
  EXPECT_EQ(fit("/a/b//c/"), "/a/*");
  EXPECT_EQ(last.rest, "/b//c/");
}

TEST_F(route_table_test, several_names) {
  add("/a/{x}/b/{y}");
  EXPECT_EQ(fit("/a/1/b/2"), "/a/{x}/b/{y}");
  EXPECT_EQ(last.parameters.size(), 2u);
  EXPECT_EQ(last.parameters.at("x"), "1");
  EXPECT_EQ(last.parameters.at("y"), "2");
  EXPECT_EQ(last.parameters.at("z"), "");
}

TEST_F(route_table_test, escapes_are_decoded_part_by_part) {
  add("/a b/{x}");
  add("/files/*");
  EXPECT_EQ(fit("/a%20b/c%2Fd%25"), "/a b/{x}");
  EXPECT_EQ(last.parameters.at("x"), "c/d%") << "the slash is in the part";
  EXPECT_EQ(fit("/a%20b%2Fc"), "-");
  EXPECT_EQ(fit("/%66iles/a%20b"), "/files/*");
  EXPECT_EQ(last.rest, "/a%20b") << "as it was sent";
}

TEST_F(route_table_test, escapes_that_cannot_be_read_are_an_error) {
  add("/{x}");
  add("/a");
  for (auto path : {"/%", "/%4", "/%zz", "/%00"}) {
    auto found = table.find(path);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().code(),
              static_cast<int>(runtime::errc::malformed_frame))
        << path;
  }
}

TEST_F(route_table_test, case_makes_a_difference) {
  add("/a");
  EXPECT_EQ(fit("/A"), "-");
}

TEST_F(route_table_test, same_pattern_has_the_same_number) {
  add("/a/{x}");
  add("/b/*");
  EXPECT_EQ(*table.add("/a/{x}"), 0u);
  EXPECT_EQ(*table.add("/b/*"), 1u);
  EXPECT_EQ(*table.add("/a"), 2u);
}

TEST_F(route_table_test, error_names_the_pattern) {
  add("/a/{x}");
  for (auto bad : {"", "a", "*", "/*/a", "/a*", "/{}", "/{x", "/x}", "/a{x}",
                   "/a%20b", "/a/{y}"}) {
    auto text = error_of(bad);
    EXPECT_NE(text.find("'" + std::string{bad} + "'"), std::string::npos)
        << bad << ": " << text;
  }
  EXPECT_EQ(fit("/a/b"), "/a/{x}") << "what was good is still there";
}

TEST_F(route_table_test, name_with_braces_in_it_is_refused) {
  EXPECT_NE(error_of("/{a{b}}"), "");
  EXPECT_NE(error_of("/{a}{b}"), "");
}

} // namespace
} // namespace sluice::net::http
