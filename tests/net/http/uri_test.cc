#include "net/http/uri.h"

#include "runtime/error.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::net::http {
namespace {

using runtime::errc;
using testing::for_each_seed;
using testing::random_source;

template <class T>
std::string why(const caf::expected<T>& x) {
  if (x)
    return "taken";
  EXPECT_EQ(x.error().category(), runtime::error_category);
  EXPECT_EQ(x.error().code(), static_cast<int>(errc::malformed_frame));
  return runtime::to_text(x.error());
}

/// The error's text without what it is about.
template <class T>
std::string reason(const caf::expected<T>& x) {
  auto text = why(x);
  auto end = text.find("\": ");
  return end == std::string::npos ? text : text.substr(end + 3);
}

// -- targets ------------------------------------------------------------------

TEST(uri_test, origin_form_is_path_and_query) {
  auto x = split_target("/a/b%20c?x=1?y&z");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->form, target_form::origin);
  EXPECT_EQ(x->path, "/a/b%20c");
  EXPECT_EQ(x->query, "x=1?y&z");
  EXPECT_EQ(x->authority, "");
}

TEST(uri_test, no_query_is_not_an_empty_query) {
  EXPECT_EQ(split_target("/a")->query, std::nullopt);
  EXPECT_EQ(split_target("/a?")->query, "");
}

TEST(uri_test, absolute_form_has_all_parts) {
  auto x = split_target("http://example.org:8080/a?b");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->form, target_form::absolute);
  EXPECT_EQ(x->scheme, "http");
  EXPECT_EQ(x->authority, "example.org:8080");
  EXPECT_EQ(x->path, "/a");
  EXPECT_EQ(x->query, "b");
}

TEST(uri_test, absolute_form_without_a_path_asks_for_the_root) {
  EXPECT_EQ(split_target("http://example.org")->path, "/");
  auto x = split_target("http://example.org?b");
  EXPECT_EQ(x->path, "/");
  EXPECT_EQ(x->query, "b");
}

TEST(uri_test, double_slash_is_a_path_and_not_a_host) {
  auto x = split_target("//evil.example/a");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->form, target_form::origin);
  EXPECT_EQ(x->path, "//evil.example/a");
}

TEST(uri_test, authority_form_needs_a_port) {
  auto x = split_target("example.org:443");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->form, target_form::authority);
  EXPECT_EQ(x->authority, "example.org:443");
  EXPECT_EQ(reason(split_target("example.org")),
            "it is neither a path nor a URL nor host and port");
}

TEST(uri_test, asterisk_stands_alone) {
  EXPECT_EQ(split_target("*")->form, target_form::asterisk);
  EXPECT_NE(why(split_target("*/a")), "taken");
}

TEST(uri_test, forms_fit_their_methods) {
  EXPECT_TRUE(form_fits(target_form::origin, "GET"));
  EXPECT_TRUE(form_fits(target_form::absolute, "GET"));
  EXPECT_FALSE(form_fits(target_form::asterisk, "GET"));
  EXPECT_FALSE(form_fits(target_form::authority, "GET"));
  EXPECT_TRUE(form_fits(target_form::asterisk, "OPTIONS"));
  EXPECT_TRUE(form_fits(target_form::origin, "OPTIONS"));
  EXPECT_TRUE(form_fits(target_form::authority, "CONNECT"));
  EXPECT_FALSE(form_fits(target_form::origin, "CONNECT"));
}

TEST(uri_test, errors_name_the_character_and_its_place) {
  EXPECT_EQ(reason(split_target("")), "it is empty");
  EXPECT_EQ(reason(split_target("/a b")), "\" \" at byte 2 must be encoded");
  EXPECT_EQ(reason(split_target("/a#b")), "\"#\" at byte 2 must be encoded");
  EXPECT_NE(why(split_target(std::string_view{"/a\0b", 4})), "taken");
  EXPECT_NE(why(split_target("/a\r\nb")), "taken");
  EXPECT_NE(why(split_target("/\x7f")), "taken");
}

TEST(uri_test, bytes_above_127_pass) {
  EXPECT_EQ(split_target("/\xc3\xbc")->path, "/\xc3\xbc");
}

TEST(uri_test, user_names_are_refused) {
  EXPECT_NE(why(split_target("http://me@example.org/")), "taken");
  EXPECT_EQ(reason(split_authority("me:pw@example.org")), "it has a user name");
}

TEST(uri_test, authorities_are_taken_apart) {
  auto x = split_authority("example.org:80");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->host, "example.org");
  EXPECT_EQ(x->port, 80);
  x = split_authority("[2001:db8::1]:8080");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->host, "2001:db8::1");
  EXPECT_TRUE(x->is_ipv6);
  EXPECT_EQ(x->port, 8080);
  EXPECT_EQ(split_authority("[::1]")->port, std::nullopt);
  EXPECT_EQ(split_authority("host:")->port, std::nullopt);
}

