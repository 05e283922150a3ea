#pragma once

// etcd_roster: what one node asks of etcd to be a member of a cluster and to
// know the others, and what the answers mean. Sans-I/O: it is told what time it
// is and what etcd says, and gives what to ask and what has happened.
//
// 1. The list comes first, then a watch from the revision after it. A watch
//    that ends goes on where it ended; if etcd has forgotten that (compaction),
//    the list is asked for again, and the difference is told as changes.
// 2. A watch that is silent may be dead. So with each renewal of the lease the
//    list is asked for, too: if it says something that the watch does not say
//    in time, the watch is begun anew.
// 3. The node is a member while its key is there, put by a transaction that
//    fails if somebody has it, and held by a lease, which is renewed at a
//    third. It may act as one until the sending time of the last renewal that
//    was answered plus the lease's time: etcd, which heard of it later, cannot
//    have ended the lease before. Only this node's own clock is read; it has to
//    run about as fast as etcd's.
// 4. When that time is over, membership is lost. If the lease turns out to live
//    on, as after a failure of etcd (which gives all leases their full time
//    when it is back), nobody has counted the node as down, and the same life
//    goes on, once a new list has shown that. Else it joins again, in its next
//    life.
// 5. A name that somebody has at another endpoint is refused. At the same
//    endpoint it is an earlier life of this node, since one process only can
//    listen there: its lease is revoked. If that happens to a node while it
//    lives, another process says that it is at the same place; the later one
//    stays.
// 6. A member whose process is known to be dead need not be waited for: its key
//    is deleted, if it is still that of this life (each has a lease of its own,
//    which then holds nothing). This is asked again while the list has it, for
//    as long as a lease. It would be wrong for a process that lives and whose
//    endpoint refuses connections: that one is down before its lease ends by
//    its own clock. But an endpoint is closed only by a process that has ended,
//    or has ended its node, and with that its lease, first. A firewall that
//    rejects packets instead of dropping them breaks this.
// 7. One question at a time, a renewal before all others. Whatever fails is
//    tried at the next endpoint; once all have failed, after a pause that
//    grows, but not beyond a tenth of the lease while there is one to lose.
//
// Internal. Thread rule: none of its own. Lifetime: belongs to a provider.

#include "actors/cluster/etcd/etcd_options.h"
#include "actors/cluster/etcd/member_list.h"
#include "actors/cluster/etcd/wire.h"
#include "actors/cluster/member.h"
#include "actors/cluster/provider.h"
#include "actors/cluster/view.h"
#include "runtime/clock.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::actors::cluster::etcd {

using runtime::duration;
using runtime::time_point;

class etcd_roster {
public:
  using event =
      std::variant<change, membership_gained, membership_lost, provider_ended>;

  /// `options` are checked; `endpoints`: how many there are to choose from.
  etcd_roster(member self, const etcd_options& options, std::size_t endpoints);

  // -- what happens -----------------------------------------------------------

  /// Begins; ends at once if the member cannot be kept in etcd.
  void start(time_point now);

  /// Looks at what time it is: leases and deadlines that are over.
  void tick(time_point now);

  /// What to ask next; nothing while a question is under way, or if it is too
  /// early.
  std::optional<question> ask(time_point now);

  /// The answer to the last question, or why there is none.
  void answer(time_point now, long status, std::string_view text);
  void fail(time_point now, const caf::error& why);

  /// The watch to begin now, if any.
  std::optional<question> ask_for_watch(time_point now);

  /// A line of the watch, or its end.
  void watch_line(time_point now, std::string_view line);
  void watch_ended(time_point now, const caf::error& why);

  /// Goes in order, as far as etcd can be reached.
  void leave(time_point now);

  /// The member's process is dead, says somebody; see 6. Nothing if it is not
  /// in the list in this life, or the node itself.
  void unreachable(time_point now, const member& who);

  // -- what comes of it -------------------------------------------------------

  /// When to call `tick`, `ask` and `ask_for_watch` again at the latest.
  time_point due() const;

