#pragma once

// kv_node: the actor that is one node of the key-value cluster: it has the
// stores of its shards, their keeper, the ways to the other nodes, and all
// commands of its clients that are under way. Connections run on its loop and
// call it directly.
//
// A command goes to the primary of its key's shard, which runs it. If it wrote,
// what it did goes to the backup first, and the answer waits until it is there;
// so does the answer to a command that read what is not there yet. A client
// hears one of these errors, besides those of Redis, and nothing else:
//
//   CLUSTERDOWN  nobody served the shard for `hold_max`; nothing was done
//   TRYAGAIN     the node that had the command was lost, or silent for
//                `answer_max`; a write was done or was not
//   CROSSSLOT    the keys of one command belong to several shards
//   ERR          the command, its reply or the value is too long
//
// Thread rule: the loop's thread. Lifetime: connections hold a handle.

#include "actors/channel/host.h"
#include "actors/channel/inlet_group.h"
#include "actors/cluster/node.h"
#include "actors/cluster/shard_keeper.h"
#include "examples/kv/session.h"
#include "examples/kv_cluster/client.h"
#include "examples/kv_cluster/peer.h"
#include "examples/kv_cluster/recent_times.h"
#include "examples/kv_cluster/shard_stores.h"
#include "runtime/loop_actor.h"

#include <caf/response_promise.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::examples::kv_cluster {

/// A message between two nodes, at most a megabyte, holds one of them.
inline constexpr std::size_t command_bytes_max = 512 * 1024;
inline constexpr std::size_t value_bytes_max = 700 * 1024;
inline constexpr std::size_t reply_bytes_max = 1'000 * 1024;

/// Of commands that wait in this node: for another one that is slow to take
/// them, or for somebody to serve their shard. Above, those who send more are
/// not read from.
inline constexpr std::size_t commands_waiting_max = 16 * 1024 * 1024;

