#include "tests/actors/cluster/etcd/fake_etcd.h"

#include "actors/cluster/etcd/base64.h"
#include "actors/cluster/etcd/member_record.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace sluice::testing {

using namespace cluster::etcd;
using cluster::change_kind;
using nlohmann::json;

namespace {

constexpr std::uint64_t cluster_id = 7;

std::string bytes_of(const json& x, const char* name) {
  return *from_base64(x.at(name).get<std::string>());
}

std::int64_t number_of(const json& x, const char* name) {
  return std::stoll(x.at(name).get<std::string>());
}

fake_etcd::reply not_found() {
  return {404, R"({"error":"etcdserver: requested lease not found",)"
               R"("message":"etcdserver: requested lease not found",)"
               R"("code":5})"};
}

} // namespace

std::string fake_etcd::header() const {
  return "\"header\":{\"cluster_id\":\"" + std::to_string(cluster_id)
         + "\",\"revision\":\"" + std::to_string(revision_) + "\"}";
}

std::string fake_etcd::text_of(const key_value& x) const {
  return "{\"key\":\"" + to_base64(x.key) + "\",\"create_revision\":\""
         + std::to_string(x.created) + "\",\"mod_revision\":\""
         + std::to_string(x.modified) + "\",\"value\":\"" + to_base64(x.value)
         + "\",\"lease\":\"" + std::to_string(x.lease) + "\"}";
}

fake_etcd::reply fake_etcd::post(time_point now, const question& what) {
  pass(now);
  std::string path = what.path;
  auto body = json::parse(what.body);
  if (path == "/v3/kv/range") {
    std::vector<key_value> found;
    auto from = bytes_of(body, "key");
    auto to = bytes_of(body, "range_end");
    for (auto& [key, x] : keys_)
      if (key >= from && key < to)
        found.push_back(x);
    std::ranges::sort(found, {}, &key_value::created);
    std::string list;
    for (auto& x : found)
      list += (list.empty() ? "" : ",") + text_of(x);
    return {200, "{" + header() + ",\"kvs\":[" + list + "]}"};
  }
  if (path == "/v3/lease/grant") {
    auto seconds = number_of(body, "TTL");
    leases_[++last_lease_] = {seconds, now + std::chrono::seconds{seconds}};
    return {200, "{" + header() + ",\"ID\":\"" + std::to_string(last_lease_)
                     + "\",\"TTL\":\"" + std::to_string(seconds) + "\"}"};
  }
  if (path == "/v3/lease/keepalive") {
    auto id = number_of(body, "ID");
    auto found = leases_.find(id);
    std::string ttl;
    if (found != leases_.end()) {
      auto& x = found->second;
      x.end = now + std::chrono::seconds{x.seconds};
      ttl = ",\"TTL\":\"" + std::to_string(x.seconds) + "\"";
    }
    return {200, "{\"result\":{" + header() + ",\"ID\":\"" + std::to_string(id)
                     + "\"" + ttl + "}}\n"};
  }
  if (path == "/v3/lease/revoke") {
    auto id = number_of(body, "ID");
    if (!leases_.contains(id))
      return not_found();
    end_lease(id);
    return {200, "{" + header() + "}"};
  }
  // A transaction.
  auto& compare = body.at("compare").at(0);
  auto& success = body.at("success").at(0);
  auto key = bytes_of(compare, "key");
  if (life(key)
      != static_cast<std::uint64_t>(number_of(compare, "create_revision"))) {
    if (!body.contains("failure"))
      return {200, "{" + header() + "}"};
    auto list = keys_.contains(key) ? text_of(keys_.at(key)) : std::string{};
    return {200, "{" + header()
                     + ",\"responses\":[{\"response_range\":{\"kvs\":[" + list
                     + "]}}]}"};
  }
  if (success.contains("request_delete_range")) {
    remove(bytes_of(success.at("request_delete_range"), "key"));
    return {200, "{" + header() + ",\"succeeded\":true,\"responses\":[{}]}"};
  }
  auto& put_it = success.at("request_put");
  auto id = number_of(put_it, "lease");
  if (!leases_.contains(id))
    return not_found();
  put(key, bytes_of(put_it, "value"), id);
  return {200, "{" + header() + ",\"succeeded\":true,\"responses\":[{}]}"};
}

void fake_etcd::put(const std::string& key, const std::string& value,
                    lease_id id) {
  auto& x = keys_[key];
  ++revision_;
  if (x.created == 0) {
    x.created = revision_;
    truth_.push_back({{cluster_id, revision_},
                      change_kind::joined,
                      to_member(key.substr(key.rfind('/') + 1), revision_,
                                *read_record(value))});
  }
  x.key = key;
  x.value = value;
  x.modified = revision_;
  x.lease = id;
  history_.push_back({false, x});
}

void fake_etcd::remove(const std::string& key) {
  auto found = keys_.find(key);
  if (found == keys_.end())
    return;
  auto x = found->second;
  keys_.erase(found);
  ++revision_;
  auto record = *read_record(x.value);
  auto leaving = std::exchange(record.leaving, false);
  truth_.push_back({{cluster_id, revision_},
                    leaving ? change_kind::left : change_kind::down,
                    to_member(key.substr(key.rfind('/') + 1), x.created,
                              std::move(record))});
  history_.push_back({true, {key, {}, 0, revision_, 0}});
}

void fake_etcd::end_lease(lease_id id) {
  leases_.erase(id);
  std::vector<std::string> held;
  for (auto& [key, x] : keys_)
    if (x.lease == id)
      held.push_back(key);
  for (auto& key : held)
    remove(key);
}

void fake_etcd::pass(time_point now) {
  std::vector<lease_id> over;
  for (auto& [id, x] : leases_)
    if (x.end <= now)
      over.push_back(id);
  for (auto id : over)
    end_lease(id);
}

void fake_etcd::restart(time_point now) {
  for (auto& [id, x] : leases_)
    x.end = now + std::chrono::seconds{x.seconds};
}

fake_etcd::watcher fake_etcd::watch(const question& what) const {
  auto body = json::parse(what.body).at("create_request");
  return {static_cast<std::uint64_t>(number_of(body, "start_revision")), false};
}

std::vector<std::string> fake_etcd::lines(watcher& x, bool& over) const {
  std::vector<std::string> result;
  if (!std::exchange(x.told, true)) {
    result.push_back("{\"result\":{" + header() + ",\"created\":true}}");
    if (x.next <= compacted_) {
      result.push_back("{\"result\":{" + header()
                       + ",\"canceled\":true,\"compact_revision\":\""
                       + std::to_string(compacted_) + "\"}}");
      over = true;
      return result;
    }
  }
  for (auto& event : history_) {
    if (event.what.modified < x.next)
      continue;
    result.push_back("{\"result\":{" + header() + ",\"events\":[{"
                     + (event.deleted ? "\"type\":\"DELETE\"," : "")
                     + "\"kv\":" + text_of(event.what) + "}]}}");
  }
  x.next = std::max(x.next, revision_ + 1);
  return result;
}

std::uint64_t fake_etcd::life(const std::string& key) const {
  auto found = keys_.find(key);
  return found == keys_.end() ? 0 : found->second.created;
}

lease_id fake_etcd::lease_of(const std::string& key) const {
  auto found = keys_.find(key);
  return found == keys_.end() ? 0 : found->second.lease;
}

std::vector<std::string> fake_etcd::names() const {
  std::vector<std::string> result;
  for (auto& [key, x] : keys_)
    result.push_back(key.substr(key.rfind('/') + 1));
  return result;
}

} // namespace sluice::testing