  /// True if a watch is wanted. One that is open while this is false is to be
  /// closed, without a word.
  bool watching() const noexcept { return watch_ != watch_state::none; }

  /// Which endpoint to ask.
  std::size_t endpoint() const noexcept { return endpoint_; }

  std::vector<event> take_events();

  /// Until when the node may act as a member; `min` if it may not.
  time_point acts_until() const noexcept;

  bool ended() const noexcept { return task_ == task::ended; }
  const view& list() const noexcept { return list_.current(); }

private:
  enum class task : std::uint8_t {
    none,     // nothing is under way
    list,     // or a look whether the watch tells everything
    grant,    // a lease
    claim,    // the key
    renew,    // the lease
    evict,    // an earlier life
    bury,     // a member whose process is dead
    farewell, // say in the value that the node is leaving
    revoke,   // the lease, and the key with it
    ended,
  };

  /// What part of its time is over when a lease is renewed, and the list is
  /// looked at; and how soon after that what differed is looked at again.
  static constexpr int renew_divisor = 3;
  static constexpr int second_look_divisor = 10;

  /// A member in the list whose process is dead.
  struct dead_member {
    std::uint64_t life = 0;
    time_point ask_at{};
    time_point forget_at{};
  };

  enum class watch_state : std::uint8_t { none, asked, open };

  void say(event x) { events_.push_back(std::move(x)); }
  void say_all(std::vector<change> all);
  void end(caf::error why);
  void end_taken(const std::string& why);

  // questions
  task choose(time_point now);
  question put(task what) const;
  void succeed() noexcept;
  void trouble(time_point now, const caf::error& why);
  duration next_pause();
  time_point next_renewal() const noexcept;
  void forget_dead(time_point now);
  bool choose_dead(time_point now);

  // answers
  void take_list(time_point now, const key_list& x);
  void take_lease(const lease_answer& x);
  void take_renewal(const lease_answer& x);
  void take_claim(time_point now, const txn_answer& x);
  bool take_not_found(task done);
  void take_burial(time_point now, long status);
  void lose_lease();
  void lose_key(time_point now);

  // the watch
  void drop_watch(time_point now);
  void relist(time_point now);

  // the node itself
  void look(time_point now);
  void lose(const char* why);

  const member self_;
  const etcd_options options_;
  const std::size_t endpoints_;
  const std::string key_;
  std::string value_;
  std::string last_value_; // says that it is leaving

  // questions
  task task_ = task::none;
  time_point asked_{};
  version known_then_; // when it was asked
  time_point not_before_{};
  std::size_t endpoint_ = 0;
  std::size_t failures_ = 0; // in a row
  std::uint64_t random_;     // spreads the nodes' attempts
  caf::error last_error_;

  // the list and the watch
  member_list list_;
  bool listed_ = false;     // the list is there, and the watch goes on from it
  time_point check_{};      // when to look whether the watch is alive
  bool behind_ = false;     // at the last look it was behind
  std::uint64_t heard_ = 0; // answers of the watch
  std::uint64_t heard_then_ = 0;
  watch_state watch_ = watch_state::none;
  time_point watch_not_before_{};
  time_point watch_until_{}; // asked: when it counts as failed
  std::size_t watch_failures_ = 0;

  // the node itself
  time_point start_until_{};
  lease_id lease_ = 0;
  duration ttl_{};
  time_point renewed_{}; // asked then: the last renewal that was answered
  time_point until_ = time_point::min(); // as long as the lease lasts at least
  std::uint64_t life_ = 0;               // the key's, 0 if there is none
  bool confirmed_ = false; // it was there after the lease was in doubt
  bool in_list_ = false;   // the node was told that it joined in this life
  bool acting_ = false;    // membership_gained was told
  bool was_member_ = false;
  bool taken_ = false; // the key went while the lease held
  lease_id evicted_ = 0;
  std::map<std::string, dead_member> dead_; // by name
  std::string burying_;                     // whose turn it is
  bool leaving_ = false;
  bool said_farewell_ = false;
  time_point leave_until_{};

  std::vector<event> events_;
};

} // namespace sluice::actors::cluster::etcd