/// How long a command waits for somebody to serve its shard: longer than it
/// takes to notice that a node is silent.
inline constexpr std::chrono::milliseconds hold_max{15'000};

/// How long a command waits for the answer of another node.
inline constexpr std::chrono::milliseconds answer_max{20'000};

struct node_figures {
  std::uint64_t requests = 0;  // of clients
  std::uint64_t forwarded = 0; // to other nodes
  std::uint64_t served = 0;    // for other nodes
  std::uint64_t failed = 0;    // answered with TRYAGAIN or CLUSTERDOWN
  std::uint64_t lost_shards = 0;
  std::uint64_t bytes_in = 0;  // commands of clients
  std::uint64_t bytes_out = 0; // answers to them
};

/// By the second, over the last one or so.
struct node_rates {
  std::uint64_t requests = 0;
  std::uint64_t forwarded = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class kv_node final : public runtime::loop_actor, private runtime::flushable {
public:
  /// `node` outlives the actor's behavior: until it is told to exit.
  kv_node(caf::actor_config& cfg, runtime::event_loop& loop,
          actors::cluster::node* node, actors::cluster::shard_settings shards);

  const char* name() const override { return "kv_node"; }

  // -- for connections on the same loop ---------------------------------------

  kv::time_ms now() const;
  kv::server& shared() noexcept { return shared_; }

  /// One command as it came from the wire.
  void submit(const std::shared_ptr<client>& from, std::string_view frame);

  /// There is nothing more to come from it: its connection ends when all is
  /// answered.
  void finish(const std::shared_ptr<client>& from);

  // -- for the admin interface, on the same loop ------------------------------

  const node_figures& figures() const noexcept { return figures_; }
  const node_rates& rates() const noexcept { return rates_; }

  /// Of commands about keys, from the moment at which they were read.
  const recent_times& times() const noexcept { return times_; }
  const actors::cluster::shard_keeper& keeper() const noexcept {
    return keeper_;
  }
  const std::map<std::string, peer>& peers() const noexcept { return peers_; }
  std::size_t keys_of_primaries() const;
  std::size_t under_way() const noexcept { return asked_.size(); }
  std::size_t on_hold() const noexcept;

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  /// Where the answer to a command goes.
  struct origin {
    std::shared_ptr<client> from; // null: another node
    client::place where;
    actors::cluster::holder peer;
    std::uint64_t number = 0; // there
  };

  struct request {
    origin who;
    /// In which order they came.
    std::uint64_t sequence = 0;
    std::uint32_t shard = 0;
    bool writes = false;
    runtime::time_point deadline;
    actors::cluster::table_version at_least;
    std::string command;
  };

  struct asked_request {
    request what;
    actors::cluster::holder at;
  };

  /// The commands for one shard. They run in the order in which they came, so
  /// that a client reads what it has written: while some are held, later ones
  /// are, too, and nothing is sent to a new place before the old one has
  /// answered all.
  struct lane {
    std::deque<request> held; // in the order of their sequence
    std::uint32_t asked = 0;  // of another node
    actors::cluster::holder at;
  };

  /// Of a node that does not take its answers, or is not known yet.
  struct late_requests {
    actors::channel::batch<request_bundle> requests;
    runtime::time_point deadline;
  };

  /// An answer that waits for what it says to be safe.
  struct unsettled {
    std::uint64_t position = 0;
    origin who;
    std::string reply;
  };

  struct tick_timer : runtime::timer {
    explicit tick_timer(kv_node& x) : timer(on_due), home(x) {}
    static void on_due(timer& t) noexcept {
      static_cast<tick_timer&>(t).home.on_tick();
    }
    kv_node& home;
  };

  // kv_node.cc: membership, ways, time
  caf::behavior running();
  void on_change(const actors::cluster::change& x);
  void on_member_gone(const actors::cluster::member& x);
  void look_at_list();
  peer* find_peer(const std::string& name);
  peer* find_peer(const actors::cluster::holder& x);
  void on_letters(
      const actors::channel::batch<actors::cluster::shard_letter>& letters);
  void on_tick();
  void on_flush() override;
  void turn();
  void arm(runtime::time_point when);
  void expire_keys();
  void sample_rates();

  // kv_requests.cc: a command runs here, goes to another node, or is held
  bool run_here(std::uint32_t shard, bool writes, std::string& reply);
  void run(request x);
  bool try_run(request& x);
  bool forward(request& x, const actors::cluster::member& to);
  void hold(request x);
  request take_held(std::uint32_t shard);
  void retry(std::uint32_t shard);
  void retry_all();
  request take_asked(std::uint64_t number);
  void press(const origin& who);
  void release_pressed();

  // kv_answers.cc: what comes back, or does not
  bool is_settled(std::uint32_t shard) const;
  void wait_until_settled(std::uint32_t shard, origin who,
                          std::string_view reply);
  void on_settled(std::uint32_t shard, std::uint64_t position);
  void on_deactivated(const actors::cluster::shard_deactivated& x);
  bool must_wait(const request_bundle& x);
  void take_late_requests();
  void on_requests(const actors::channel::batch<request_bundle>& batch);
  void on_answers(const answer_bundle& x);
  void answer(const origin& who, std::string_view reply);
  void answer_error(const origin& who, std::string_view text);
  void answer_moved(const origin& who);
  void fail(const origin& who, std::string_view error);
  void fail_overdue(runtime::time_point at);
  void fail_asked(const actors::cluster::holder& of);
  void fail_all_asked();
  void end_asked(const std::vector<std::uint64_t>& numbers);
  void flush_later(const std::shared_ptr<client>& x);
  runtime::time_point present() const;

  actors::cluster::node& node_;
  kv::time_ms epoch_offset_;
  kv::server shared_;
  kv::session for_others_;
  shard_stores stores_;
  actors::cluster::shard_keeper keeper_;
  actors::cluster::view list_;
  std::optional<actors::cluster::member> self_;
  std::map<std::string, peer> peers_;
  actors::channel::inlet_group<actors::cluster::shard_letter> letters_in_;
  actors::channel::inlet_group<request_bundle> requests_in_;
  actors::channel::inlet_group<answer_bundle> answers_in_;
  std::deque<late_requests> late_requests_;

  std::unordered_map<std::uint64_t, asked_request> asked_; // by number
  /// Not from 1 in each process: an answer to the one before may come late.
  std::uint64_t last_asked_;
  std::vector<lane> lanes_; // by shard
  std::uint64_t last_sequence_ = 0;
  std::vector<std::deque<unsettled>> unsettled_; // by shard
  std::size_t held_bytes_ = 0;
  std::vector<std::shared_ptr<client>> dirty_;
  std::vector<std::shared_ptr<client>> pressed_;
  std::vector<caf::response_promise> drainers_;
  node_figures figures_;
  node_figures sampled_;
  runtime::time_point sampled_at_{};
  node_rates rates_;
  recent_times times_;

  tick_timer timer_{*this};
  runtime::time_point due_{runtime::time_point::max()};
  runtime::time_point keeper_due_{};
  runtime::time_point look_due_{};

  // Kept for their memory.
  std::vector<std::string_view> args_;
  std::vector<std::string_view> keys_;
  std::string unescaped_;
  std::string scratch_;
  std::string operation_;
  plan plan_;
};

} // namespace sluice::examples::kv_cluster
