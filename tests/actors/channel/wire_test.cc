// The frames of a link as bytes: what is written is read again, and what is not
// right is refused with a text that names it.

#include "actors/channel/wire.h"

#include "runtime/error.h"
#include "runtime/limits.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::actors::channel::wire {
namespace {

using testing::for_each_seed;
using testing::random_source;

/// The frame behind its length, which must be right.
byte_slice body(const std::string& bytes) {
  EXPECT_GE(bytes.size(), 5u);
  EXPECT_EQ(item_size(bytes.data()), bytes.size() - 4);
  return byte_slice::copy(std::string_view{bytes}.substr(4));
}

template <class T>
T round_trip(const T& x) {
  std::string bytes;
  encode(x, bytes);
  auto result = decode(body(bytes));
  if (!result || !std::holds_alternative<T>(*result)) {
    ADD_FAILURE() << "was not read again: "
                  << (result ? "another kind"
                             : runtime::to_text(result.error()));
    return {};
  }
  return std::get<T>(*result);
}

std::string error_of(std::string_view bytes) {
  auto result = decode(byte_slice::copy(bytes));
  return result ? "no error" : runtime::to_text(result.error());
}

std::string data_frame(std::uint32_t count, std::string_view items) {
  std::string bytes;
  encode_data_header(7, 1'000, count, items.size(), bytes);
  return bytes.append(items);
}

std::string item(std::string_view text) {
  std::string result(item_header_bytes, '\0');
  put_item_header(text.size(), result.data());
  return result.append(text);
}

std::vector<std::string> examples() {
  std::vector<std::string> result;
  auto add = [&](const auto& x) { encode(x, result.emplace_back()); };
  add(hello{1, 3, 42, 1'000, 10});
  add(welcome{1, 42, 1'000, 10});
  add(refuse{end_reason::version_mismatch, "too old"});
  add(ping{99});
  add(pong{99});
  add(open{1, {5, 6}, 7, 8, "name", "type"});
  add(blocked{2});
  add(end{2, 77});
  add(opened{2, 10, 100, 5, 266, 4'096, 256, 4'096});
  add(refused{2, end_reason::type_mismatch, "no"});
  add(grant{2, 5, 266, 4'096});
  add(finished{2});
  add(close{2, end_reason::dropped, ""});
  result.push_back(data_frame(2, item("ab") + item("")));
  return result;
}

TEST(channel_wire_test, every_field_is_read_again) {
  auto h = round_trip(hello{1, 3, 42, 1'000, 10});
  EXPECT_EQ(h.version_max, 3);
  EXPECT_EQ(h.instance, 42u);
  EXPECT_EQ(h.frame_bytes_max, 1'000u);
  EXPECT_EQ(h.channels_max, 10u);
  auto o = round_trip(open{1, {5, 6}, 7, 8, "name", "type"});
  EXPECT_EQ(o.channel, 1u);
  EXPECT_EQ(o.stream, (stream_id{5, 6}));
  EXPECT_EQ(o.oldest, 7u);
  EXPECT_EQ(o.next, 8u);
  EXPECT_EQ(o.name, "name");
  EXPECT_EQ(o.type, "type");
  auto a = round_trip(opened{2, 10, 100, 5, 266, 4'096, 256, 4'095});
  EXPECT_EQ(a.position, 10u);
  EXPECT_EQ(a.bytes, 100u);
  EXPECT_EQ(a.confirmed, 5u);
  EXPECT_EQ(a.message_limit, 266u);
  EXPECT_EQ(a.byte_limit, 4'096u);
  EXPECT_EQ(a.window_messages, 256u);
  EXPECT_EQ(a.window_bytes, 4'095u);
  auto g = round_trip(grant{2, 5, 266, std::uint64_t{1} << 63});
  EXPECT_EQ(g.byte_limit, std::uint64_t{1} << 63);
  auto r = round_trip(refused{2, end_reason::type_mismatch, "no"});
  EXPECT_EQ(r.reason, end_reason::type_mismatch);
  EXPECT_EQ(r.text, "no");
  EXPECT_EQ(round_trip(end{2, 77}).position, 77u);
  EXPECT_EQ(round_trip(finished{3}).channel, 3u);
  EXPECT_EQ(round_trip(ping{99}).token, 99u);
}

TEST(channel_wire_test, messages_of_a_data_frame_share_its_memory) {
  auto bytes = body(data_frame(3, item("one") + item("") + item("three")));
  auto result = decode(bytes);
  ASSERT_TRUE(result);
  auto& x = std::get<data>(*result);
  EXPECT_EQ(x.channel, 7u);
  EXPECT_EQ(x.first, 1'000u);
  EXPECT_EQ(x.items.end(), bytes.end());
  std::vector<std::string> seen;
  item_reader rest{x.items.view()};
  for (std::string_view each; rest.next(each);)
    seen.emplace_back(each);
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "", "three"}));
}

TEST(channel_wire_test,
     data_frame_whose_count_or_lengths_are_wrong_is_refused) {
  auto text = std::string{"frame \"data\": messages do not fit their lengths"};
  auto refused = [&](std::uint32_t count, const std::string& items) {
    EXPECT_EQ(error_of(body(data_frame(count, items)).view()), text);
  };
  refused(1, item("ab") + item("c"));
  refused(3, item("ab") + item("c"));
  refused(0xffffffff, item("ab"));
  refused(1, item("ab").substr(0, 5));
  refused(1, std::string("\xff\xff\xff\xff", 4) + "ab");
  EXPECT_EQ(error_of(body(data_frame(0, "")).view()),
            "frame \"data\": count is 0");
}

TEST(channel_wire_test, frame_that_is_cut_anywhere_is_refused) {
  for (auto& whole : examples())
    for (std::size_t size = 4; size + 1 < whole.size(); ++size)
      EXPECT_NE(error_of(std::string_view{whole}.substr(4, size - 4)),
                "no error")
          << "kind " << int(whole[4]) << " cut to " << size - 4;
}

TEST(channel_wire_test, bytes_behind_the_last_field_are_refused) {
  std::string bytes;
  encode(finished{3}, bytes);
  EXPECT_EQ(error_of(body(bytes).str() + "x"),
            "frame \"finished\": its end comes late");
}

TEST(channel_wire_test, handshake_may_say_more_than_we_know) {
  std::string bytes;
  encode(hello{}, bytes);
  EXPECT_EQ(error_of(body(bytes).str() + "what comes later"), "no error");
}

TEST(channel_wire_test, wrong_magic_is_named) {
  std::string bytes;
  encode(hello{}, bytes);
  bytes[5] = 'X';
  EXPECT_EQ(error_of(body(bytes).view()), "frame \"hello\": magic is not SLCH");
}

TEST(channel_wire_test, unknown_kind_is_refused_unless_it_may_be_ignored) {
  EXPECT_EQ(error_of("\x7fxyz"), "a frame of the unknown kind 127");
  EXPECT_EQ(error_of(""), "a frame without a kind");
  auto result = decode(byte_slice::copy("\x80xyz"));
  ASSERT_TRUE(result);
  EXPECT_EQ(std::get<ignored>(*result).kind, 128);
}

TEST(channel_wire_test, reason_of_a_later_version_is_read) {
  auto x = round_trip(close{1, static_cast<end_reason>(999), "new"});
  EXPECT_EQ(to_string(x.reason), "reason 999");
}

TEST(channel_wire_test, texts_over_the_limit_are_cut_and_refused) {
  auto most = runtime::limits::channel_reason_bytes_max;
  auto x = round_trip(close{1, end_reason::dropped, std::string(5'000, 'x')});
  EXPECT_EQ(x.text.size(), most);
  std::string bytes;
  encode(close{1, end_reason::dropped, ""}, bytes);
  bytes.replace(bytes.size() - 2, 2, {char(1), char(0)});
  bytes.append(256, 'x');
  EXPECT_EQ(error_of(std::string_view{bytes}.substr(4)),
            "frame \"close\": text is too long");
}

TEST(channel_wire_test, mangled_frames_are_read_or_refused) {
  auto frames = examples();
  for_each_seed(20'000, [&](auto seed) {
    random_source random{seed};
    auto bytes = frames[random.below(frames.size())].substr(4);
    for (auto n = random.between(1, 5); n > 0 && !bytes.empty(); --n)
      switch (random.below(3)) {
      case 0:
        bytes[random.below(bytes.size())] =
            static_cast<char>(random.below(256));
        break;
      case 1:
        bytes.resize(random.below(bytes.size() + 1));
        break;
      default:
        bytes.append(random.below(20), static_cast<char>(random.below(256)));
      }
    auto result = decode(byte_slice::copy(bytes));
    if (!result) {
      EXPECT_FALSE(runtime::to_text(result.error()).empty());
      return;
    }
    if (auto x = std::get_if<data>(&*result)) {
      item_reader rest{x->items.view()};
      std::size_t count = 0;
      for (std::string_view each; rest.next(each);)
        ++count;
      EXPECT_EQ(count, x->count);
    }
  });
}

} // namespace
} // namespace sluice::actors::channel::wire
