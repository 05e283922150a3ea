#include "actors/observe/command.h"

#include "runtime/limits.h"

#include <gtest/gtest.h>

namespace sluice::actors::observe {
namespace {

struct reading {
  std::optional<command> what;
  std::uint64_t id = 0;
  std::string why;
};

reading read(std::string_view text) {
  reading result;
  result.what = read_command(text, result.id, result.why);
  EXPECT_EQ(result.what.has_value(), result.why.empty()) << text;
  return result;
}

TEST(command_test, each_control_is_read) {
  auto slow =
      read(R"({"do":"slow","id":7,"node":"n2","bytes_per_s":1000})").what;
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->what, verb::slow);
  EXPECT_EQ(slow->id, 7u);
  EXPECT_EQ(slow->node, "n2");
  EXPECT_EQ(slow->bytes_per_second, 1'000u);
  auto cut = read(R"({"do":"cut","id":8,"node":"n1","peer":"n2"})").what;
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->peer, "n2");
  auto heal = read(R"({"do":"heal","id":9})").what;
  ASSERT_TRUE(heal);
  EXPECT_EQ(heal->node, "");
  EXPECT_EQ(read(R"({"do":"heal","id":9,"node":"n1"})").what->node, "n1");
  for (auto name : {"stop", "cont", "kill", "start"}) {
    auto x =
        read(std::string{R"({"do":")"} + name + R"(","id":1,"node":"n3"})");
    ASSERT_TRUE(x.what) << name;
    EXPECT_STREQ(to_string(x.what->what), name);
    EXPECT_TRUE(is_for_launcher(x.what->what));
  }
}

TEST(command_test, what_is_wrong_is_said_with_the_id_if_there_is_one) {
  EXPECT_EQ(read("").why, "What the page sent is no JSON object.");
  EXPECT_EQ(read("[1]").why, "What the page sent is no JSON object.");
  EXPECT_EQ(read("{").why, "What the page sent is no JSON object.");
  EXPECT_EQ(read("{}").why, "\"id\" has to be a number.");
  EXPECT_EQ(read(R"({"id":-1})").why, "\"id\" has to be a number.");
  EXPECT_EQ(read(R"({"id":"7"})").why, "\"id\" has to be a number.");
  auto x = read(R"({"id":7})");
  EXPECT_EQ(x.id, 7u);
  EXPECT_EQ(x.why, "\"do\" has to be one of slow, cut, heal, stop, cont, kill, "
                   "start.");
  EXPECT_NE(read(R"({"do":5,"id":7})").why, "");
  EXPECT_NE(read(R"({"do":"reboot","id":7})").why, "");
  EXPECT_EQ(read(R"({"do":"kill","id":7})").why,
            "\"node\" has to be the name of a node.");
  EXPECT_NE(read(R"({"do":"kill","id":7,"node":""})").why, "");
  EXPECT_NE(read(R"({"do":"heal","id":7,"node":4})").why, "");
  EXPECT_EQ(read(R"({"do":"cut","id":7,"node":"n1"})").why,
            "\"peer\" has to be the name of a node.");
  EXPECT_EQ(read(R"({"do":"cut","id":7,"node":"n1","peer":"n1"})").why,
            "A node cannot be cut off from itself.");
  EXPECT_EQ(read(R"({"do":"slow","id":7,"node":"n1"})").why,
            "\"bytes_per_s\" has to be a number; 0 is as fast as it can.");
  EXPECT_NE(read(R"({"do":"slow","id":7,"node":"n1","bytes_per_s":-1})").why,
            "");
  EXPECT_NE(read(R"({"do":"slow","id":7,"node":"n1","bytes_per_s":1.5})").why,
            "");
}

TEST(command_test, what_is_too_long_or_too_deep_is_refused) {
  auto name = std::string(300, 'n');
  EXPECT_EQ(read(R"({"do":"kill","id":7,"node":")" + name + "\"}").why,
            "\"node\" has more than 255 bytes.");
  std::string longer(runtime::limits::observe_command_bytes_max + 1, ' ');
  EXPECT_EQ(read(longer).why,
            "A control has at most 4096 bytes; this one has 4097.");
  read(std::string(4'000, '[')); // and the stack holds
  read(R"({"id":1,"do":)" + std::string(2'000, '[') + std::string(2'000, ']')
       + "}");
}

} // namespace
} // namespace sluice::actors::observe
