#pragma once

// shard_peer: the way to one other node that shares shards with this one: three
// channels, for letters of the keepers, for calls and for replies. A lost link
// is made again, and calls and replies go on where they were, so each arrives
// once; letters that were under way are lost, as their receivers expect.
//
// Internal. Thread rule: the owner's handlers. Lifetime: as long as the other
// one is a member.

#include "actors/channel/host.h"
#include "actors/cluster/member.h"
#include "actors/cluster/shard_letter.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/local_actor.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

namespace sluice::actors::cluster {

/// Names of the three channels of one set of shards.
struct shard_channels {
  std::string letters;
  std::string calls;
  std::string replies;

  explicit shard_channels(const std::string& of)
      : letters("sluice.shards/" + of + "/letters"),
        calls("sluice.shards/" + of + "/calls"),
        replies("sluice.shards/" + of + "/replies") {}
};

template <class Call, class Reply>
class shard_peer {
public:
  shard_peer(caf::local_actor* owner, channel::host& host, member who,
             const shard_channels& names)
      : owner_(owner), host_(host), who_(std::move(who)), names_(names) {
    open(letters_, names.letters);
    open(calls_.out, names.calls);
    open(replies_.out, names.replies);
  }

  const member& who() const noexcept { return who_; }
  cluster::holder holder() const { return cluster::holder{who_}; }

  /// What does not leave is lost, as its receiver expects.
  void say(const shard_letter& x) { static_cast<void>(letters_.push(x)); }

  /// False: there is no room, and nothing of it leaves.
  bool ask(const Call& x) {
    return static_cast<bool>(calls_.out) && !calls_.out.push(x);
  }

  /// Replies wait here if they have to. Bounded by the calls that the other one
  /// may have here.
  void answer(Reply x) {
    waiting_.push_back(std::move(x));
    flush();
  }

  void flush() {
    while (!waiting_.empty() && replies_.out
           && !replies_.out.push(waiting_.front()))
      waiting_.pop_front();
  }

  std::size_t replies_waiting() const noexcept { return waiting_.size(); }

  /// An outlet has ended. False if it is none of this peer's; `letters_lost` if
  /// letters were.
  bool on_closed(const channel::outlet_closed& x, runtime::time_point now,
                 bool& letters_lost) {
    letters_lost = x.id == letters_.id();
    if (letters_lost)
      letters_lost_ = true;
    else if (x.id == calls_.out.id())
      calls_.lost = true;
    else if (x.id == replies_.out.id())
      replies_.lost = true;
    else
      return false;
    nobody_listens_ =
        reopened_ && x.reason == channel::end_reason::nobody_listens;
    reopened_ = true;
    reopen_ = std::min(reopen_, now + runtime::limits::shard_peer_retry);
    return true;
  }

  /// Nobody listens there any more, as the last outlet that has ended says. Not
  /// of the first attempt, which may have met the end of an earlier life.
  bool nobody_listens() const noexcept { return nobody_listens_; }

  /// Makes lost links again when it is time; returns when that is.
  runtime::time_point tick(runtime::time_point now) {
    if (now < reopen_)
      return reopen_;
    reopen_ = runtime::time_point::max();
    if (letters_lost_) {
      letters_ = {};
      letters_lost_ = !open(letters_, names_.letters);
    }
    calls_.reopen();
    replies_.reopen();
    if (letters_lost_ || calls_.lost || replies_.lost)
      reopen_ = now + runtime::limits::shard_peer_retry;
    return reopen_;
  }

private:
  template <class T>
  struct line {
    channel::outlet<T> out;
    bool lost = false;

    void reopen() {
      if (lost)
        lost = static_cast<bool>(out.reopen());
    }
  };

  template <class T>
  bool open(channel::outlet<T>& x, const std::string& name) {
    auto out = host_.open_outlet<T>(owner_, who_.endpoint, name);
    if (out)
      x = std::move(*out);
    return static_cast<bool>(out);
  }

  caf::local_actor* owner_;
  channel::host& host_;
  const member who_;
  const shard_channels& names_;
  channel::outlet<shard_letter> letters_;
  line<Call> calls_;
  line<Reply> replies_;
  std::deque<Reply> waiting_;
  bool letters_lost_ = false;
  bool reopened_ = false;
  bool nobody_listens_ = false;
  runtime::time_point reopen_{runtime::time_point::max()};
};

} // namespace sluice::actors::cluster
