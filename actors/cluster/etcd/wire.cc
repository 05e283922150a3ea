#include "actors/cluster/etcd/wire.h"

#include "actors/cluster/etcd/base64.h"
#include "actors/cluster/etcd/json_fields.h"
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

/// gRPC's status "not found".
constexpr std::int64_t code_not_found = 5;

/// The first key after all that start with `prefix`, which does not end with
/// the last of all bytes.
std::string end_of(std::string_view prefix) {
  std::string result{prefix};
  ++result.back();
  return result;
}

std::string number(std::int64_t x) {
  return std::to_string(x);
}

question ask(const char* path, const json& body) {
  // Nothing but base64, numbers and words: cannot throw.
  return {path, body.dump()};
}

// -- reading ------------------------------------------------------------------

/// What is somebody else's text, cut to what an error repeats.
std::string excerpt(std::string_view text) {
  std::string result{text.substr(0, runtime::limits::error_excerpt_bytes)};
  for (auto& x : result)
    if (static_cast<unsigned char>(x) < ' ' || x == '\x7f')
      x = ' ';
  return result;
}

caf::error malformed(std::string_view text) {
  return make_error(errc::malformed_frame,
                    "this is no answer of etcd: " + excerpt(text));
}

key_value read_key(json_fields& from) {
  return {from.bytes("key"), from.bytes("value"),
          from.number<std::uint64_t>("create_revision"),
          from.number<std::uint64_t>("mod_revision"),
          from.number<lease_id>("lease")};
}

key_event read_event(json_fields& from) {
  key_event result;
  auto type = from.text("type");
  result.deleted = type == "DELETE";
  static const json nothing;
  auto kv = from.find("kv");
  json_fields inner{kv != nullptr ? *kv : nothing};
  result.what = read_key(inner);
  // Without either there is nothing to go by.
  if (!inner.sound() || result.what.key.empty() || result.what.modified == 0
      || (!type.empty() && type != "PUT" && !result.deleted))
    from.refuse();
  return result;
}

header read_header(json_fields& from) {
  static const json nothing = json::object();
  auto x = from.find("header");
  json_fields inner{x != nullptr ? *x : nothing};
  return {inner.number<std::uint64_t>("cluster_id"),
          inner.number<std::uint64_t>("revision")};
}

/// What etcd says is wrong, in one of its two ways.
std::optional<caf::error> find_error(const json& from) {
  if (!from.is_object())
    return std::nullopt;
  auto found = from.find("error");
  if (found == from.end())
    return std::nullopt;
  auto code_of = [](const json& x, const char* name) -> std::int64_t {
    auto code = x.find(name);
    return code != x.end() && code->is_number_integer()
               ? code->get<std::int64_t>()
               : 0;
  };
  std::string text;
  std::int64_t code = 0;
  if (found->is_string()) {
    text = found->get<std::string>();
    code = code_of(from, "code");
  } else if (found->is_object()) {
    if (auto x = found->find("message"); x != found->end() && x->is_string())
      text = x->get<std::string>();
    code = code_of(*found, "grpc_code");
  }
  return make_error(code == code_not_found ? errc::unknown_name
                                           : errc::connection_closed,
                    "etcd says: " + excerpt(text));
}

/// Reads an answer with `f(json_fields&)`, which is inside of `result` if
/// streamed.
template <class T, class F>
caf::expected<T> read(std::string_view text, bool streamed, F f) {
  auto whole = json::parse(text, nullptr, false);
  if (auto error = find_error(whole))
    return std::move(*error);
  static const json nothing;
  json_fields outer{whole};
  auto inside = streamed ? outer.find("result") : &whole;
  json_fields from{inside != nullptr ? *inside : nothing};
  // Everything that etcd says has a header.
  if (!from.sound() || from.find("header") == nullptr)
    return malformed(text);
  T result = f(from);
  result.head = read_header(from);
  if (!from.sound() || result.head.cluster == 0)
    return malformed(text);
  return result;
}

lease_answer read_lease(json_fields& from) {
  lease_answer result;
  result.lease = from.number<lease_id>("ID");
  // Longer than a century would not fit into a time.
  auto ttl = from.number<std::int64_t>("TTL");
  result.ttl = std::chrono::seconds{
      std::clamp<std::int64_t>(ttl, 0, std::int64_t{100} * 366 * 24 * 3600)};
  return result;
}

} // namespace

// -- questions ----------------------------------------------------------------

