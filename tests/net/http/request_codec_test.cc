#include "net/http/request_codec.h"

#include "net/framer.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net::http {
namespace {

using strings = std::vector<std::string>;
using namespace std::string_literals;

std::string text_of(const request& x) {
  auto result = std::string{x.verb_text()} + " " + std::string{x.target()}
                + " 1." + std::to_string(x.minor_version());
  for (auto& line : x.fields())
    result.append("|").append(line.name()).append("=").append(line.value());
  if (x.content_length())
    result += " length " + std::to_string(*x.content_length());
  if (x.has_body())
    result += " body";
  if (x.expects_continue())
    result += " waits";
  return result + (x.keeps_alive() ? "" : " close");
}

/// A codec in its framer, and what it finds.
class reader {
public:
  explicit reader(const request_limits& limits = {})
      : framer_(std::make_unique<request_codec>(limits)) {}

  /// What each body may hold that comes in chunks.
  std::optional<std::uint64_t> body_limit;

  void feed(std::string_view bytes) {
    framer_.feed(byte_slice::copy(bytes));
    byte_slice frame;
    while (framer_.next(frame))
      take(std::move(frame));
    if (framer_.error() && std::exchange(refused_, true) == false) {
      close_body();
      found.push_back("refused " + std::to_string(code_of(codec().refusal()))
                      + ": " + runtime::to_text(framer_.error()));
    }
  }

  request_codec& codec() {
    return static_cast<request_codec&>(framer_.codec());
  }

  std::size_t buffered() const { return framer_.buffered(); }

  /// Heads, bodies and their ends. How a body was cut is not told.
  strings result() {
    close_body();
    return found;
  }

  strings found;
  request last;

private:
  void take(byte_slice frame) {
    if (codec().found() == request_codec::part::head) {
      codec().take_request(std::move(frame), last);
      found.push_back(text_of(last));
      if (body_limit)
        codec().limit_body(*body_limit);
    } else {
      body_ += frame.view();
    }
    if (codec().ends_message()) {
      close_body();
      found.emplace_back("end");
    }
  }

  void close_body() {
    if (!body_.empty())
      found.push_back("body " + std::exchange(body_, {}));
  }

  framer framer_;
  std::string body_;
  bool refused_ = false;
};

strings parts_of(std::string_view input, const request_limits& limits = {}) {
  reader in{limits};
  in.feed(input);
  return in.result();
}

strings byte_by_byte(std::string_view input,
                     const request_limits& limits = {}) {
  reader in{limits};
  for (auto& c : input)
    in.feed({&c, 1});
  return in.result();
}

/// What was refused, or "" if nothing was.
std::string refusal_of(std::string_view input,
                       const request_limits& limits = {}) {
  auto parts = parts_of(input, limits);
  return !parts.empty() && parts.back().starts_with("refused ")
             ? parts.back().substr(std::string_view{"refused "}.size())
             : "";
}

request request_of(std::string_view input) {
  reader in;
  in.feed(input);
  EXPECT_EQ(in.found.size(), 2u) << input;
  return in.last;
}

/// A request with these fields, each with its end of line.
std::string with(std::string_view fields, std::string_view body = {}) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n"
         + std::string{body};
}

std::string chunked(std::string_view body) {
  return with("Transfer-Encoding: chunked\r\n", body);
}