TEST(uri_test, bad_authorities_say_why) {
  EXPECT_EQ(reason(split_authority("")), "the host is empty");
  EXPECT_EQ(reason(split_authority(":80")), "the host is empty");
  EXPECT_EQ(reason(split_authority("[]")), "the host is empty");
  EXPECT_EQ(reason(split_authority("a:65536")),
            "port \"65536\" is not a number in 0..65535");
  EXPECT_EQ(reason(split_authority("a:-1")),
            "port \"-1\" is not a number in 0..65535");
  EXPECT_EQ(reason(split_authority("a:8x")),
            "port \"8x\" is not a number in 0..65535");
  EXPECT_EQ(reason(split_authority("a b")), "stray \" \" in the host");
  EXPECT_EQ(reason(split_authority("a/b")), "stray \"/\" in the host");
  EXPECT_EQ(reason(split_authority("[::1")), "\"[\" without \"]\"");
  EXPECT_EQ(reason(split_authority("[::1]x")), "stray \"x\" after \"]\"");
  EXPECT_EQ(reason(split_authority("[::g]")),
            "stray \"g\" in the IPv6 address");
}

// -- escapes and queries ------------------------------------------------------

TEST(uri_test, escapes_of_both_cases_are_decoded) {
  EXPECT_EQ(*percent_decode("a%20b%2Fc%2fd%C3%bc+"), "a b/c/d\xc3\xbc+");
  EXPECT_EQ(*percent_decode(""), "");
}

TEST(uri_test, bad_escapes_are_errors) {
  EXPECT_EQ(reason(percent_decode("ab%")),
            "\"%\" at byte 2 is not \"%\" and two hexadecimal digits");
  EXPECT_EQ(reason(percent_decode("%4")),
            "\"%4\" at byte 0 is not \"%\" and two hexadecimal digits");
  EXPECT_EQ(reason(percent_decode("%4g")),
            "\"%4g\" at byte 0 is not \"%\" and two hexadecimal digits");
  EXPECT_EQ(reason(percent_decode("%-1")),
            "\"%-1\" at byte 0 is not \"%\" and two hexadecimal digits");
  EXPECT_EQ(reason(percent_decode("a%00")), "\"%00\" at byte 1");
}

TEST(uri_test, what_is_encoded_is_decoded_to_the_same) {
  std::string all;
  for (int c = 1; c < 256; ++c)
    all += static_cast<char>(c);
  EXPECT_EQ(*percent_decode(encode_path(all)), all);
  EXPECT_EQ(*percent_decode(encode_component(all)), all);
  EXPECT_EQ(encode_path("/a b/ü?"), "/a%20b/%C3%BC%3F");
  EXPECT_EQ(encode_component("a/b"), "a%2Fb");
  EXPECT_TRUE(split_target("/" + encode_path(all)));
}

