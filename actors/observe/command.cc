#include "actors/observe/command.h"

#include "runtime/limits.h"

#include <nlohmann/json.hpp>

#include <array>

namespace sluice::actors::observe {

namespace limits = runtime::limits;
using nlohmann::json;

namespace {

constexpr std::array names{"slow", "cut",  "heal", "stop",
                           "cont", "kill", "start"};

/// An object has a few fields, all of them plain.
constexpr int depth_max = 4;

std::string list_of_names() {
  std::string result;
  for (auto x : names)
    result += (result.empty() ? "" : ", ") + std::string{x};
  return result;
}

json parse(std::string_view text) {
  auto shallow = [](int depth, json::parse_event_t, json&) {
    return depth <= depth_max;
  };
  return json::parse(text, shallow, false);
}

/// The name of a node under `field`; `why` if there is none.
std::string name_in(const json& x, const char* field, std::string& why) {
  auto at = x.find(field);
  if (at == x.end() || !at->is_string()
      || at->get_ref<const std::string&>().empty())
    why = "\"" + std::string{field} + "\" has to be the name of a node.";
  else if (at->get_ref<const std::string&>().size() > limits::name_bytes_max)
    why = "\"" + std::string{field} + "\" has more than "
          + std::to_string(limits::name_bytes_max) + " bytes.";
  else
    return at->get<std::string>();
  return {};
}

std::optional<std::uint64_t> number_in(const json& x, const char* field) {
  auto at = x.find(field);
  if (at == x.end() || !at->is_number_integer()
      || (!at->is_number_unsigned() && at->get<std::int64_t>() < 0))
    return std::nullopt;
  return at->get<std::uint64_t>();
}

} // namespace

const char* to_string(verb x) noexcept {
  return names[static_cast<std::size_t>(x)];
}

std::optional<verb> verb_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i])
      return static_cast<verb>(i);
  return std::nullopt;
}

std::optional<command> read_command(std::string_view text, std::uint64_t& id,
                                    std::string& why) {
  id = 0;
  why.clear();
  if (text.size() > limits::observe_command_bytes_max) {
    why = "A control has at most "
          + std::to_string(limits::observe_command_bytes_max)
          + " bytes; this one has " + std::to_string(text.size()) + ".";
    return std::nullopt;
  }
  auto x = parse(text);
  if (!x.is_object()) {
    why = "What the page sent is no JSON object.";
    return std::nullopt;
  }
  auto number = number_in(x, "id");
  if (!number) {
    why = "\"id\" has to be a number.";
    return std::nullopt;
  }
  command result;
  result.id = id = *number;
  auto wanted = x.find("do");
  auto what = wanted != x.end() && wanted->is_string()
                  ? verb_of(wanted->get_ref<const std::string&>())
                  : std::nullopt;
  if (!what) {
    why = "\"do\" has to be one of " + list_of_names() + ".";
    return std::nullopt;
  }
  result.what = *what;
  if (*what != verb::heal || x.contains("node"))
    result.node = name_in(x, "node", why);
  if (*what == verb::cut && why.empty()) {
    result.peer = name_in(x, "peer", why);
    if (why.empty() && result.peer == result.node)
      why = "A node cannot be cut off from itself.";
  }
  if (*what == verb::slow && why.empty()) {
    auto rate = number_in(x, "bytes_per_s");
    if (!rate)
      why = "\"bytes_per_s\" has to be a number; 0 is as fast as it can.";
    result.bytes_per_second = rate.value_or(0);
  }
  if (!why.empty())
    return std::nullopt;
  return result;
}

} // namespace sluice::actors::observe
