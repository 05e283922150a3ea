#pragma once

// shard_keeper: what one node does for its shards: it serves them, copies what
// is written to the node that has the other copy, catches up with shards that
// it is given, and knows where all others are. One of the keepers also plans;
// see shard_planner. Sans-I/O: it is told what time it is and what comes, and
// gives what to say and what has happened.
//
// 1. A shard is served by its primary in the newest table, if the primary has a
//    lease without a break since a planner last told it that the table is the
//    newest. After a break it waits until it is told again.
// 2. A write is *settled* when every node that could become the primary has it:
//    the backup, and a joining node from the moment on at which the planner may
//    hear that it is in sync. What is settled survives the loss of one node.
//    Only a table makes a primary go on without one of them.
// 3. A primary that is to give its shard to the next one stops first, has the
//    others acknowledge all, and then tells the planner. So at no time two
//    nodes serve a shard: whoever is replaced without that has been counted as
//    down, and knows by its lease before.
// 4. Letters between two nodes come in order or are lost. What is not
//    acknowledged is kept, and is sent again when the other one says, asked
//    after a silence, how far it is. What is kept is bounded: above, there is
//    no room for writes until it acknowledges, or is counted as down.
// 5. Who copies a shard listens to the primary in its own table only, and in
//    that one's present reign.
// 6. Consistency goes before availability: while a node is silent but not down,
//    writes that need it wait.
//
// For users. Thread rule: one thread at a time. Lifetime: the data outlives it.

#include "actors/cluster/shard_data.h"
#include "actors/cluster/shard_letter.h"
#include "actors/cluster/shard_planner.h"
#include "actors/cluster/shard_settings.h"
#include "actors/cluster/shard_stream.h"
#include "actors/cluster/shard_table.h"
#include "actors/cluster/view.h"
#include "runtime/clock.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::actors::cluster {

using runtime::duration;
using runtime::time_point;

enum class route_kind : std::uint8_t {
  here,      // serve it
  hold,      // wait for shard_routes_changed, then ask again
  elsewhere, // at another member
  nobody,    // there is no table yet, or no member has the role
};

struct shard_route {
  route_kind what = route_kind::nobody;
  /// If it is elsewhere. Valid until the keeper is called the next time.
  const member* at = nullptr;
};

enum class shard_end : std::uint8_t {
  moved,    // in order: all writes are settled
  replaced, // another node took over: this one was counted as down
  rejoined, // the node has begun another life, and forgets what it had
};

/// This node is the primary of the shard from now on; `route` says when it
/// serves. `empty`: the shard began with nothing.
struct shard_activated {
  std::uint32_t shard = 0;
  bool empty = false;
};

/// Not any more. Writes that are not settled may be lost or not.
struct shard_deactivated {
  std::uint32_t shard = 0;
  shard_end why = shard_end::moved;
};

/// If the settings ask for it: this node shall give the shard to another one,
/// and does not serve it any more. It goes on when its user has written what is
/// left to write and has said `stopped`. Or the shard stays after all: then
/// `is_stopping` is false again, with shard_routes_changed.
struct shard_stopping {
  std::uint32_t shard = 0;
};

/// The writes up to this position are settled.
struct shard_settled {
  std::uint32_t shard = 0;
  std::uint64_t position = 0;
};

/// All copies of the shard were lost at once; it begins again, empty. Every
/// node is told. `losses`: how often that has happened to it.
struct shard_lost {
  std::uint32_t shard = 0;
  std::uint64_t losses = 0;
};

/// Whatever `route` or `has_room` said to wait for may have come.
struct shard_routes_changed {};

/// This node wanted to leave, and holds nothing any more.
struct shard_drained {};

using shard_event = std::variant<shard_activated, shard_deactivated,
                                 shard_stopping, shard_settled, shard_lost,
                                 shard_routes_changed, shard_drained>;

class shard_keeper {
public:
  struct outgoing {
    holder to;
    shard_letter what;
  };

  /// Both references outlive the keeper. Aborts if the settings are none.
  shard_keeper(shard_settings settings, shard_data& data);

  // -- what happens -----------------------------------------------------------

  /// The list of members has changed, or who this node is in it. In a new life
  /// of the node it forgets all shards.
  void on_view(time_point now, const view& list, const member& self);

  /// Until when the node may act as a member. To be told often: at least with
  /// each tick, before it.
  void on_lease(time_point now, time_point until);

  void receive(time_point now, const shard_letter& x);

  /// What was under way to and from the member may be lost. A hint that saves
  /// waiting for `ask_after`.
  void on_broken_stream(time_point now, const std::string& name);

  /// Does what is due; returns when to call it again.
  time_point tick(time_point now);

  /// The node wants to leave: its shards go to others. Ends with shard_drained,
  /// at once if it has none; never if there is no other member to have them.
  void drain(time_point now);

  // -- clients ----------------------------------------------------------------

  /// Where the shard is served. A request that another node has sent here
  /// carries the version of the table by which it did: if that is newer than
  /// this node's, the answer is to hold.
  shard_route route(time_point now, std::uint32_t shard) const noexcept;
  shard_route route(time_point now, std::uint32_t shard,
                    const table_version& at_least) const noexcept;

  /// False: no write now, although the shard is served here.
  bool has_room(std::uint32_t shard) const noexcept;

