#include "actors/observe/page_site.h"

#include "actors/observe/access.h"
#include "actors/observe/page_files.h"

#include <xxhash.h>

#include <array>
#include <cstdio>

namespace sluice::actors::observe {

using runtime::byte_slice;

namespace {

struct kind {
  std::string_view ending;
  std::string_view type;
};

constexpr std::array kinds{
    kind{".html", "text/html; charset=utf-8"},
    kind{".css", "text/css; charset=utf-8"},
    kind{".js", "text/javascript; charset=utf-8"},
    kind{".svg", "image/svg+xml"},
};

/// Nothing from anywhere else, not in a frame of anybody, and no guesses.
constexpr auto policy = "default-src 'self'; base-uri 'none'; "
                        "form-action 'self'; frame-ancestors 'none'";

std::string type_of(std::string_view name) {
  for (auto& x : kinds)
    if (name.ends_with(x.ending))
      return std::string{x.type};
  return "application/octet-stream";
}

std::string tag_of(std::string_view bytes) {
  char text[24];
  auto hash =
      static_cast<unsigned long long>(XXH64(bytes.data(), bytes.size(), 0));
  std::snprintf(text, sizeof text, "\"%016llx\"", hash);
  return text;
}

/// Whether the tag is in a list of them (weak comparison: RFC 9110, 8.8.3.2),
/// which has no commas in its tags if it came from here.
bool holds(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    auto end = std::min(list.find(','), list.size());
    auto x = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (!x.empty() && (x.front() == ' ' || x.front() == '\t'))
      x.remove_prefix(1);
    while (!x.empty() && (x.back() == ' ' || x.back() == '\t'))
      x.remove_suffix(1);
    if (x.starts_with("W/"))
      x.remove_prefix(2);
    if (x == tag || x == "*")
      return true;
  }
  return false;
}

void add_common(site_answer& x, std::string_view content_type) {
  x.fields.emplace_back("Content-Type", content_type);
  x.fields.emplace_back("Cache-Control", "no-cache");
  x.fields.emplace_back("Content-Security-Policy", policy);
  x.fields.emplace_back("X-Content-Type-Options", "nosniff");
  x.fields.emplace_back("Referrer-Policy", "no-referrer");
}

} // namespace

page_site::page_site(const std::vector<std::string>& hosts) {
  for (auto& x : hosts)
    hosts_.push_back(lower_case(x));
  for (auto& x : page_files()) {
    auto path = "/" + std::string{x.name == "index.html" ? "" : x.name};
    files_.emplace(path, entry{type_of(x.name), tag_of(x.bytes),
                               byte_slice::copy(x.bytes)});
  }
}

std::string page_site::refusal(std::string_view host) const {
  return check_host(host, hosts_);
}

std::vector<std::string> page_site::paths() const {
  std::vector<std::string> result;
  for (auto& [path, x] : files_)
    result.push_back(path);
  return result;
}

site_answer page_site::error(unsigned status, std::string_view why) const {
  site_answer result{.status = status};
  add_common(result, "text/plain; charset=utf-8");
  result.body = byte_slice::copy(std::string{why} + "\n");
  return result;
}

site_answer page_site::file(std::string_view path, std::string_view host,
                            std::string_view if_none_match) const {
  if (auto why = refusal(host); !why.empty())
    return error(403, why);
  auto at = files_.find(path);
  if (at == files_.end())
    return error(404, "there is nothing here; the page is at /");
  auto& found = at->second;
  site_answer result;
  add_common(result, found.content_type);
  result.fields.emplace_back("ETag", found.tag);
  if (holds(if_none_match, found.tag))
    result.status = 304;
  else
    result.body = found.bytes;
  return result;
}

site_answer page_site::text(std::string_view host,
                            std::string_view content_type,
                            byte_slice body) const {
  if (auto why = refusal(host); !why.empty())
    return error(403, why);
  site_answer result;
  add_common(result, content_type);
  result.body = std::move(body);
  return result;
}

} // namespace sluice::actors::observe
