#include "tests/actors/metrics/exposition.h"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace sluice::testing {

namespace {

bool is_name(std::string_view x, bool colons) {
  if (x.empty() || std::isdigit(static_cast<unsigned char>(x.front())))
    return false;
  for (auto c : x)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_'
        && !(colons && c == ':'))
      return false;
  return true;
}

std::string text_of(const std::string& name,
                    const std::map<std::string, std::string>& of) {
  if (of.empty())
    return name;
  std::string result;
  for (auto& [key, value] : of)
    result += (result.empty() ? name + "{" : ",") + key + "=\"" + value + "\"";
  return result + "}";
}

/// A number as strtod reads it, and no more than that.
std::optional<double> number(std::string_view text) {
  std::string copy{text};
  if (copy.empty() || std::isspace(static_cast<unsigned char>(copy.front())))
    return std::nullopt;
  char* end = nullptr;
  auto result = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size() ? std::optional{result}
                                           : std::nullopt;
}

/// `x` without `suffix`; empty if it does not end so.
std::string without(const std::string& x, std::string_view suffix) {
  return x.ends_with(suffix) ? x.substr(0, x.size() - suffix.size()) : "";
}

} // namespace

exposition::exposition(std::string_view text) {
  if (text.empty() || text.back() != '\n')
    fail("the last line has no end");
  while (!text.empty()) {
    ++line_;
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty())
      fail("an empty line");
    else if (line.front() == '#')
      read_comment(line);
    else
      read_sample(line);
  }
  end_family();
}

void exposition::fail(std::string what) {
  errors_.push_back("line " + std::to_string(line_) + ": " + std::move(what));
}

void exposition::read_comment(std::string_view line) {
  auto is_help = line.starts_with("# HELP ");
  if (!is_help && !line.starts_with("# TYPE "))
    return fail("a comment that is neither HELP nor TYPE");
  line.remove_prefix(7);
  auto space = line.find(' ');
  std::string name{line.substr(0, space)};
  auto rest = space == line.npos ? std::string_view{} : line.substr(space + 1);
  if (!is_name(name, true))
    return fail("\"" + name + "\" is no name");
  if (rest.empty())
    return fail("nothing is said of \"" + name + "\"");
  if (is_help) {
    end_family();
    if (types_.contains(name))
      fail("\"" + name + "\" comes a second time");
    helped_ = name;
    return;
  }
  if (helped_ != name)
    fail("\"" + name + "\" has a TYPE without a HELP before it");
  if (rest != "counter" && rest != "gauge" && rest != "histogram"
      && rest != "summary" && rest != "untyped")
    fail("no type: \"" + std::string{rest} + "\"");
  if (rest == "counter" && !name.ends_with("_total"))
    fail("a counter that is not called _total: " + name);
  if (rest != "counter" && name.ends_with("_total"))
    fail("_total, but no counter: " + name);
  types_[name] = std::string{rest};
  family_ = name;
}

bool exposition::read_labels(std::string_view& rest, labels& out) {
  rest.remove_prefix(1); // {
  while (!rest.empty() && rest.front() != '}') {
    auto equals = rest.find("=\"");
    if (equals == rest.npos)
      return false;
    std::string key{rest.substr(0, equals)};
    if (!is_name(key, false) || key.starts_with("__"))
      fail("no name of a label: \"" + key + "\"");
    rest.remove_prefix(equals + 2);
    std::string value;
    while (!rest.empty() && rest.front() != '"') {
      auto c = rest.front();
      rest.remove_prefix(1);
      if (c == '\\') {
        if (rest.empty()
            || (rest.front() != '\\' && rest.front() != '"'
                && rest.front() != 'n'))
          fail("a bad escape in the label " + key);
        if (rest.empty())
          return false;
        c = rest.front() == 'n' ? '\n' : rest.front();
        rest.remove_prefix(1);
      }
      value += c;
    }
    if (rest.empty())
      return false;
    rest.remove_prefix(1); // "
    if (!out.emplace(key, value).second)
      fail("the label " + key + " comes twice");
    if (!rest.empty() && rest.front() == ',')
      rest.remove_prefix(1);
  }
  if (rest.empty())
    return false;
  rest.remove_prefix(1); // }
  return true;
}

void exposition::read_sample(std::string_view line) {
  auto end = line.find_first_of("{ ");
  if (end == line.npos)
    return fail("no sample: " + std::string{line});
  std::string name{line.substr(0, end)};
  if (!is_name(name, true))
    fail("\"" + name + "\" is no name");
  line.remove_prefix(end);
  labels of;
  if (line.front() == '{' && !read_labels(line, of))
    return fail("labels that do not end");
  if (line.empty() || line.front() != ' ')
    return fail("no space before the value");
  auto value = number(line.substr(1));
  if (!value)
    return fail("no number: \"" + std::string{line.substr(1)} + "\"");
  if (!values_.emplace(text_of(name, of), *value).second)
    fail("the same series twice: " + text_of(name, of));
  check_sample(name, std::move(of), *value);
}

void exposition::check_sample(const std::string& name, labels of,
                              double value) {
  auto type = types_.contains(family_) ? types_[family_] : "";
  if (type != "histogram") {
    if (name != family_)
      fail("a sample outside of its family: " + name);
    if (of.contains("le"))
      fail("a bucket, but no histogram: " + name);
    if (type == "counter" && (value < 0 || std::isnan(value)))
      fail("a counter below 0: " + name);
    return;
  }
  std::string bound;
  if (auto at = of.find("le"); at != of.end()) {
    bound = at->second;
    of.erase(at);
  }
  auto& state = buckets_[text_of(family_, of)];
  if (without(name, "_count") == family_) {
    state.count = value;
  } else if (without(name, "_sum") == family_) {
    state.sum = true;
  } else if (without(name, "_bucket") == family_) {
    auto limit = number(bound);
    if (!limit)
      return fail("a bucket without a bound: " + name);
    if (state.infinite || (state.any && *limit <= state.last_bound))
      fail("buckets that do not ascend: " + name);
    if (value < state.last_count)
      fail("buckets that are not cumulative: " + name);
    state.any = true;
    state.last_bound = *limit;
    state.last_count = value;
    state.infinite = std::isinf(*limit);
  } else {
    fail("a sample outside of its family: " + name);
  }
}

void exposition::end_family() {
  for (auto& [series, state] : buckets_) {
    if (!state.infinite)
      fail("no bucket +Inf: " + series);
    if (!state.count || *state.count != state.last_count)
      fail("the count is not that of +Inf: " + series);
    if (!state.sum)
      fail("no sum: " + series);
  }
  buckets_.clear();
  if (!helped_.empty() && helped_ != family_)
    fail("a HELP without a TYPE: " + helped_);
  family_.clear();
  helped_.clear();
}

std::optional<double> exposition::value(std::string_view series) const {
  auto at = values_.find(std::string{series});
  return at != values_.end() ? std::optional{at->second} : std::nullopt;
}

double exposition::sum(std::string_view name) const {
  double result = 0;
  for (auto& [series, value] : values_)
    if (std::string_view{series}.substr(0, series.find('{')) == name)
      result += value;
  return result;
}

std::vector<std::string> exposition::families() const {
  std::vector<std::string> result;
  for (auto& [name, type] : types_)
    result.push_back(name);
  return result;
}

} // namespace sluice::testing
