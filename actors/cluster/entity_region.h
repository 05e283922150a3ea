#pragma once

// entity_region: the actor that is one node's part of sharded actors: it has
// the keeper of the shards, the ways to the other nodes, the entities of the
// shards that it owns, and all requests that are under way.
//
// 1. Whatever the keeper is told, its events are worked off at once (`pump`),
//    so that entities and deliveries are always those of shards that the keeper
//    has.
// 2. A request is in one place: held in a lane, waiting at an entity that hands
//    over, delivered, or asked of another node. Only the first two may go
//    elsewhere.
//
// Internal; the rules stand in sharding.h. Thread rule: an actor's. Lifetime:
// until it is told to exit; within that of the node.

#include "actors/channel/host.h"
#include "actors/channel/inlet_group.h"
#include "actors/cluster/entity_states.h"
#include "actors/cluster/node_messages.h"
#include "actors/cluster/provider.h"
#include "actors/cluster/shard_keeper.h"
#include "actors/cluster/shard_peer.h"
#include "actors/cluster/sharding.h"
#include "runtime/clock.h"
#include "runtime/error.h"

#include <caf/event_based_actor.hpp>
#include <caf/message_id.hpp>
#include <caf/response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::actors::cluster {

struct region_setup {
  caf::actor node;
  channel::host* host = nullptr;
  std::shared_ptr<const membership_lease> lease;
  sharding_options options;
  entity_factory make;
  /// Why it ended at once, if it did.
  std::shared_ptr<caf::error> failure;
};

class entity_region final : public caf::event_based_actor {
public:
  entity_region(caf::actor_config& cfg, region_setup setup);

  const char* name() const override { return "entity_region"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using peer = shard_peer<entity_call, entity_reply>;

  /// Where an answer goes.
  struct origin {
    caf::response_promise promise;
    holder peer; // none: an actor of this node
    std::uint64_t number = 0;
  };

  struct entity_request {
    origin who;
    /// In which order they came.
    std::uint64_t sequence = 0;
    std::uint32_t shard = 0;
    std::string key;
    runtime::time_point deadline{};
    table_version at_least{};
    // One of the two, or both.
    caf::message what{};
    std::string bytes{};
  };

  struct asked_request {
    entity_request what;
    holder at;
  };

  struct delivery {
    origin who;
    std::uint32_t shard = 0;
    std::string key;
    std::uint64_t entity = 0;
    runtime::time_point deadline{};
    caf::message_id response{};
  };

  struct entity {
    std::uint64_t id = 0; // keys come again
    caf::actor who;
    std::size_t delivered = 0;
    runtime::time_point used{};
    bool is_handing = false;
    std::deque<entity_request> waiting; // while it does
  };

  struct lane {
    std::deque<entity_request> held; // in the order of their sequence
    std::uint32_t asked = 0;         // of another node
    holder at;
    bool is_stopping = false;
    runtime::time_point stop_by{};
    std::map<std::string, entity> entities;
  };

  struct early_call {
    entity_call what;
    runtime::time_point deadline{};
  };

  struct unsettled_save {
    std::uint64_t position = 0;
    caf::response_promise promise;
  };

  // -- members, ways, time (entity_region.cc)
  caf::behavior running();
  void on_change(const change& x);
  void look_at_list();
  peer* find_peer(const holder& x);
  void on_letters(const channel::batch<shard_letter>& letters);
  void on_outlet_closed(const channel::outlet_closed& x);
  void wake();
  void arm(runtime::time_point when);
  void turn();
  void pump();
  void handle(const shard_activated&) {}
  void handle(const shard_deactivated& x);
  void handle(const shard_stopping& x);
  void handle(const shard_settled& x);
  void handle(const shard_lost&) {}
  void handle(const shard_routes_changed&);
  void handle(const shard_drained&);
  runtime::time_point present() const;
  entity_counts counts() const;

  // -- requests (entity_requests.cc)
  void submit(caf::response_promise promise, to_entity& x);
  void run(entity_request x);
  bool try_run(entity_request& x);
  bool forward(entity_request& x, const member& to);
  void hold(entity_request x);
  void retry(std::uint32_t shard);
  void retry_all();
  entity_request take_asked(std::uint64_t number);
  void on_calls(const channel::batch<entity_call>& calls);
  void accept_early(runtime::time_point now);
  void accept(const entity_call& x);
  void on_replies(const channel::batch<entity_reply>& replies);
  void fail_overdue(runtime::time_point now);
  void fail_asked(const std::function<bool(const asked_request&)>& which,
                  runtime::errc code, const char* text);
  void answer(const origin& who, const caf::message& x);
  void answer_error(const origin& who, const caf::error& x);
  void answer_moved(const origin& who);
  void reply(const origin& who, entity_outcome outcome, std::string what);
  void fail(const origin& who, runtime::errc code, std::string text);

  // -- entities (entity_hosting.cc)
  void deliver(entity_request x);
  entity* spawn_entity(const entity_request& x);
  void dispatch(entity& to, entity_request x);
  void on_answer(std::uint64_t number, caf::error& x);
  void on_down(const caf::actor_addr& who);
  void save(caf::response_promise promise, const keep_state& x);
  std::uint64_t keep(std::uint32_t shard, const std::string& key,
                     std::string state);
  void begin_hand_over(std::uint32_t shard, const std::string& key, entity& x);
  void on_handed(std::uint32_t shard, const std::string& key, std::uint64_t id,
                 const caf::error& x);
  void remove(std::uint32_t shard, const std::string& key,
              caf::exit_reason why);
  void end(entity& x, caf::exit_reason why);
  void stop_quiet(std::uint32_t shard);
  void note_stopped(std::uint32_t shard);
  void fail_delivered(const std::function<bool(const delivery&)>& which,
                      runtime::errc code, const char* text);
  void fail_silent(runtime::time_point now);
  void look_at_stopping(runtime::time_point now);
  void look_at_idle(runtime::time_point now);

  region_setup setup_;
  const shard_channels names_;
  entity_states states_;
  shard_keeper keeper_;
  view list_;
  std::optional<member> self_;
  std::map<std::string, peer> peers_;
  channel::inlet_group<shard_letter> letters_in_;
  channel::inlet_group<entity_call> calls_in_;
  channel::inlet_group<entity_reply> replies_in_;

  std::vector<lane> lanes_; // by shard
  std::deque<early_call> early_;
  std::unordered_map<std::uint64_t, asked_request> asked_;
  std::map<std::uint64_t, delivery> delivered_; // in their order
  std::map<caf::actor_addr, std::pair<std::uint32_t, std::string>> addresses_;
  std::vector<std::deque<unsettled_save>> saves_; // by shard
  std::vector<caf::response_promise> drainers_;
  std::size_t waiting_ = 0; // held, or at entities that hand over
  std::uint64_t last_number_ = 0;
  std::uint64_t last_sequence_ = 0;
  entity_counts totals_;

  bool is_pumping_ = false;
  bool is_awake_ = false;
  runtime::time_point due_{runtime::time_point::max()};
  runtime::time_point look_due_{};
  runtime::time_point idle_due_{};
};

} // namespace sluice::actors::cluster
