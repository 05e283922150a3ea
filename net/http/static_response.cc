#include "net/http/static_response.h"

#include "net/http/content_type.h"

#include <algorithm>

namespace sluice::net::http {

namespace {

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `name` is in lower case.
bool is_named(std::string_view text, std::string_view name) noexcept {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                    [](char a, char b) { return to_lower(a) == b; });
}

std::string_view trimmed(std::string_view x) noexcept {
  constexpr std::string_view spaces = " \t";
  auto first = x.find_first_not_of(spaces);
  if (first == std::string_view::npos)
    return {};
  return x.substr(first, x.find_last_not_of(spaces) - first + 1);
}

/// Of "gzip;q=0.5" what stands behind the semicolon: is it a weight of 0?
bool has_no_weight(std::string_view parameters) noexcept {
  auto weight = trimmed(parameters);
  if (weight.size() < 3 || to_lower(weight[0]) != 'q' || weight[1] != '=')
    return false;
  return weight.find_first_not_of("0.", 2) == std::string_view::npos;
}

std::string text_of(date x) {
  auto text = format_date(x);
  return {text.data(), text.size()};
}

} // namespace

bool accepts_gzip(std::string_view field) noexcept {
  auto star = false;
  for (auto more = true; more;) {
    auto comma = field.find(',');
    more = comma != std::string_view::npos;
    auto item = field.substr(0, comma);
    field.remove_prefix(more ? comma + 1 : field.size());
    auto semicolon = item.find(';');
    auto name = trimmed(item.substr(0, semicolon));
    auto taken = semicolon == std::string_view::npos
                 || !has_no_weight(item.substr(semicolon + 1));
    if (is_named(name, "gzip") || is_named(name, "x-gzip"))
      return taken;
    if (name == "*")
      star = taken;
  }
  return star;
}

file_response respond_with_file(const file_query& query,
                                const file_answer& file,
                                const std::string& cache_control, date now) {
  file_response result;
  auto add = [&result](std::string name, std::string value) {
    result.fields.emplace_back(std::move(name), std::move(value));
  };
  auto& facts = file.facts;
  validators what{make_etag(facts.modified_ns, facts.size, facts.inode),
                  std::chrono::floor<std::chrono::seconds>(
                      std::chrono::sys_time<std::chrono::nanoseconds>{
                          std::chrono::nanoseconds{facts.modified_ns}})};
  // A date in the future would be one that nobody can compare with (RFC 9110,
  // section 8.8.2.1).
  if (*what.modified > now)
    what.modified = now;
  auto type = std::string{content_type_of(file.path)};
  auto verdict = judge(query.conditions, what, true, now);
  if (verdict == condition::failed) {
    result.status = 412;
    return result;
  }
  add("ETag", what.etag);
  add("Last-Modified", text_of(*what.modified));
  if (!cache_control.empty())
    add("Cache-Control", cache_control);
  if (file.has_gzip)
    add("Vary", "Accept-Encoding");
  if (verdict == condition::not_modified) {
    result.status = 304;
    return result;
  }
  add("Accept-Ranges", "bytes");
  // No guessing what it might be instead: see content_type.h.
  add("X-Content-Type-Options", "nosniff");
  range_choice ranges;
  // Range is defined for GET only (RFC 9110, section 14.2).
  if (query.range && !query.head_only
      && range_counts(query.conditions, what, now))
    ranges = choose_ranges(*query.range, facts.size);
  if (ranges.outcome == range_outcome::unsatisfiable) {
    result.status = 416;
    result.fields.clear();
    add("Content-Range", unsatisfied_range(facts.size));
    return result;
  }
  if (file.is_gzip)
    add("Content-Encoding", "gzip");
  if (ranges.ranges.size() > 1) {
    multipart_frame frame{make_boundary(), type, facts.size};
    result.status = 206;
    result.length = frame.body_size(ranges.ranges);
    add("Content-Type", frame.content_type());
    for (auto& x : ranges.ranges)
      result.segments.push_back({frame.before(x, result.segments.empty()), x});
    result.segments.push_back({frame.after_last(), {}});
    return result;
  }
  add("Content-Type", type);
  byte_range part{0, facts.size};
  if (!ranges.ranges.empty()) {
    part = ranges.ranges.front();
    result.status = 206;
    add("Content-Range", content_range(part, facts.size));
  }
  result.length = part.size;
  if (!query.head_only && part.size > 0)
    result.segments.push_back({{}, part});
  return result;
}

} // namespace sluice::net::http
