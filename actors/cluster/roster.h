#pragma once

// roster: the list of members as one node sees it, and what the node does to
// keep it: the *local* provider of membership. Sans-I/O: it is told what time
// it is and what comes, and gives what to say and what has happened.
//
// One member keeps the list, the *seed*. It numbers the changes and tells them
// to all, so that all see them in the same order. Members send it beats.
//
// 1. Who is silent for `suspect_after` is suspected, and for `down_after` it is
//    down; at once if nobody listens at its endpoint any more.
// 2. The seed changes who is in the list only while at least half of it, itself
//    included, follows it and has answered what was said less than half of
//    `down_after` ago. Otherwise it is the one who is cut off: it waits, and is
//    not *in touch*.
// 3. Members that lose the seed vote for one of the others, and after a while
//    for the next one, in terms that grow; the term says for whom. Who has
//    voted in a term follows nobody of an earlier one. Who has lost the seed
//    itself and has the votes of more than half of the list, its own included,
//    keeps the list from there on, the newest one that a voter has. So two
//    parts of a cluster never both go on, and of two nodes only the one that
//    keeps the list does. A seed that hears of a later term takes a still later
//    one if it is in touch, since nobody else can have been chosen then; else
//    it votes, too. (Terms and votes as in Raft, by D. Ongaro and J.
//    Ousterhout, 2014; there is no log, and no promise about one.)
// 4. A member is in touch while the seed has answered a beat that was sent less
//    than `down_after` ago. So whoever is counted as down has known by itself
//    that it is not in touch any more, or is dead: no clock is compared with
//    another one, they only have to run about as fast.
// 5. Who finds that it was counted as down joins again, in its next life.
// 6. A cluster begins when more than half of the seeds have found each other,
//    none of them knows of one, and they have chosen the same one among them,
//    the first in the list. A choice stands for a while. So a seed that comes
//    back alone does not begin a second cluster. Two can be there all the same,
//    when one has shrunk to less than half of the seeds, and the others come
//    back where they cannot see it; or when letters take longer than a choice
//    stands. When they meet, one of them gives way: its nodes join the other.
//
// It does not stand in for consensus: a change that the seed told to less than
// half before it died may be taken back by its successor, as one that never
// was. Such a successor's list is newer, and the difference is told as changes.
//
// Internal. Thread rule: none of its own. Lifetime: belongs to a node.

#include "actors/cluster/letter.h"
#include "actors/cluster/member.h"
#include "actors/cluster/view.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sluice::actors::cluster {

using runtime::duration;
using runtime::time_point;

struct roster_times {
  duration beat = runtime::limits::cluster_beat;
  duration suspect_after = runtime::limits::cluster_suspect_after;
  duration down_after = runtime::limits::cluster_down_after;
  /// Between two attempts to join, and for how long a node votes for one.
  duration retry = runtime::limits::cluster_retry;
  /// For how long a seed looks for a cluster before it begins one.
  duration found_after = runtime::limits::cluster_found_after;
};

class roster {
public:
  using event = std::variant<change, membership_gained, membership_lost>;

  struct outgoing {
    std::string to; // an endpoint
    letter what;
  };

  enum class state : std::uint8_t {
    idle,
    joining,
    following,
    voting,
    leading,
    leaving,
    left,
    refused,
  };

  /// `seeds`: endpoints to ask for the list, the same ones on all nodes. None,
  /// or only its own: the node begins a cluster.
  roster(member self, std::vector<std::string> seeds, roster_times times = {});

  // -- what happens -----------------------------------------------------------

  void start(time_point now);

  /// Does what is due; returns when to call it again.
  time_point tick(time_point now);

  void receive(time_point now, const letter& x);

  /// Nobody listens there: the process that did is dead.
  void unreachable(time_point now, const std::string& endpoint);

  /// Goes in order; `left` is reached when the seed knows, or after a while.
  void leave(time_point now);

  // -- what comes of it -------------------------------------------------------

  std::vector<outgoing> take_letters();
  std::vector<event> take_events();

  const view& list() const noexcept { return list_; }
  const member& self() const noexcept { return self_; }
  state where() const noexcept { return state_; }
  bool in_touch() const noexcept { return in_touch_; }

  /// Until when it is in touch at least, whatever it hears: before that time
  /// nobody takes its place. `min` if it is not, `max` if it needs nobody.
  time_point touch_until() const;

  /// Why, if it was refused.
  const std::string& refusal() const noexcept { return refusal_; }

private:
  struct seeker {
    time_point when;
    std::string choice;
  };

  struct heard {
    time_point when;
    bool gone = false; // nobody listens there
    /// When this seed said the last thing of which it is known that it was
    /// heard, in this term.
    time_point proved = time_point::min();
  };

  struct ballot {
    std::uint64_t term = 0;
    time_point when;
    view last;
  };

  void handle(time_point now, const member& from, const join_request& x);
  void handle(time_point now, const member& from, const seeking& x);
  void handle(time_point now, const member& from, const join_refused& x);
  void handle(time_point now, const member& from, const redirect& x);
  void handle(time_point now, const member& from, const beat& x);
  void handle(time_point now, const member& from, const beat_answer& x);
  void handle(time_point now, const member& from, const list_changed& x);
  void handle(time_point now, const member& from, const whole_list& x);
  void handle(time_point now, const member& from, const leave_request& x);
  void handle(time_point now, const member& from, const vote& x);

  void say_list(time_point now, const std::string& to);
  void say_list_to_all(time_point now);
  void say(const std::string& to, letter_body what);
  void say_to_all(const letter_body& what);
  void beat_to(time_point now, const std::string& endpoint);
  void set_in_touch(bool now_in_touch, const char* why);

  // joining
  void choose(time_point now);
  bool is_seed(const std::string& endpoint) const;
  bool may_found(time_point now);
  bool is_newer(const view& other) const;
  void found(time_point now);
  void try_to_join(time_point now);
  void join_again(time_point now, const char* why);
  void adopt(time_point now, const whole_list& x);

  // voting
  void lose_seed(time_point now);
  void vote_in(time_point now, std::uint64_t term);
  void hear_of_term(time_point now, std::uint64_t term);
  void cast(time_point now);
  void count_votes(time_point now);
  void lead(time_point now, std::uint64_t term, view list);

  // leading
  void publish(time_point now, change_kind what, member who);
  void look_at_silence(time_point now);
  bool is_dead(const member& x) const;
  bool note_life(const member& x);
  bool has_half(time_point now) const;
  std::size_t possible_voters(const view& list) const;
  bool is_silent(time_point now, const listed& x, duration limit) const;

  member self_;
  const std::vector<std::string> seeds_;
  const roster_times times_;

  state state_ = state::idle;
  view list_;
  bool in_touch_ = false;
  std::string refusal_;
  time_point next_{};  // of whatever the state does again and again
  time_point until_{}; // joining: when to begin; voting: for the same one

  // joining
  std::map<std::string, seeker> seekers_; // seeds, by their endpoints
  std::string choice_;
  time_point chosen_{}; // before that time there is no new choice

  // following, voting
  time_point answered_{}; // sent then: the last beat that was answered
  time_point adopted_{};
  std::uint64_t seed_stamp_ = 0;
  std::uint64_t voted_term_ = 0;
  member candidate_; // voting: for whom
  std::map<std::string, ballot> votes_;
  std::map<std::string, std::uint64_t> dead_; // names, in these lives

  // leading
  std::map<std::string, heard> heard_;
  time_point changed_{};
  time_point probed_{};

  std::vector<outgoing> letters_;
  std::vector<event> events_;
};

} // namespace sluice::actors::cluster