  /// The primary has done this operation, of at most
  /// shard_operation_bytes_max; returns the position of the write. The answer
  /// to the client has to wait until that is settled. Aborts if this node is
  /// not the primary of the shard.
  std::uint64_t wrote(std::uint32_t shard, std::string_view operation);

  /// True from shard_stopping on, until the shard has gone or is to stay.
  bool is_stopping(std::uint32_t shard) const noexcept {
    return shards_[shard].is_stopping;
  }

  /// The user has nothing more to write to a shard that is stopping: it may go.
  /// Nothing happens if it is not stopping.
  void stopped(time_point now, std::uint32_t shard);

  /// The position of the last write. The answer to a read waits until that is
  /// settled, too.
  std::uint64_t position(std::uint32_t shard) const noexcept {
    return shards_[shard].position;
  }

  std::uint64_t settled(std::uint32_t shard) const noexcept {
    return shards_[shard].settled;
  }

  std::uint32_t shard_of(std::string_view key) const noexcept {
    return cluster::shard_of(key, settings_.shards);
  }

  // -- what comes of it -------------------------------------------------------

  /// Writes are put into letters here: call it when there is a break.
  std::vector<outgoing> take_letters();
  std::vector<shard_event> take_events();

  const shard_table& table() const noexcept { return table_; }
  const holder& self() const noexcept { return self_; }
  const shard_settings& settings() const noexcept { return settings_; }
  bool is_planner() const noexcept { return planner_.is_active(); }

  /// True if it has a copy of the shard, or a part of one.
  bool has_data(std::uint32_t shard) const noexcept {
    return shards_[shard].has_data;
  }

private:
  struct local_shard {
    std::uint64_t position = 0;
    std::uint64_t settled = 0;
    /// In which it is the primary, or 0.
    std::uint64_t reign = 0;
    /// In which epoch it has said that of the shard.
    std::uint64_t in_sync_epoch = 0;
    std::uint64_t released_epoch = 0;
    /// To the backup, and to the joining one.
    std::vector<shard_stream> streams;
    bool is_dirty = false;           // has something to say
    mutable bool is_awaited = false; // a write was refused
    bool is_stopping = false;
    bool is_stopped = false; // the user has said so
    bool has_data = false;
    /// Of the data that it has.
    std::uint64_t losses = 0;
    // As a copy: in which reign, of which stream, and how far.
    std::uint64_t copied_reign = 0;
    std::uint64_t stream = 0;
    std::uint64_t seq = 0;
  };

  struct parcel {
    shard_copies copies;
    std::size_t bytes = 0;
    shard_probe probe;
  };

  // the table
  void restart(const holder& self);
  void accept(time_point now, const shard_table& x);
  void take_up(std::uint32_t shard);
  void become_primary(std::uint32_t shard);
  void update_streams(std::uint32_t shard);
  void give_up(std::uint32_t shard, shard_end why);
  void forget(std::uint32_t shard);
  void note_drained();

  // the planner
  void say(const holder& to, shard_letter_body what);
  void say_report(time_point now);
  void work_off(time_point now);
  void handle(time_point now, const holder& from, const shard_report& x);
  void handle(time_point now, const holder& from, const shard_promise& x);
  void handle(time_point now, const holder& from, const shard_refusal& x);
  void handle(time_point now, const holder& from, const shard_answer& x);
  void handle(time_point now, const holder& from, const shard_news& x);
  void handle(time_point now, const holder& from, const shard_collect& x);

  // copies
  void handle(time_point now, const holder& from, const shard_copies& x);
  void handle(time_point now, const holder& from, const shard_probe& x);
  void handle(time_point now, const holder& from, const shard_acks& x);
  void handle(time_point now, const holder& from, const shard_outdated& x);
  bool listens(const holder& from, std::uint32_t shard,
               std::uint64_t reign) const;
  bool is_current(const holder& from, const table_version& at);
  shard_ack take(const shard_segment& x);
  void apply(std::uint32_t shard, std::string_view operations);
  void fill(std::uint32_t shard);
  void settle(std::uint32_t shard);
  void note_stopping(std::uint32_t shard);
  void note_claims(std::uint32_t shard);
  void mark(std::uint32_t shard);
  void flush();
  void flush(std::uint32_t shard, std::map<holder, parcel>& parcels);
  void post(const holder& to, parcel& x);

  shard_settings settings_;
  shard_data& data_;
  shard_planner planner_;
  view list_;
  holder self_;
  time_point now_{};
  shard_table table_;
  table_version promised_; // to a planner, of that term
  std::vector<local_shard> shards_;

  time_point lease_until_ = time_point::min();
  std::uint64_t lapse_ = 0;   // counts the breaks of the lease
  bool is_confirmed_ = false; // the table, since the last of them

  bool is_draining_ = false;
  bool is_drained_ = false;
  bool has_news_ = false; // for the planner
  bool routes_changed_ = false;
  time_point next_report_{};
  std::uint64_t last_stream_ = 0;

  std::vector<std::uint32_t> dirty_;
  std::map<holder, shard_acks> acks_;
  std::deque<shard_letter> own_; // to itself
  std::vector<outgoing> letters_;
  std::vector<shard_event> events_;
};

} // namespace sluice::actors::cluster
