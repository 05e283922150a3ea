#include "examples/kv_cluster/verbs.h"

#include "examples/kv_cluster/kv_node.h"
#include "runtime/error.h"
#include "runtime/loop_actor.h"

#include <nlohmann/json.hpp>

#include <caf/actor_cast.hpp>

#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

namespace sluice::examples::kv_cluster {

using namespace actors::cluster;
using actors::admin::reply;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

kv_node& of(const caf::actor& x) {
  return *static_cast<kv_node*>(caf::actor_cast<caf::abstract_actor*>(x));
}

/// Asks an actor on the loop, and hands on what it says.
template <class Answer, class What>
void ask(runtime::event_loop& loop, const caf::actor& whom, What what,
         std::chrono::seconds limit, reply done, Answer f) {
  runtime::spawn_on(loop, [=](runtime::loop_actor* self) -> caf::behavior {
    self->request(whom, limit, what).then(f, [=](const caf::error& err) {
      done.fail(runtime::to_text(err));
    });
    return {};
  });
}

json members_json(const view& list) {
  auto result = json::array();
  for (auto& x : list.members)
    result.push_back({{"name", x.who.name},
                      {"incarnation", x.who.incarnation},
                      {"endpoint", x.who.endpoint},
                      {"suspected", x.suspected},
                      {"roles", x.who.roles}});
  return result;
}

json shards_json(const kv_node& keys) {
  std::size_t primary = 0;
  std::size_t backup = 0;
  std::size_t moving = 0;
  std::size_t single = 0;
  auto& keeper = keys.keeper();
  for (auto& x : keeper.table().entries) {
    primary += x.primary == keeper.self();
    backup += x.backup == keeper.self();
    moving += x.joining || x.next;
    single += !x.backup;
  }
  return {{"total", keeper.settings().shards},
          {"primary", primary},
          {"backup", backup},
          {"moving", moving},
          {"under_replicated", single},
          {"lost", keeper.table().losses()}};
}

json queues_json(const kv_node& keys) {
  auto result = json::array();
  for (auto& [name, x] : keys.peers()) {
    result.push_back({{"what", "requests to " + name},
                      {"queued", x.requests_waiting()},
                      {"unit", "bytes"}});
    result.push_back({{"what", "answers to " + name},
                      {"queued", x.answers_waiting()},
                      {"unit", "bytes"}});
  }
  result.push_back({{"what", "commands at other nodes"},
                    {"queued", keys.under_way()},
                    {"unit", "commands"}});
  result.push_back({{"what", "commands on hold"},
                    {"queued", keys.on_hold()},
                    {"unit", "commands"}});
  return result;
}

json status(const kv_node& keys, const member_list& x, std::uint16_t resp_port,
            const std::string& page) {
  auto& rates = keys.rates();
  auto& figures = keys.figures();
  return {{"name", x.self.name},
          {"incarnation", x.self.incarnation},
          {"state", to_string(x.state)},
          {"why", x.why ? runtime::to_text(x.why) : ""},
          {"version", {{"term", x.list.at.term}, {"seq", x.list.at.seq}}},
          {"seed", x.list.seed},
          {"members", members_json(x.list)},
          {"pid", getpid()},
          {"resp_port", resp_port},
          {"page", page.empty() ? json() : json(page)},
          {"keys", keys.keys_of_primaries()},
          {"shards", shards_json(keys)},
          {"planner", keys.keeper().is_planner()},
          {"table",
           {{"term", keys.keeper().table().at.term},
            {"seq", keys.keeper().table().at.seq}}},
          {"rates",
           {{"requests_per_s", rates.requests},
            {"forwarded_per_s", rates.forwarded},
            {"bytes_in_per_s", rates.bytes_in},
            {"bytes_out_per_s", rates.bytes_out}}},
          {"totals",
           {{"requests", figures.requests},
            {"forwarded", figures.forwarded},
            {"served", figures.served},
            {"failed", figures.failed}}},
          {"queues", queues_json(keys)}};
}

/// The endpoint of the member that the request names.
std::string peer_endpoint(const kv_node& keys, const json& request) {
  auto name = request.at("peer").get<std::string>();
  auto at = keys.peers().find(name);
  if (at == keys.peers().end())
    throw std::runtime_error{"there is no other node '" + name + "'"};
  return at->second.who().endpoint;
}

} // namespace

actors::admin::verb_table make_verbs(verb_setup setup) {
  auto node = setup.node;
  auto keys = setup.keys;
  auto port = setup.resp_port;
  actors::admin::verb_table result;
  result["status"] = [=](const json&, reply done) {
    ask(of(keys).loop(), node->actor(), list_members{}, 5s, done,
        [=, page = setup.page](const member_list& x) {
          done.ok(status(of(keys), x, port, page));
        });
  };
  result["leave"] = [=](const json&, reply done) {
    ask(of(keys).loop(), node->actor(), leave_cluster{}, 120s, done,
        [=] { done.ok(); });
  };
  result["stop"] = [stop = setup.stop](const json&, reply done) {
    done.ok();
    stop();
  };
  result["slow"] = [=](const json& request, reply done) {
    node->channels().slow(request.at("bytes_per_s").get<std::size_t>());
    done.ok();
  };
  result["cut"] = [=](const json& request, reply done) {
    auto where = peer_endpoint(of(keys), request);
    if (auto err = node->channels().cut(where))
      return done.fail(runtime::to_text(err));
    done.ok();
  };
  result["heal"] = [=](const json&, reply done) {
    node->channels().heal_all();
    node->channels().slow(0);
    done.ok();
  };
  return result;
}

} // namespace sluice::examples::kv_cluster