TEST(uri_test, queries_are_read_as_forms_send_them) {
  auto x = query_pairs("a=1&b=x+y%2B&&c&=d&e=f=g");
  ASSERT_TRUE(x) << why(x);
  std::vector<query_pair> expected = {
      {"a", "1"}, {"b", "x y+"}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
  EXPECT_EQ(*x, expected);
  EXPECT_TRUE(query_pairs("")->empty());
}

TEST(uri_test, bad_escape_in_a_query_is_an_error) {
  EXPECT_NE(why(query_pairs("a=%zz")), "taken");
  EXPECT_NE(why(query_pairs("%=a")), "taken");
}

TEST(uri_test, a_query_of_very_many_pairs_is_refused) {
  std::string text;
  for (int i = 0; i < 256; ++i)
    text += "a&";
  EXPECT_EQ(query_pairs(text)->size(), 256u);
  text += "a";
  EXPECT_EQ(why(query_pairs(text)), "bad query: more than 256 pairs");
}

// -- paths --------------------------------------------------------------------

TEST(uri_test, dot_segments_as_in_the_examples_of_rfc_3986) {
  EXPECT_EQ(remove_dot_segments("/a/b/c/./../../g"), "/a/g");
  EXPECT_EQ(remove_dot_segments("mid/content=5/../6"), "mid/6");
  // Section 5.4, merged with the base path /b/c/d;p already.
  EXPECT_EQ(remove_dot_segments("/b/c/."), "/b/c/");
  EXPECT_EQ(remove_dot_segments("/b/c/.."), "/b/");
  EXPECT_EQ(remove_dot_segments("/b/c/../.."), "/");
  EXPECT_EQ(remove_dot_segments("/b/c/../../../g"), "/g");
  EXPECT_EQ(remove_dot_segments("/b/c/g."), "/b/c/g.");
  EXPECT_EQ(remove_dot_segments("/b/c/..g"), "/b/c/..g");
  EXPECT_EQ(remove_dot_segments("/b/c/./g/."), "/b/c/g/");
  EXPECT_EQ(remove_dot_segments("/b/c/g;x=1/../y"), "/b/c/y");
  EXPECT_EQ(remove_dot_segments("../a"), "a");
  EXPECT_EQ(remove_dot_segments(".."), "");
}

std::string resolved(std::string_view path) {
  auto x = resolve_path(path);
  if (!x)
    return reason(x);
  return x->text + (x->is_folder ? " folder" : "")
         + (x->is_hidden ? " hidden" : "");
}

TEST(uri_test, paths_below_a_folder) {
  EXPECT_EQ(resolved("/a/b.txt"), "a/b.txt");
  EXPECT_EQ(resolved("/"), " folder");
  EXPECT_EQ(resolved(""), " folder");
  EXPECT_EQ(resolved("/a/"), "a folder");
  EXPECT_EQ(resolved("/a//b"), "a/b");
  EXPECT_EQ(resolved("/a/./b/../c"), "a/c");
  EXPECT_EQ(resolved("/a/."), "a folder");
  EXPECT_EQ(resolved("/a/b/.."), "a folder");
  EXPECT_EQ(resolved("/a%20b/%C3%BC"), "a b/\xc3\xbc");
}

TEST(uri_test, paths_that_climb_out_are_refused) {
  for (auto path : {"/..", "/../etc/passwd", "/a/../../etc", "/%2e%2e/etc",
                    "/a/%2E./.%2e/etc", "/./../a", "//../a"})
    EXPECT_EQ(resolved(path), "it climbs out") << path;
}

TEST(uri_test, encoded_slashes_and_bad_escapes_are_refused) {
  EXPECT_EQ(resolved("/a%2fb"), "an encoded slash in \"a/b\"");
  EXPECT_EQ(resolved("/..%2f..%2fetc"), "an encoded slash in \"../../etc\"");
  EXPECT_NE(resolved("/a%0"), "a%0");
  EXPECT_EQ(resolved("/a%00.txt"), "\"%00\" at byte 1");
}

TEST(uri_test, hidden_parts_are_marked) {
  EXPECT_EQ(resolved("/.git/config"), ".git/config hidden");
  EXPECT_EQ(resolved("/a/.env"), "a/.env hidden");
  EXPECT_EQ(resolved("/a/%2eenv"), "a/.env hidden");
  EXPECT_EQ(resolved("/.git/../a"), "a");
  EXPECT_EQ(resolved("/..."), "... hidden");
}

TEST(uri_test, no_random_path_leads_out_of_the_folder) {
  for_each_seed(5'000, [](std::uint64_t seed) {
    random_source random{seed};
    const std::vector<std::string> parts = {
        "..", ".", "a", "/", "//", "%2e%2e", "%2E", "%2f", "b.c", "%5c", "%"};
    std::string path = "/";
    for (auto n = random.below(12); n > 0; --n)
      path += random.pick(parts) + (random.below(2) == 0 ? "/" : "");
    auto x = resolve_path(path);
    if (!x)
      return;
    auto text = "/" + x->text + "/";
    EXPECT_EQ(text.find("/../"), std::string::npos) << path;
    EXPECT_EQ(text.find("/./"), std::string::npos) << path;
    EXPECT_EQ(x->text.find("//"), std::string::npos) << path;
    EXPECT_FALSE(x->text.starts_with('/')) << path;
  });
}

// -- URLs ---------------------------------------------------------------------

TEST(uri_test, url_says_where_to_connect_and_what_to_ask) {
  auto x = read_url("http://example.org/a/b?c=d#part");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->endpoint, "tcp://example.org:80");
  EXPECT_EQ(x->host, "example.org");
  EXPECT_EQ(x->target, "/a/b?c=d");
}

TEST(uri_test, url_with_a_port_and_without_a_path) {
  auto x = read_url("HTTP://[::1]:2379");
  ASSERT_TRUE(x) << why(x);
  EXPECT_EQ(x->endpoint, "tcp://[::1]:2379");
  EXPECT_EQ(x->host, "[::1]:2379");
  EXPECT_EQ(x->target, "/");
}

TEST(uri_test, urls_that_cannot_be_asked_say_why) {
  EXPECT_EQ(reason(read_url("https://a/")),
            "the scheme is \"https\"; only http is known");
  EXPECT_EQ(reason(read_url("/a")), "it does not begin with \"http://\"");
  EXPECT_NE(why(read_url("http:///a")), "taken");
  EXPECT_NE(why(read_url("")), "taken");
}

} // namespace
} // namespace sluice::net::http
