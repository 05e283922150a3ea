#include "actors/cluster/etcd/member_record.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster::etcd {

using nlohmann::json;
using runtime::errc;
using runtime::make_error;

namespace {

/// False if there is something else than a text.
bool read_text(const json& from, const char* name, std::string& to) {
  auto found = from.find(name);
  if (found == from.end())
    return true;
  if (!found->is_string())
    return false;
  to = found->get_ref<const std::string&>();
  return true;
}

} // namespace

caf::error check_name(std::string_view name, std::string_view what) {
  std::string why;
  if (name.empty())
    why = "is empty";
  else if (name.size() > runtime::limits::name_bytes_max)
    why = "is longer than " + std::to_string(runtime::limits::name_bytes_max)
          + " bytes";
  else if (std::ranges::any_of(name, [](char x) {
             return x == '/' || static_cast<unsigned char>(x) < ' ';
           }))
    why = "has a slash or a control character in it";
  else
    return {};
  return make_error(errc::bad_setting, std::string{what} + " \""
                                           + std::string{name.substr(0, 40)}
                                           + "\" " + why);
}

std::string member_prefix(std::string_view cluster) {
  return "/sluice/" + std::string{cluster} + "/members/";
}

caf::expected<std::string> to_text(const member_record& x) {
  json result{
      {"endpoint", x.endpoint}, {"remote", x.remote}, {"roles", x.roles}};
  if (x.leaving)
    result["leaving"] = true;
  std::string text;
  try {
    text = result.dump();
  } catch (const json::type_error&) {
    return make_error(errc::bad_setting,
                      "the member's endpoint, remote or roles are not UTF-8");
  }
  if (text.size() > runtime::limits::member_record_bytes_max)
    return make_error(
        errc::bad_setting,
        "the member's endpoint, remote and roles take more than "
            + std::to_string(runtime::limits::member_record_bytes_max)
            + " bytes");
  return text;
}

std::optional<member_record> read_record(std::string_view text) {
  if (text.size() > runtime::limits::member_record_bytes_max)
    return std::nullopt;
  auto from = json::parse(text, nullptr, false);
  if (!from.is_object())
    return std::nullopt;
  member_record result;
  if (!read_text(from, "endpoint", result.endpoint)
      || !read_text(from, "remote", result.remote))
    return std::nullopt;
  if (auto roles = from.find("roles"); roles != from.end()) {
    if (!roles->is_array())
      return std::nullopt;
    for (auto& x : *roles) {
      if (!x.is_string())
        return std::nullopt;
      result.roles.push_back(x.get<std::string>());
    }
  }
  if (auto leaving = from.find("leaving"); leaving != from.end()) {
    if (!leaving->is_boolean())
      return std::nullopt;
    result.leaving = leaving->get<bool>();
  }
  return result;
}

member_record record_of(const member& x) {
  return {x.endpoint, x.remote, x.roles, false};
}

member to_member(std::string name, std::uint64_t incarnation, member_record x) {
  return {std::move(name), incarnation, std::move(x.endpoint),
          std::move(x.remote), std::move(x.roles)};
}

} // namespace sluice::actors::cluster::etcd
