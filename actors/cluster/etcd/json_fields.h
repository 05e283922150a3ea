#pragma once

// json_fields: reads the members of a JSON object that somebody else wrote, as
// etcd's gateway does: 64-bit numbers are strings, bytes are base64, and what
// is missing is zero, false or empty. It remembers if something was not what it
// should be, so that this is asked once at the end.
//
// Internal. Thread rule: a value. Lifetime: within that of the object.

#include "actors/cluster/etcd/base64.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::actors::cluster::etcd {

using nlohmann::json;

class json_fields {
public:
  explicit json_fields(const json& from)
      : from_(from), sound_(from.is_object()) {}

  bool sound() const noexcept { return sound_; }
  void refuse() noexcept { sound_ = false; }

  /// The member of that name, or null.
  const json* find(const char* name) const {
    if (!from_.is_object())
      return nullptr;
    auto found = from_.find(name);
    return found == from_.end() || found->is_null() ? nullptr : &*found;
  }

  template <class T>
  T number(const char* name) {
    auto x = find(name);
    if (x == nullptr)
      return 0;
    T result = 0;
    if (x->is_string()) {
      auto& text = x->get_ref<const std::string&>();
      auto end = text.data() + text.size();
      auto [at, error] = std::from_chars(text.data(), end, result);
      sound_ &= error == std::errc{} && at == end;
      return result;
    }
    if (x->is_number_unsigned()
        && x->get<std::uint64_t>()
               <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
      return static_cast<T>(x->get<std::uint64_t>());
    if constexpr (std::is_signed_v<T>)
      if (x->is_number_integer() && !x->is_number_unsigned())
        return x->get<T>();
    sound_ = false;
    return 0;
  }

  bool flag(const char* name) {
    auto x = find(name);
    if (x == nullptr)
      return false;
    sound_ &= x->is_boolean();
    return x->is_boolean() && x->get<bool>();
  }

  std::string text(const char* name) {
    auto x = find(name);
    if (x == nullptr)
      return {};
    sound_ &= x->is_string();
    return x->is_string() ? x->get<std::string>() : std::string{};
  }

  std::string bytes(const char* name) {
    auto result = from_base64(text(name));
    sound_ &= result.has_value();
    return std::move(result).value_or(std::string{});
  }

  /// The elements of an array, each as `f(json_fields&)` has it.
  template <class T, class F>
  std::vector<T> list(const char* name, F f) {
    std::vector<T> result;
    auto x = find(name);
    if (x == nullptr)
      return result;
    sound_ &= x->is_array();
    if (!x->is_array())
      return result;
    for (auto& element : *x) {
      json_fields inner{element};
      result.push_back(f(inner));
      sound_ &= inner.sound();
    }
    return result;
  }

private:
  const json& from_;
  bool sound_;
};

} // namespace sluice::actors::cluster::etcd
