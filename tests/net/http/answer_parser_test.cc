#include "net/http/answer_parser.h"

#include "runtime/limits.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::http {
namespace {

using runtime::byte_slice;
using runtime::errc;
using namespace sluice::testing;

/// What a parser says to answers that come in these pieces, as one text:
/// heads, parts joined, ends, and why it failed.
std::string read(const std::vector<std::string_view>& pieces,
                 bool to_head = false, bool stream_ends = false) {
  answer_parser parser;
  std::string result;
  auto drain = [&](answer_step step) {
    switch (step) {
    case answer_step::need_more:
      return false;
    case answer_step::hint:
      result += "(hint " + std::to_string(parser.status()) + ")";
      return true;
    case answer_step::head:
      result += "(" + std::to_string(parser.status());
      if (auto size = parser.body_size())
        result += " " + std::to_string(*size);
      for (auto& x : parser.take_fields())
        result += " " + std::string{x.name()} + "=" + std::string{x.value()};
      result += ")";
      return true;
    case answer_step::part:
      result += parser.take_bytes().view();
      return true;
    case answer_step::end:
      result += parser.keeps_alive() ? "(end)" : "(last)";
      parser.begin(to_head);
      return true;
    case answer_step::failed:
      result += "(failed)";
      return false;
    }
    return false;
  };
  parser.begin(to_head);
  for (auto piece : pieces) {
    parser.feed(byte_slice::copy(piece));
    while (drain(parser.next())) {
      // go on
    }
  }
  if (stream_ends)
    drain(parser.at_end());
  return result;
}

/// The code of the error, or 0.
int error_of(std::string_view text) {
  answer_parser parser;
  parser.begin(false);
  parser.feed(byte_slice::copy(text));
  for (auto step = parser.next(); step != answer_step::need_more;
       step = parser.next())
    if (step == answer_step::failed)
      break;
  return parser.error() ? parser.error().code() : 0;
}

TEST(answer_parser_test, answer_with_a_length) {
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nab"}),
            "(200 2 Content-Length=2 X=y)ab(end)");
}

TEST(answer_parser_test, answer_in_chunks) {
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: u\r\n\r\n"}),
            "(200 Transfer-Encoding=chunked)abc(end)");
}

TEST(answer_parser_test, answers_without_a_body) {
  EXPECT_EQ(read({"HTTP/1.1 204 No\r\n\r\n"}), "(204)(end)");
  EXPECT_EQ(read({"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n"}),
            "(304 9 Content-Length=9)(end)");
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, true),
            "(200 9 Content-Length=9)(end)");
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}),
            "(200 0 Content-Length=0)(end)");
}

TEST(answer_parser_test, hints_are_no_answers) {
  EXPECT_EQ(read({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b"
                  "\r\n\r\nHTTP/1.1 204 No\r\n\r\n"}),
            "(hint 100)(hint 103)(204)(end)");
}

TEST(answer_parser_test, end_of_the_stream_may_end_a_body) {
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\n\r\nabc"}, false, true),
            "(200)abc(last)");
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\n\r\n"}, false, true), "(200)(last)");
}

TEST(answer_parser_test, end_of_the_stream_elsewhere_is_a_failure) {
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\n"}, false, true), "(failed)");
  EXPECT_EQ(
      read({"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"}, false, true),
      "(200 3 Content-Length=3)ab(failed)");
  EXPECT_EQ(read({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2\r\nab\r\n"},
                 false, true),
            "(200 Transfer-Encoding=chunked)ab(failed)");
}

TEST(answer_parser_test, end_between_two_answers_is_none_of_them) {
  EXPECT_EQ(read({}, false, true), "");
  EXPECT_EQ(read({"HTTP/1.1 204 No\r\n\r\n"}, false, true), "(204)(end)");
}

TEST(answer_parser_test, who_keeps_the_connection) {
  EXPECT_EQ(read({"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n"}),
            "(204 Connection=close)(last)");
  EXPECT_EQ(read({"HTTP/1.0 204 No\r\n\r\n"}), "(204)(last)");
  EXPECT_EQ(read({"HTTP/1.0 204 No\r\nConnection: keep-alive\r\n\r\n"}),
            "(204 Connection=keep-alive)(end)");
}

TEST(answer_parser_test, what_cannot_be_framed_is_refused) {
  for (std::string_view text :
       {"HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n",
        "hello world\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "fffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"})
    EXPECT_EQ(error_of(text), static_cast<int>(errc::malformed_frame)) << text;
}

TEST(answer_parser_test, head_is_bounded) {
  std::string text = "HTTP/1.1 200 OK\r\nX: ";
  text.append(runtime::limits::http_answer_head_bytes_max, 'x');
  EXPECT_EQ(error_of(text), static_cast<int>(errc::frame_too_long));
  text = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i <= runtime::limits::http_answer_fields_max; ++i)
    text += "X: y\r\n";
  EXPECT_EQ(error_of(text + "\r\n"), static_cast<int>(errc::frame_too_long));
}

TEST(answer_parser_test, frame_of_a_chunk_is_bounded) {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
  text.append(2 * runtime::limits::http_answer_head_bytes_max, 'x');
  EXPECT_EQ(error_of(text), static_cast<int>(errc::frame_too_long));
}

TEST(answer_parser_test, cuts_in_the_stream_change_nothing) {
  const std::string text =
      "HTTP/1.1 103 Early\r\nA: b\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
      "5\r\nhello\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nT: u\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld"
      "HTTP/1.1 204 No\r\n\r\n"
      "HTTP/1.1 200 OK\r\n\r\nto the end";
  const auto whole = read({text}, false, true);
  EXPECT_TRUE(whole.ends_with("to the end(last)")) << whole;
  std::vector<std::string_view> bytes;
  for (auto& c : text)
    bytes.emplace_back(&c, 1);
  EXPECT_EQ(read(bytes, false, true), whole);
  for_each_seed(1'000, [&](std::uint64_t seed) {
    random_source random{seed};
    std::vector<std::string_view> pieces;
    for (std::string_view rest = text; !rest.empty();) {
      auto size = random.size_between(1, rest.size());
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    EXPECT_EQ(read(pieces, false, true), whole);
  });
}

} // namespace
} // namespace sluice::net::http