const strings whole_inputs{
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: a\r\nUser-Agent:  spaces \t\r\nEmpty:\r\n\r\n",
    with("Content-Length: 0\r\n") + with(""),
    with("Content-Length: 5\r\n", "hello") + with(""),
    with("Content-Length: 5\r\n", "hello\r\n") + with(""),
    with("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
    chunked("0\r\n\r\n"),
    chunked("0\r\n\r\n") + with(""),
    chunked("5\r\nhello\r\n0\r\n\r\n") + with(""),
    chunked("005\r\nhello\r\nA\r\n0123456789\r\n00\r\n\r\n") + with(""),
    chunked("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n") + with(""),
    chunked("5\r\nhello\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n") + with(""),
    chunked("2\r\n\r\n\r\n2\r\n0\r\r\n0\r\n\r\n"),
};

/// Input, status and a part of the text.
struct refused_input {
  const char* name;
  std::string input;
  std::string status;
  const char* why;
};

const std::vector<refused_input> refused_inputs{
    {"bare line feed", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400",
     "carriage return"},
    {"bare line feed in fields", "GET / HTTP/1.1\r\nHost: a\n\r\n", "400",
     "carriage return"},
    {"line feed alone", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400",
     "carriage return"},
    {"folded field", with("A: b\r\n c\r\n"), "400", "folded"},
    {"folded by a tab", with("A: b\r\n\tc\r\n"), "400", "folded"},
    {"first field begins with a space", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
     "400", "folded"},
    {"body of HTTP/1.0 without a length", "POST / HTTP/1.0\r\n\r\n", "411",
     "Content-Length"},
    {"no host", "GET / HTTP/1.1\r\n\r\n", "400", "no Host"},
    {"two hosts", with("Host: a\r\n"), "400", "more than one Host"},
    {"malformed host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400", "Host"},
    {"user name in host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400", "Host"},
    {"space before colon", with("A : b\r\n"), "400", "field"},
    {"field without colon", with("A\r\n"), "400", "field"},
    {"field without name", with(": b\r\n"), "400", "field"},
    {"null in value", with("A: b\0c\r\n"s), "400", "field"},
    {"delete in value", with("A: b\x7f\r\n"), "400", "field"},
    {"carriage return in value", with("A: b\rc\r\n"), "400", ""},
    {"two lengths", with("Content-Length: 1\r\nContent-Length: 1\r\n"), "400",
     "more than one Content-Length"},
    {"length is a list", with("Content-Length: 1, 1\r\n"), "400",
     "not a number"},
    {"length with a sign", with("Content-Length: +1\r\n"), "400",
     "is no number"},
    {"empty length", with("Content-Length:\r\n"), "400", "is no number"},
    {"length over 64 bits", with("Content-Length: 18446744073709551616\r\n"),
     "400", "too large"},
    {"length and chunks",
     with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "400", ""},
    {"chunks and length",
     with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "400", ""},
    {"chunked twice",
     with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     "400", "Transfer-Encoding"},
    {"other coding", with("Transfer-Encoding: gzip\r\n"), "501", "coding"},
    {"coding before chunked", with("Transfer-Encoding: gzip, chunked\r\n"),
     "501", "coding"},
    {"chunks in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     "400", "HTTP/1.0"},
    {"other expectation", with("Expect: 200-ok\r\n"), "417", "100-continue"},
    {"two expectations",
     with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), "417",
     "100-continue"},
    {"version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505", "HTTP/1.1"},
    {"version 0.9 by name", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "400",
     "version"},
    {"no version", "GET /\r\nHost: a\r\n\r\n", "400", ""},
    {"not HTTP", "GET / HTTPS/1.1\r\nHost: a\r\n\r\n", "400", "version"},
    {"method is no word", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "method"},
    {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", "400", "method"},
    {"tunnel", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "501", "tunnels"},
    {"asterisk of another method", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400",
     "fit the method"},
    {"authority of another method", "GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
     "400", "target"},
    {"target without slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "400",
     "target"},
    {"fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "400", "target"},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400", ""},
    {"absolute without host", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n",
     "400", "target"},
    {"chunk size is no number", chunked("x\r\n"), "400", "chunk"},
    {"chunk size is empty", chunked("\r\nhello\r\n"), "400", "chunk"},
    {"chunk size over 64 bits", chunked("10000000000000000\r\n"), "400",
     "chunk"},
    {"chunk is longer than it says", chunked("2\r\nabc\r\n0\r\n\r\n"), "400",
     "chunk"},
    {"bare line feed behind a size", chunked("5\nhello\r\n0\r\n\r\n"), "400",
     ""},
    {"bare line feed behind a chunk", chunked("5\r\nhello\n0\r\n\r\n"), "400",
     ""},
    {"bare line feed in trailers", chunked("0\r\nA: b\n\r\n"), "400", ""},
    {"folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), "400", ""},
    {"length in trailers", chunked("0\r\nContent-Length: 7\r\n\r\n"), "400",
     "chunk"},
    {"malformed trailer", chunked("0\r\nA\r\n\r\n"), "400", ""},
};

// -- what is read -------------------------------------------------------------

TEST(request_codec_test, head_is_read_with_its_fields) {
  EXPECT_EQ(parts_of("GET /a?b HTTP/1.1\r\nHost: c\r\nX-Y:  z \r\n\r\n"),
            (strings{"GET /a?b 1.1|Host=c|X-Y=z", "end"}));
}

TEST(request_codec_test, body_of_a_length_and_the_next_request) {
  EXPECT_EQ(parts_of(with("Content-Length: 5\r\n", "hello") + with("")),
            (strings{"POST / 1.1|Host=a|Content-Length=5 length 5 body",
                     "body hello", "end", "POST / 1.1|Host=a", "end"}));
}

TEST(request_codec_test, chunks_without_their_extensions_and_trailers) {
  EXPECT_EQ(parts_of(chunked("5;a=\"b\"\r\nhello\r\n3\r\n, x\r\n"
                             "0\r\nExpect: x\r\nHost: b\r\n\r\n")
                     + with("")),
            (strings{"POST / 1.1|Host=a|Transfer-Encoding=chunked body",
                     "body hello, x", "end", "POST / 1.1|Host=a", "end"}));
}

TEST(request_codec_test, empty_body_in_chunks_byte_by_byte) {
  strings expected{"POST / 1.1|Host=a|Transfer-Encoding=chunked body", "end"};
  EXPECT_EQ(parts_of(chunked("0\r\n\r\n")), expected);
  EXPECT_EQ(byte_by_byte(chunked("0\r\n\r\n")), expected);
}

TEST(request_codec_test, cuts_make_no_difference) {
  auto inputs = whole_inputs;
  for (auto& x : refused_inputs)
    inputs.push_back(x.input);
  for (auto& input : inputs) {
    auto expected = parts_of(input);
    for (std::size_t at = 1; at < input.size(); ++at) {
      reader in;
      in.feed(std::string_view{input}.substr(0, at));
      in.feed(std::string_view{input}.substr(at));
      ASSERT_EQ(in.result(), expected) << "cut at " << at << ": " << input;
    }
    ASSERT_EQ(byte_by_byte(input), expected) << input;
  }
}

TEST(request_codec_test, whole_inputs_are_used_up_and_none_is_refused) {
  for (auto& input : whole_inputs) {
    reader in;
    in.feed(input);
    auto parts = in.result();
    ASSERT_FALSE(parts.empty()) << input;
    EXPECT_EQ(parts.back(), "end") << input;
    EXPECT_EQ(in.buffered(), 0u) << input;
    EXPECT_FALSE(in.codec().in_body()) << input;
  }
}

TEST(request_codec_test, unfinished_head_or_body_is_waited_for) {
  EXPECT_EQ(parts_of(""), strings{});
  EXPECT_EQ(parts_of("\r\n"), strings{});
  EXPECT_EQ(parts_of("GET / HTTP/1.1\r\nHost: a\r\n"), strings{});
  reader in;
  in.feed(with("Content-Length: 5\r\n", "hell"));
  EXPECT_TRUE(in.codec().in_body());
  EXPECT_EQ(in.result().back(), "body hell");
}

// -- what is refused ----------------------------------------------------------

TEST(request_codec_test, each_refusal_has_its_status_and_says_why) {
  for (auto& x : refused_inputs) {
    auto why = refusal_of(x.input);
    EXPECT_EQ(why.substr(0, 3), x.status) << x.name << ": " << why;
    EXPECT_NE(why.find(x.why), std::string::npos) << x.name << ": " << why;
  }
}

TEST(request_codec_test, nothing_behind_a_refusal_is_read) {
  EXPECT_EQ(parts_of("GET / HTTP/1.1\r\n\r\n" + with("")).size(), 1u);
}

TEST(request_codec_test, smuggled_request_in_a_folded_coding_is_refused) {
  auto parts = parts_of(with("Transfer-Encoding:\r\n chunked\r\n",
                             "0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n"));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_TRUE(parts[0].starts_with("refused 400")) << parts[0];
}

// -- limits -------------------------------------------------------------------

TEST(request_codec_test, line_may_be_as_long_as_its_limit) {
  request_limits limits;
  limits.line_bytes = 30;
  auto line_of = [](std::size_t size) {
    return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1";
  };
  ASSERT_EQ(line_of(30).size(), 30u);
  auto good = line_of(30) + "\r\nHost: a\r\n\r\n";
  auto bad = line_of(31) + "\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parts_of(good, limits).back(), "end");
  EXPECT_EQ(byte_by_byte(good, limits).back(), "end");
  EXPECT_EQ(refusal_of(bad, limits).substr(0, 3), "414");
  EXPECT_EQ(byte_by_byte(bad, limits), parts_of(bad, limits));
  // Before its end has come.
  EXPECT_EQ(refusal_of(std::string(32, 'a'), limits).substr(0, 3), "414");
  EXPECT_EQ(refusal_of(std::string(31, 'a'), limits), "");
}

TEST(request_codec_test, head_may_be_as_long_as_its_limit) {
  request_limits limits;
  limits.line_bytes = 20;
  limits.head_bytes = 60;
  auto head_of = [](std::size_t size) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    return text + std::string(size - text.size() - 4, 'x') + "\r\n\r\n";
  };
  ASSERT_EQ(head_of(60).size(), 60u);
  EXPECT_EQ(parts_of(head_of(60), limits).back(), "end");
  EXPECT_EQ(byte_by_byte(head_of(60), limits).back(), "end");
  EXPECT_EQ(refusal_of(head_of(61), limits).substr(0, 3), "431");
  EXPECT_EQ(byte_by_byte(head_of(61), limits), parts_of(head_of(61), limits));
  auto endless = head_of(60).substr(0, 40) + std::string(21, 'x');
  EXPECT_EQ(refusal_of(endless, limits).substr(0, 3), "431");
  EXPECT_EQ(refusal_of(endless.substr(0, 60), limits), "");
}

TEST(request_codec_test, fields_are_counted) {
  request_limits limits;
  limits.fields = 3;
  EXPECT_EQ(refusal_of(with("A: 1\r\nB: 2\r\n"), limits), "");
  EXPECT_EQ(refusal_of(with("A: 1\r\nB: 2\r\nC: 3\r\n"), limits).substr(0, 3),
            "431");
}

TEST(request_codec_test, trailers_are_counted_with_the_fields) {
  request_limits limits;
  limits.fields = 3;
  EXPECT_EQ(refusal_of(chunked("0\r\nA: 1\r\n\r\n"), limits), "");
  EXPECT_EQ(
      refusal_of(chunked("0\r\nA: 1\r\nB: 2\r\n\r\n"), limits).substr(0, 3),
      "431");
}

TEST(request_codec_test, empty_lines_before_a_request_are_bounded) {
  request_limits limits;
  limits.line_bytes = 20;
  auto lines_of = [](std::size_t count) {
    std::string result;
    for (std::size_t i = 0; i < count; ++i)
      result += "\r\n";
    return result;
  };
  auto good = lines_of(10) + with("");
  auto bad = lines_of(11) + with("");
  EXPECT_EQ(parts_of(good, limits).back(), "end");
  EXPECT_EQ(byte_by_byte(good, limits).back(), "end");
  EXPECT_EQ(refusal_of(bad, limits).substr(0, 3), "400");
  EXPECT_EQ(byte_by_byte(bad, limits), parts_of(bad, limits));
}

TEST(request_codec_test, empty_lines_are_no_part_of_the_longest_head) {
  request_limits limits;
  limits.line_bytes = 20;
  limits.head_bytes = with("").size();
  auto input = std::string{"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"} + with("");
  EXPECT_EQ(parts_of(input, limits).back(), "end");
  EXPECT_EQ(byte_by_byte(input, limits).back(), "end");
}

TEST(request_codec_test, what_stands_around_a_chunk_is_bounded) {
  request_limits limits;
  limits.head_bytes = 100;
  auto body_of = [](std::size_t size) {
    return chunked("1;" + std::string(size, 'x') + "\r\na\r\n0\r\n\r\n");
  };
  EXPECT_EQ(parts_of(body_of(50), limits).back(), "end");
  EXPECT_EQ(byte_by_byte(body_of(50), limits).back(), "end");
  EXPECT_EQ(refusal_of(body_of(200), limits).substr(0, 3), "431");
  EXPECT_EQ(byte_by_byte(body_of(200), limits).back(),
            parts_of(body_of(200), limits).back());
  auto trailers = chunked("0\r\nA: " + std::string(200, 'x'));
  EXPECT_EQ(refusal_of(trailers, limits).substr(0, 3), "431");
}

TEST(request_codec_test, chunk_that_says_too_much_is_refused_before_it_comes) {
  auto last_of = [](std::string_view body) {
    reader in;
    in.body_limit = 10;
    in.feed(chunked(body));
    return in.result().back();
  };
  EXPECT_EQ(last_of("4\r\nabcd\r\n6\r\nefghij\r\n0\r\n\r\n"), "end");
  EXPECT_TRUE(last_of("b\r\n").starts_with("refused 413"));
  EXPECT_TRUE(last_of("4\r\nabcd\r\n7\r\n").starts_with("refused 413"));
  EXPECT_TRUE(last_of("ffffffffffffffff\r\n").starts_with("refused 413"));
}

// -- requests -----------------------------------------------------------------

TEST(request_codec_test, request_has_its_parts) {
  auto x = request_of("GET /a%20b/c?d=e?f HTTP/1.1\r\nHost: g:1\r\n\r\n");
  EXPECT_EQ(x.verb(), method::get);
  EXPECT_EQ(x.verb_text(), "GET");
  EXPECT_EQ(x.target(), "/a%20b/c?d=e?f");
  EXPECT_EQ(x.path(), "/a%20b/c");
  EXPECT_EQ(x.query(), "d=e?f");
  EXPECT_EQ(x.host(), "g:1");
  EXPECT_FALSE(x.has_body());
  EXPECT_FALSE(x.content_length());
}

TEST(request_codec_test, methods_are_known_by_name_and_case) {
  auto verb_of = [](const char* name) {
    return request_of(std::string{name} + " / HTTP/1.1\r\nHost: a\r\n\r\n")
        .verb();
  };
  EXPECT_EQ(verb_of("HEAD"), method::head);
  EXPECT_EQ(verb_of("POST"), method::post);
  EXPECT_EQ(verb_of("PUT"), method::put);
  EXPECT_EQ(verb_of("DELETE"), method::del);
  EXPECT_EQ(verb_of("OPTIONS"), method::options);
  EXPECT_EQ(verb_of("TRACE"), method::trace);
  EXPECT_EQ(verb_of("PATCH"), method::patch);
  EXPECT_EQ(verb_of("get"), method::other);
  EXPECT_EQ(verb_of("BREW"), method::other);
}

TEST(request_codec_test, absolute_target_goes_before_the_field_host) {
  auto x = request_of("GET http://b:2/c?d HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(x.target(), "http://b:2/c?d");
  EXPECT_EQ(x.host(), "b:2");
  EXPECT_EQ(x.path(), "/c");
  EXPECT_EQ(x.query(), "d");
  x = request_of("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(x.path(), "/");
}

TEST(request_codec_test, options_of_the_server_itself) {
  auto x = request_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(x.verb(), method::options);
  EXPECT_EQ(x.path(), "*");
  EXPECT_EQ(x.query(), "");
}

TEST(request_codec_test, connection_is_kept_as_the_version_says) {
  auto keeps = [](const std::string& input) {
    return request_of(input).keeps_alive();
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(
      keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: a, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(request_codec_test, minor_versions) {
  EXPECT_EQ(request_of("GET / HTTP/1.0\r\n\r\n").minor_version(), 0u);
  EXPECT_EQ(request_of("GET / HTTP/1.0\r\n\r\n").host(), "");
  auto x = request_of("GET /a HTTP/1.2\r\nHost: b\r\n\r\n");
  EXPECT_EQ(x.minor_version(), 1u) << "is read as ours";
  EXPECT_EQ(x.path(), "/a");
  EXPECT_EQ(x.host(), "b");
}

TEST(request_codec_test, expectation_is_none_in_1_0) {
  EXPECT_TRUE(request_of(with("Expect: 100-Continue\r\n")).expects_continue());
  EXPECT_FALSE(request_of("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")
                   .expects_continue());
}

TEST(request_codec_test, fields_are_found_without_regard_to_case) {
  auto x = request_of(with("X-A: 1\r\nx-a: 2\r\nList: one, Two ,\r\n"
                           "LIST: three\r\n"));
  EXPECT_EQ(x.fields().size(), 5u);
  EXPECT_EQ(x.fields().find("x-A"), "1");
  EXPECT_FALSE(x.fields().find("x"));
  EXPECT_TRUE(x.fields().has_token("list", "two"));
  EXPECT_TRUE(x.fields().has_token("list", "THREE"));
  EXPECT_FALSE(x.fields().has_token("list", "t"));
  EXPECT_FALSE(x.fields().has_token("list", ""));
  EXPECT_FALSE(x.fields().has_token("other", "two"));
}

TEST(request_codec_test, compact_request_has_its_views_and_not_the_slab) {
  auto head = "GET http://b/c?d HTTP/1.1\r\nHost: a\r\nE: f\r\n\r\n"s;
  request_codec codec;
  request x;
  {
    auto slab = runtime::slab::make(runtime::limits::read_slab_bytes);
    std::memcpy(slab->data(), head.data(), head.size());
    auto seen = slab->data();
    byte_slice bytes{std::move(slab), 0, head.size()};
    ASSERT_EQ(codec.decode(bytes.view()).what, decoded::status::frame);
    codec.take_request(bytes, x);
    x.compact();
    std::memset(seen, '!', head.size()); // nobody may look there any more
  }
  EXPECT_EQ(text_of(x), "GET http://b/c?d 1.1|Host=a|E=f");
  EXPECT_EQ(x.path(), "/c");
  EXPECT_EQ(x.query(), "d");
  EXPECT_EQ(x.host(), "b");
}

TEST(request_codec_test, copy_of_a_request_outlives_it) {
  std::optional<request> first =
      request_of("GET /a?b HTTP/1.1\r\nHost: c\r\n\r\n");
  auto copy = *first;
  first.reset();
  EXPECT_EQ(text_of(copy), "GET /a?b 1.1|Host=c");
  EXPECT_EQ(copy.path(), "/a");
}

TEST(request_codec_test, cleared_request_says_nothing) {
  auto x = request_of(with("Expect: 100-continue\r\n"));
  x.clear();
  EXPECT_EQ(x.target(), "");
  EXPECT_TRUE(x.fields().empty());
  EXPECT_FALSE(x.expects_continue());
}

TEST(request_codec_test, path_that_was_not_sent_survives_the_bytes) {
  auto memory = runtime::slab::make(64 * 1024);
  constexpr std::string_view text =
      "POST http://host HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\n";
  std::memcpy(memory->data(), text.data(), text.size());
  byte_slice bytes{std::move(memory), 0, text.size()};
  request_codec codec;
  auto head = codec.decode(bytes.view());
  request in;
  codec.take_request(bytes.sub(head.offset, head.size), in);
  bytes = {};
  in.compact();
  EXPECT_EQ(in.path(), "/");
  EXPECT_EQ(in.query(), "");
  EXPECT_EQ(in.host(), "host");
  EXPECT_EQ(in.target(), "http://host");
}

} // namespace
} // namespace sluice::net::http
