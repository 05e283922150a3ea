#include "net/http/static_response.h"

#include <gtest/gtest.h>

namespace sluice::net::http {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr date modified = sys_days{1994y / November / 6} + 8h + 49min + 37s;
constexpr date now = modified + 1h;
constexpr std::int64_t modified_ns =
    modified.time_since_epoch().count() * 1'000'000'000 + 5;

file_answer file(std::string path = "a.txt") {
  file_answer result;
  result.facts = {1'000, modified_ns, 7};
  result.path = std::move(path);
  return result;
}

file_response answer(const file_query& query, const file_answer& what = file(),
                     const std::string& cache_control = {}) {
  return respond_with_file(query, what, cache_control, now);
}

/// The value of a field; "-" if there is none.
std::string field(const file_response& x, std::string_view name) {
  std::string result = "-";
  for (auto& [key, value] : x.fields)
    if (key == name) {
      EXPECT_EQ(result, "-") << name << " twice";
      result = value;
    }
  return result;
}

TEST(static_response_test, whole_file) {
  auto x = answer({});
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.length, 1'000u);
  EXPECT_EQ(x.segments, (std::vector<body_segment>{{"", {0, 1'000}}}));
  EXPECT_EQ(field(x, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(field(x, "Last-Modified"), same);
  EXPECT_EQ(field(x, "Accept-Ranges"), "bytes");
  EXPECT_EQ(field(x, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(field(x, "ETag"), make_etag(modified_ns, 1'000, 7));
  EXPECT_EQ(field(x, "Vary"), "-");
  EXPECT_EQ(field(x, "Cache-Control"), "-");
  EXPECT_EQ(field(x, "Content-Encoding"), "-");
}

TEST(static_response_test, head_has_the_fields_and_no_body) {
  auto x = answer({.head_only = true, .range = "bytes=0-0"});
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.length, 1'000u);
  EXPECT_TRUE(x.segments.empty());
  EXPECT_EQ(x.fields, answer({}).fields);
}

TEST(static_response_test, empty_file_has_no_segment) {
  auto empty = file();
  empty.facts.size = 0;
  auto x = answer({}, empty);
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.length, 0u);
  EXPECT_TRUE(x.segments.empty());
}

TEST(static_response_test, one_range) {
  auto x = answer({.range = "bytes=100-199"});
  EXPECT_EQ(x.status, 206u);
  EXPECT_EQ(x.length, 100u);
  EXPECT_EQ(x.segments, (std::vector<body_segment>{{"", {100, 100}}}));
  EXPECT_EQ(field(x, "Content-Range"), "bytes 100-199/1000");
  EXPECT_EQ(field(x, "Content-Type"), "text/plain; charset=utf-8");
}

TEST(static_response_test, several_ranges_are_parts) {
  auto x = answer({.range = "bytes=0-9,990-"});
  EXPECT_EQ(x.status, 206u);
  EXPECT_TRUE(field(x, "Content-Type").starts_with("multipart/byteranges; "));
  EXPECT_EQ(field(x, "Content-Range"), "-");
  ASSERT_EQ(x.segments.size(), 3u);
  std::uint64_t total = 0;
  for (auto& part : x.segments)
    total += part.text.size() + part.bytes.size;
  EXPECT_EQ(x.length, total);
  EXPECT_EQ(x.segments[1].bytes, (byte_range{990, 10}));
  EXPECT_NE(x.segments[1].text.find("Content-Range: bytes 990-999/1000\r\n"),
            std::string::npos);
  EXPECT_EQ(x.segments[2].bytes.size, 0u);
}

TEST(static_response_test, range_outside_of_the_file) {
  auto x = answer({.range = "bytes=1000-"});
  EXPECT_EQ(x.status, 416u);
  EXPECT_EQ(field(x, "Content-Range"), "bytes */1000");
  EXPECT_EQ(x.length, 0u);
  EXPECT_TRUE(x.segments.empty());
}

TEST(static_response_test, range_of_another_state_gets_the_whole) {
  auto x =
      answer({.conditions = {.if_range = "\"old\""}, .range = "bytes=0-9"});
  EXPECT_EQ(x.status, 200u);
  EXPECT_EQ(x.length, 1'000u);
  auto tag = make_etag(modified_ns, 1'000, 7);
  x = answer({.conditions = {.if_range = tag}, .range = "bytes=0-9"});
  EXPECT_EQ(x.status, 206u);
}

TEST(static_response_test, file_that_is_known_is_not_sent) {
  auto tag = make_etag(modified_ns, 1'000, 7);
  auto x = answer({.conditions = {.if_none_match = tag}, .range = "bytes=0-9"},
                  file(), "max-age=60");
  EXPECT_EQ(x.status, 304u);
  EXPECT_TRUE(x.segments.empty());
  EXPECT_EQ(field(x, "ETag"), tag);
  EXPECT_EQ(field(x, "Cache-Control"), "max-age=60");
  EXPECT_EQ(field(x, "Content-Type"), "-");
  EXPECT_EQ(answer({.conditions = {.if_modified_since = same}}).status, 304u);
}

TEST(static_response_test, failed_condition) {
  auto x = answer({.conditions = {.if_match = "\"other\""}});
  EXPECT_EQ(x.status, 412u);
  EXPECT_TRUE(x.segments.empty());
  EXPECT_TRUE(x.fields.empty());
}

TEST(static_response_test, date_in_the_future_is_the_present) {
  auto x = respond_with_file({}, file(), {}, modified - 1h);
  EXPECT_EQ(field(x, "Last-Modified"), "Sun, 06 Nov 1994 07:49:37 GMT");
}

TEST(static_response_test, compressed_form_keeps_the_type_of_the_file) {
  auto packed = file("page.html");
  packed.has_gzip = true;
  auto x = answer({}, packed);
  EXPECT_EQ(field(x, "Vary"), "Accept-Encoding");
  EXPECT_EQ(field(x, "Content-Encoding"), "-");
  packed.is_gzip = true;
  x = answer({}, packed, "no-cache");
  EXPECT_EQ(field(x, "Vary"), "Accept-Encoding");
  EXPECT_EQ(field(x, "Content-Encoding"), "gzip");
  EXPECT_EQ(field(x, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(field(x, "Cache-Control"), "no-cache");
}

TEST(static_response_test, who_accepts_gzip) {
  for (auto text : {"gzip", "GZip", "x-gzip", "deflate, gzip", "*", "br,*",
                    "gzip;q=0.001", "gzip ; q=1.0", "identity;q=0, gzip"})
    EXPECT_TRUE(accepts_gzip(text)) << text;
  for (auto text : {"", "deflate", "gzip;q=0", "gzip; Q=0.000", "*;q=0",
                    "gzipped", "*, gzip;q=0", ",,", "gzip;q=0, *"})
    EXPECT_FALSE(accepts_gzip(text)) << text;
}

} // namespace
} // namespace sluice::net::http
