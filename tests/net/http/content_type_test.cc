#include "net/http/content_type.h"

#include <gtest/gtest.h>

namespace sluice::net::http {
namespace {

TEST(content_type_test, text_has_its_charset) {
  EXPECT_EQ(content_type_of("/a/index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("page.css"), "text/css; charset=utf-8");
  EXPECT_EQ(content_type_of("page.js"), "text/javascript; charset=utf-8");
}

TEST(content_type_test, other_types_have_none) {
  EXPECT_EQ(content_type_of("a.png"), "image/png");
  EXPECT_EQ(content_type_of("a.json"), "application/json");
  EXPECT_EQ(content_type_of("a.wasm"), "application/wasm");
}

TEST(content_type_test, first_and_last_of_the_table_are_found) {
  EXPECT_EQ(content_type_of("a.7z"), "application/x-7z-compressed");
  EXPECT_EQ(content_type_of("a.zst"), "application/zstd");
}

TEST(content_type_test, the_last_ending_counts_whatever_its_case) {
  EXPECT_EQ(content_type_of("A.JPeG"), "image/jpeg");
  EXPECT_EQ(content_type_of("a.tar.gz"), "application/gzip");
}

TEST(content_type_test, what_is_unknown_is_bytes) {
  for (auto path : {"", "a", "/a.d/b", ".html", "/x/.css", "a.", "a.exe",
                    "a.htmlhtmlhtmlhtmlhtmlhtml", "a.html/"})
    EXPECT_EQ(content_type_of(path), "application/octet-stream") << path;
}

} // namespace
} // namespace sluice::net::http
