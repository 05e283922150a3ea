#include "net/http/conditional.h"

#include <array>
#include <charconv>

namespace sluice::net::http {

namespace {

/// A date says nothing about what happens later in its second.
constexpr auto date_is_strong_after = std::chrono::seconds{1};

void append_hex(std::string& out, std::uint64_t x) {
  std::array<char, 16> digits{};
  auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), x, 16).ptr;
  out.append(digits.data(), end);
}

bool is_weak(std::string_view tag) noexcept {
  return tag.starts_with("W/");
}

std::string_view opaque(std::string_view tag) noexcept {
  return is_weak(tag) ? tag.substr(2) : tag;
}

/// Takes the next tag of a list; empty at its end.
std::string_view next_tag(std::string_view& list) noexcept {
  auto start = list.find_first_not_of(" \t,");
  if (start == std::string_view::npos)
    return {};
  list.remove_prefix(start);
  auto quote = is_weak(list) ? 2u : 0u;
  if (list.size() <= quote || list[quote] != '"')
    return {};
  auto end = list.find('"', quote + 1);
  if (end == std::string_view::npos)
    return {};
  auto tag = list.substr(0, end + 1);
  list.remove_prefix(tag.size());
  return tag;
}

/// RFC 9110, section 8.8.3.2: a weak comparison is not about "W/".
bool lists(std::string_view list, std::string_view tag, bool strong) noexcept {
  if (tag.empty() || (strong && is_weak(tag)))
    return false;
  for (auto x = next_tag(list); !x.empty(); x = next_tag(list))
    if (opaque(x) == opaque(tag) && !(strong && is_weak(x)))
      return true;
  return false;
}

/// "*": whatever there is.
bool is_star(std::string_view field) noexcept {
  auto start = field.find_first_not_of(" \t");
  return start != std::string_view::npos && field[start] == '*'
         && field.find_first_not_of(" \t", start + 1) == std::string_view::npos;
}

std::optional<date> date_of(const std::optional<std::string_view>& field,
                            date now) {
  return field ? parse_date(*field, now) : std::nullopt;
}

} // namespace

std::string make_etag(std::int64_t modified_ns, std::uint64_t size,
                      std::uint64_t inode) {
  std::string result = "\"";
  append_hex(result, static_cast<std::uint64_t>(modified_ns));
  result += '-';
  append_hex(result, size);
  result += '-';
  append_hex(result, inode);
  result += '"';
  return result;
}

condition judge(const condition_fields& fields, const validators& what,
                bool reads, date now) {
  if (fields.if_match) {
    if (!is_star(*fields.if_match) && !lists(*fields.if_match, what.etag, true))
      return condition::failed;
  } else if (auto since = date_of(fields.if_unmodified_since, now);
             since && what.modified && *what.modified > *since) {
    return condition::failed;
  }
  if (fields.if_none_match) {
    if (is_star(*fields.if_none_match)
        || lists(*fields.if_none_match, what.etag, false))
      return reads ? condition::not_modified : condition::failed;
  } else if (auto since = date_of(fields.if_modified_since, now);
             reads && since && what.modified && *what.modified <= *since) {
    return condition::not_modified;
  }
  return condition::met;
}

bool range_counts(const condition_fields& fields, const validators& what,
                  date now) {
  if (!fields.if_range)
    return true;
  if (auto list = *fields.if_range; !next_tag(list).empty())
    return lists(*fields.if_range, what.etag, true);
  auto then = parse_date(*fields.if_range, now);
  return then && what.modified && *then == *what.modified
         && now - *what.modified >= date_is_strong_after;
}

} // namespace sluice::net::http
