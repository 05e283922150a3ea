#pragma once

// peer: the way to one other node: three channels, for letters about shards,
// for requests and for answers. A lost link is made again, and requests and
// answers go on where they were; letters that were under way are lost, as their
// receivers expect.
//
// Thread rule: the node's loop. Lifetime: as long as the other one is a member.

#include "actors/channel/host.h"
#include "actors/cluster/member.h"
#include "actors/cluster/shard_letter.h"
#include "examples/kv_cluster/bundle.h"
#include "runtime/clock.h"

#include <caf/local_actor.hpp>

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

namespace sluice::examples::kv_cluster {

inline constexpr auto letters_name = "kv_cluster.letters";
inline constexpr auto requests_name = "kv_cluster.requests";
inline constexpr auto answers_name = "kv_cluster.answers";

/// Entries that go in one bundle; a longer one goes alone.
inline constexpr std::size_t bundle_bytes = 64 * 1024;

/// Of answers that a node does not take: above, its requests wait.
inline constexpr std::size_t answers_waiting_max = 4 * 1024 * 1024;

/// Between two attempts to make a lost link again.
inline constexpr std::chrono::milliseconds reopen_pause{200};

class peer {
public:
  peer(caf::local_actor* owner, actors::channel::host& host,
       actors::cluster::member who);

  const actors::cluster::member& who() const noexcept { return who_; }
  actors::cluster::holder holder() const {
    return actors::cluster::holder{who_};
  }

  void say(const actors::cluster::shard_letter& x);
  /// `at`: the table by which it has the shard; `self`: who asks.
  void ask(const request_entry& x, const actors::cluster::table_version& at,
           const actors::cluster::holder& self);
  void answer(const answer_entry& x);

  /// Sends what was gathered.
  void flush();

  /// An outlet has ended. False if it is none of this peer's; `letters_lost` if
  /// letters were.
  bool on_closed(const actors::channel::outlet_closed& x,
                 runtime::time_point now, bool& letters_lost);

  /// Makes lost links again when it is time; returns when that is.
  runtime::time_point tick(runtime::time_point now);

  /// Bytes of requests, or of answers, that the way has not taken.
  std::size_t requests_waiting() const noexcept { return requests_.waiting; }
  std::size_t answers_waiting() const noexcept { return answers_.waiting; }

  /// Nobody listens there any more, as the last outlet that has ended says. Not
  /// of the first attempt, which may have met the end of an earlier life.
  bool nobody_listens() const noexcept { return nobody_listens_; }

  bool is_up() const noexcept { return up_ > 0; }
  void on_opened() noexcept { ++up_; }

private:
  template <class Bundle>
  struct line {
    actors::channel::outlet<Bundle> out;
    Bundle gathered;
    std::deque<Bundle> backlog;
    std::size_t waiting = 0; // bytes of both
    bool lost = false;
  };

  template <class Bundle>
  void open(line<Bundle>& x, const char* name);
  template <class Bundle, class Entry>
  void add(line<Bundle>& x, const Entry& entry);
  template <class Bundle>
  static void cut_bundle(line<Bundle>& x);
  template <class Bundle>
  static void push(line<Bundle>& x);

  caf::local_actor* owner_;
  actors::channel::host& host_;
  const actors::cluster::member who_;
  actors::channel::outlet<actors::cluster::shard_letter> letters_;
  line<request_bundle> requests_;
  line<answer_bundle> answers_;
  bool letters_lost_ = false;
  bool reopened_ = false;
  bool nobody_listens_ = false;
  int up_ = 0;
  runtime::time_point reopen_{runtime::time_point::max()};
};

} // namespace sluice::examples::kv_cluster
