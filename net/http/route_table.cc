#include "net/http/route_table.h"

#include "net/http/uri.h"
#include "runtime/error.h"

#include <utility>

namespace sluice::net::http {

using runtime::errc;
using runtime::make_error;

namespace {

/// Cuts the first part off a path that begins with a slash.
std::string_view take_part(std::string_view& path) {
  path.remove_prefix(1);
  auto part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

caf::error bad_pattern(std::string_view pattern, const char* why) {
  return make_error(errc::bad_setting,
                    "route '" + std::string{pattern} + "': " + why);
}

} // namespace

caf::expected<std::size_t> route_table::add(std::string_view pattern) {
  if (!pattern.starts_with('/'))
    return bad_pattern(pattern, "does not begin with a slash");
  auto at = &root_;
  for (auto left = pattern; !left.empty();) {
    auto part = take_part(left);
    if (part == "*") {
      if (!left.empty())
        return bad_pattern(pattern, "has something behind its '*'");
      if (at->rest == none)
        at->rest = count_++;
      return at->rest;
    }
    if (part.starts_with('{') && part.ends_with('}') && part.size() > 2) {
      auto name = part.substr(1, part.size() - 2);
      if (name.find_first_of("{}*%") != name.npos)
        return bad_pattern(pattern, "has a '{', '}', '*' or '%' in a name");
      if (!at->named) {
        at->named = std::make_unique<node>();
        at->name = name;
      } else if (at->name != name) {
        return bad_pattern(pattern, "has another name where a route before it "
                                    "has one already");
      }
      at = at->named.get();
      continue;
    }
    if (part.find_first_of("{}*%") != part.npos)
      return bad_pattern(pattern, "has a '{', '}', '*' or '%' in a part");
    auto& next = at->parts[std::string{part}];
    if (!next)
      next = std::make_unique<node>();
    at = next.get();
  }
  if (at->here == none)
    at->here = count_++;
  return at->here;
}

caf::error route_table::walk(const node& at, std::string_view path,
                             match& into) const {
  if (path.empty()) {
    into.route = at.here;
    return {};
  }
  auto rest = path;
  auto sent = take_part(rest);
  auto part = std::string{};
  auto plain = sent;
  if (sent.find('%') != sent.npos) {
    auto decoded = percent_decode(sent);
    if (!decoded)
      return decoded.error();
    part = std::move(*decoded);
    plain = part;
  }
  if (auto next = at.parts.find(plain); next != at.parts.end()) {
    if (auto err = walk(*next->second, rest, into))
      return err;
    if (into.route != none)
      return {};
  }
  if (at.named && !plain.empty()) {
    if (auto err = walk(*at.named, rest, into))
      return err;
    if (into.route != none) {
      into.parameters.add(at.name, std::string{plain});
      return {};
    }
  }
  if (at.rest != none) {
    into.route = at.rest;
    into.rest = path;
  }
  return {};
}

caf::expected<route_table::match>
route_table::find(std::string_view path) const {
  match result;
  if (!path.starts_with('/'))
    return result;
  if (auto err = walk(root_, path, result))
    return err;
  return result;
}

} // namespace sluice::net::http
