#include "actors/admin/line.h"

#include "runtime/limits.h"

namespace sluice::actors::admin {

namespace {

using nlohmann::json;

// Objects and arrays in each other. Requests and answers have two or three; the
// library writes nested ones by recursion, so that there must be an end.
constexpr int depth_max = 16;

} // namespace

json read_object(std::string_view text, std::string& why) {
  auto too_deep = false;
  // False: the value is dropped as it is read.
  auto keep = [&too_deep](int depth, json::parse_event_t, const json&) {
    too_deep = too_deep || depth > depth_max;
    return !too_deep;
  };
  json result;
  try {
    result = json::parse(text, keep);
  } catch (const json::exception& x) {
    why = "this is no JSON: " + plain_text(x);
    return {};
  }
  if (too_deep) {
    why = "this is nested deeper than " + std::to_string(depth_max);
    return {};
  }
  if (!result.is_object()) {
    why = "this is no JSON object";
    return {};
  }
  return result;
}

std::string verb_of(const json& request, std::string& why) {
  auto found = request.find("do");
  if (found != request.end() && found->is_string()
      && !found->get_ref<const std::string&>().empty())
    return *found;
  why = R"(a request says what to do: {"do":"verbs"})";
  return {};
}

std::string to_line(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

json failure(std::string_view why) {
  return {{"ok", false}, {"error", why}};
}

std::string plain_text(const std::exception& x) {
  std::string_view text = x.what();
  if (auto end = text.find("] ");
      text.starts_with("[json.exception") && end != text.npos)
    text.remove_prefix(end + 2);
  // It may quote what was read, whatever that is.
  std::string result{text.substr(0, runtime::limits::error_excerpt_bytes)};
  for (auto& c : result)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      c = '?';
  return result;
}

} // namespace sluice::actors::admin