question ask_list(std::string_view prefix) {
  return ask("/v3/kv/range", {{"key", to_base64(prefix)},
                              {"range_end", to_base64(end_of(prefix))},
                              {"sort_order", "ASCEND"},
                              {"sort_target", "CREATE"}});
}

question ask_grant(std::chrono::seconds ttl) {
  return ask("/v3/lease/grant", {{"TTL", number(ttl.count())}});
}

question ask_renew(lease_id lease) {
  return ask("/v3/lease/keepalive", {{"ID", number(lease)}});
}

question ask_revoke(lease_id lease) {
  return ask("/v3/lease/revoke", {{"ID", number(lease)}});
}

namespace {

json compare_created(std::string_view key, std::uint64_t created) {
  return json::array({{{"target", "CREATE"},
                       {"key", to_base64(key)},
                       {"create_revision", std::to_string(created)}}});
}

question ask_put_if_created(std::string_view key, std::string_view value,
                            lease_id lease, std::uint64_t created) {
  auto name = to_base64(key);
  json put{
      {"key", name}, {"value", to_base64(value)}, {"lease", number(lease)}};
  json get{{"key", name}};
  return ask("/v3/kv/txn",
             {{"compare", compare_created(key, created)},
              {"success", json::array({{{"request_put", std::move(put)}}})},
              {"failure", json::array({{{"request_range", std::move(get)}}})}});
}

} // namespace

question ask_claim(std::string_view key, std::string_view value,
                   lease_id lease) {
  return ask_put_if_created(key, value, lease, 0);
}

question ask_replace(std::string_view key, std::string_view value,
                     lease_id lease, std::uint64_t created) {
  return ask_put_if_created(key, value, lease, created);
}

question ask_delete(std::string_view key, std::uint64_t created) {
  json what{{"key", to_base64(key)}};
  return ask("/v3/kv/txn",
             {{"compare", compare_created(key, created)},
              {"success",
               json::array({{{"request_delete_range", std::move(what)}}})}});
}

question ask_watch(std::string_view prefix, std::uint64_t from) {
  json what{{"key", to_base64(prefix)},
            {"range_end", to_base64(end_of(prefix))},
            {"start_revision", std::to_string(from)}};
  return ask("/v3/watch", {{"create_request", std::move(what)}});
}

// -- answers ------------------------------------------------------------------

caf::error read_error(long status, std::string_view text) {
  if (auto error = find_error(json::parse(text, nullptr, false)))
    return std::move(*error);
  return make_error(errc::connection_closed, "HTTP status "
                                                 + std::to_string(status) + ": "
                                                 + excerpt(text));
}

caf::expected<key_list> read_list(std::string_view text) {
  return read<key_list>(text, false, [](json_fields& from) {
    return key_list{{}, from.list<key_value>("kvs", read_key)};
  });
}

caf::expected<lease_answer> read_grant(std::string_view text) {
  auto result = read<lease_answer>(text, false, read_lease);
  if (result && (result->lease == 0 || result->ttl.count() == 0))
    return malformed(text);
  return result;
}

caf::expected<lease_answer> read_renewal(std::string_view text) {
  return read<lease_answer>(text, true, read_lease);
}

caf::expected<txn_answer> read_txn(std::string_view text) {
  return read<txn_answer>(text, false, [](json_fields& from) {
    txn_answer result;
    result.succeeded = from.flag("succeeded");
    auto found = from.list<std::vector<key_value>>(
        "responses", [](json_fields& x) -> std::vector<key_value> {
          auto range = x.find("response_range");
          if (range == nullptr)
            return {};
          json_fields inner{*range};
          auto keys = inner.list<key_value>("kvs", read_key);
          if (!inner.sound())
            x.refuse();
          return keys;
        });
    for (auto& keys : found)
      if (!keys.empty())
        result.holder = std::move(keys.front());
    return result;
  });
}

caf::expected<done_answer> read_done(std::string_view text) {
  return read<done_answer>(text, false,
                           [](json_fields&) { return done_answer{}; });
}

caf::expected<watch_answer> read_watch(std::string_view line) {
  return read<watch_answer>(line, true, [](json_fields& from) {
    watch_answer result;
    result.created = from.flag("created");
    result.canceled = from.flag("canceled");
    result.compacted = from.number<std::uint64_t>("compact_revision");
    result.reason = excerpt(from.text("cancel_reason"));
    result.events = from.list<key_event>("events", read_event);
    return result;
  });
}

} // namespace sluice::actors::cluster::etcd
