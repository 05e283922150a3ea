#include "actors/observe/page_site.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::actors::observe {
namespace {

std::string field(const site_answer& x, const std::string& name) {
  auto at = std::ranges::find(x.fields, name,
                              &std::pair<std::string, std::string>::first);
  return at != x.fields.end() ? at->second : "";
}

TEST(page_site_test, the_page_and_its_files_have_their_types) {
  page_site site{{}};
  auto page = site.file("/", "localhost:8080", "");
  EXPECT_EQ(page.status, 200u);
  EXPECT_EQ(field(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(page.body.view().starts_with("<!doctype html>"));
  EXPECT_EQ(field(site.file("/page.css", "127.0.0.1", ""), "Content-Type"),
            "text/css; charset=utf-8");
  EXPECT_EQ(field(site.file("/page.js", "127.0.0.1", ""), "Content-Type"),
            "text/javascript; charset=utf-8");
}

TEST(page_site_test, every_answer_forbids_what_the_page_does_not_need) {
  page_site site{{}};
  for (auto& x :
       {site.file("/", "localhost", ""), site.file("/x", "localhost", ""),
        site.file("/", "evil.example", ""), site.error(503, "why"),
        site.text("localhost", "application/json", {})}) {
    EXPECT_TRUE(
        field(x, "Content-Security-Policy").starts_with("default-src 'self';"));
    EXPECT_EQ(field(x, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(field(x, "Cache-Control"), "no-cache");
  }
}

TEST(page_site_test, a_browser_that_has_a_file_does_not_get_it_again) {
  page_site site{{}};
  auto tag = field(site.file("/page.js", "localhost", ""), "ETag");
  ASSERT_EQ(tag.size(), 18u);
  for (auto& known : {tag, "W/" + tag, "\"x\", " + tag, std::string{"*"}}) {
    auto x = site.file("/page.js", "localhost", known);
    EXPECT_EQ(x.status, 304u) << known;
    EXPECT_TRUE(x.body.empty());
    EXPECT_EQ(field(x, "ETag"), tag);
  }
  for (auto& other : {std::string{"\"x\""}, tag.substr(1), std::string{","}})
    EXPECT_EQ(site.file("/page.js", "localhost", other).status, 200u) << other;
  EXPECT_NE(field(site.file("/page.css", "localhost", ""), "ETag"), tag);
}

TEST(page_site_test, other_names_than_those_that_were_set_are_refused) {
  page_site site{{"Cluster.Example"}};
  EXPECT_EQ(site.file("/", "cluster.example:8080", "").status, 200u);
  auto refused = site.file("/", "evil.example", "");
  EXPECT_EQ(refused.status, 403u);
  EXPECT_NE(refused.body.view().find("evil.example"), std::string::npos);
  EXPECT_EQ(site.text("evil.example", "text/plain", {}).status, 403u);
  EXPECT_EQ(site.file("/", "", "").status, 403u);
}

TEST(page_site_test, what_is_not_there_is_not_found) {
  page_site site{{}};
  for (auto path : {"/nothing", "/index.html/", "", "//", "/../page.css",
                    "/PAGE.CSS", "/page.css/"})
    EXPECT_EQ(site.file(path, "localhost", "").status, 404u) << path;
}

} // namespace
} // namespace sluice::actors::observe
