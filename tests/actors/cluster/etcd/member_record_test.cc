#include "actors/cluster/etcd/member_record.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <gtest/gtest.h>

namespace sluice::actors::cluster::etcd {

namespace {

using runtime::errc;

TEST(member_record_test, member_comes_back) {
  member before{"a", 7, "tcp://10.0.0.1:7000", "10.0.0.1:7001", {"kv", "\"x"}};
  auto text = to_text(record_of(before));
  ASSERT_TRUE(text);
  auto record = read_record(*text);
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->leaving);
  EXPECT_EQ(to_member("a", 7, *record), before);
}

TEST(member_record_test, mark_of_leaving_comes_back) {
  member_record before{"tcp://a:1", "", {}, true};
  EXPECT_EQ(read_record(*to_text(before)), before);
}

TEST(member_record_test, members_of_later_versions_may_say_more) {
  auto record = read_record(
      R"({"endpoint":"tcp://a:1","remote":"","roles":[],"zone":{"x":[1]}})");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->endpoint, "tcp://a:1");
}

TEST(member_record_test, what_is_no_record_is_refused) {
  for (auto text : {"", "x", "7", "[]", "null", "{", R"({"endpoint":7})",
                    R"({"remote":[]})", R"({"roles":"kv"})", R"({"roles":[7]})",
                    R"({"leaving":1})", "{\"endpoint\":\"\xff\"}"})
    EXPECT_FALSE(read_record(text)) << text;
}

TEST(member_record_test, record_that_is_too_long_is_neither_written_nor_read) {
  member_record x{"tcp://a:1", "", {}, false};
  auto rest = runtime::limits::member_record_bytes_max - to_text(x)->size();
  x.remote.assign(rest, 'x');
  auto text = to_text(x);
  ASSERT_TRUE(text);
  EXPECT_TRUE(read_record(*text));
  EXPECT_FALSE(read_record(*text + " "));
  x.remote += 'x';
  EXPECT_FALSE(to_text(x));
}

TEST(member_record_test, text_that_is_not_utf8_is_refused) {
  EXPECT_FALSE(to_text({"tcp://\xff:1", "", {}, false}));
  EXPECT_FALSE(to_text({"", "", {"\xc3"}, false}));
}

TEST(member_record_test, names_that_cannot_be_part_of_a_key_are_refused) {
  EXPECT_FALSE(check_name("n1.example-2_x", "the name"));
  EXPECT_FALSE(check_name(std::string(runtime::limits::name_bytes_max, 'x'),
                          "the name"));
  for (auto& name : {std::string{}, std::string{"a/b"}, std::string{"a\nb"},
                     std::string(1, '\0'),
                     std::string(runtime::limits::name_bytes_max + 1, 'x')}) {
    auto error = check_name(name, "the name of the node");
    EXPECT_EQ(error.code(), static_cast<std::uint8_t>(errc::bad_setting));
    EXPECT_EQ(runtime::to_text(error).rfind("the name of the node", 0), 0u);
  }
}

} // namespace

} // namespace sluice::actors::cluster::etcd
