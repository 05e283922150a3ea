// What etcd's answers mean to a node; see etcd_roster.h.

#include "actors/cluster/etcd/etcd_roster.h"
#include "actors/cluster/etcd/member_record.h"
#include "runtime/error.h"

#include <utility>

namespace sluice::actors::cluster::etcd {

using runtime::errc;
using runtime::make_error;

namespace {

bool says_not_found(const caf::error& x) {
  return x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(errc::unknown_name);
}

} // namespace

void etcd_roster::answer(time_point now, long status, std::string_view text) {
  if (ended())
    return;
  auto done = std::exchange(task_, task::none);
  if (done == task::bury)
    return take_burial(now, status);
  caf::error error;
  auto take = [&](auto x, auto f) {
    if (x)
      f(*x);
    else
      error = std::move(x.error());
  };
  if (status != 200)
    error = read_error(status, text);
  else if (done == task::list)
    take(read_list(text), [&](auto& x) { take_list(now, x); });
  else if (done == task::grant)
    take(read_grant(text), [&](auto& x) { take_lease(x); });
  else if (done == task::renew)
    take(read_renewal(text), [&](auto& x) { take_renewal(x); });
  else if (done == task::claim)
    take(read_txn(text), [&](auto& x) { take_claim(now, x); });
  else if (done == task::farewell)
    take(read_txn(text), [&](auto&) { said_farewell_ = true; });
  else if (done == task::evict)
    take(read_done(text), [&](auto&) { evicted_ = 0; });
  else
    take(read_done(text), [&](auto&) { lease_ = 0; });
  if (!error)
    succeed();
  else if (says_not_found(error) && take_not_found(done))
    succeed();
  else
    trouble(now, error);
  look(now);
}

/// The lease that was asked about has ended. Returns whether that is an answer.
bool etcd_roster::take_not_found(task done) {
  switch (done) {
  case task::evict:
    evicted_ = 0;
    return true;
  case task::revoke:
    lease_ = 0;
    return true;
  case task::renew:
  case task::claim:
  case task::farewell:
    lose_lease();
    return true;
  default:
    return false;
  }
}

void etcd_roster::take_list(time_point now, const key_list& x) {
  // Another etcd, or one that has lost what it knew. (What the watch has told
  // since it was asked may well be newer.)
  auto counts_anew =
      x.head.cluster != known_then_.term || x.head.revision < known_then_.seq;
  if (!listed_ || counts_anew) {
    say_all(list_.reset(x));
    drop_watch(now);
    listed_ = true;
  } else if (list_.agrees(x)) {
    behind_ = false;
  } else if (behind_ && heard_ == heard_then_) {
    // It had its time.
    drop_watch(now);
  } else {
    behind_ = true;
    heard_then_ = heard_;
  }
  check_ = now + ttl_ / (behind_ ? second_look_divisor : renew_divisor);
  if (life_ == 0)
    return;
  auto is_there = false;
  for (auto& key : x.keys)
    is_there |= key.key == key_ && key.created == life_;
  if (is_there)
    confirmed_ = true;
  else
    lose_key(now);
}

void etcd_roster::take_lease(const lease_answer& x) {
  lease_ = x.lease;
  ttl_ = x.ttl;
  renewed_ = asked_;
  until_ = asked_ + ttl_;
}

void etcd_roster::take_renewal(const lease_answer& x) {
  if (x.ttl.count() == 0)
    return lose_lease();
  ttl_ = x.ttl;
  renewed_ = asked_;
  until_ = asked_ + ttl_;
}

void etcd_roster::take_claim(time_point now, const txn_answer& x) {
  if (x.succeeded) {
    life_ = x.head.revision;
    confirmed_ = true;
    check_ = now + ttl_ / second_look_divisor;
    return;
  }
  // It was there when it was asked for, and is gone: ask again.
  if (!x.holder)
    return;
  auto& holder = *x.holder;
  // Put by an attempt whose answer was lost.
  if (holder.lease == lease_) {
    life_ = holder.created;
    check_ = now;
    return;
  }
  auto record = read_record(holder.value);
  if (!record || holder.lease == 0)
    return end_taken("is that of a key of etcd that is not a node's: " + key_);
  if (record->endpoint != self_.endpoint)
    return end_taken("is that of the node at " + record->endpoint
                     + "; if that one is dead, the name is free when its "
                       "lease has ended");
  if (taken_)
    return end_taken("was taken over by another process that says it is at "
                     + self_.endpoint + ", too");
  evicted_ = holder.lease;
}

void etcd_roster::lose_lease() {
  lease_ = 0;
  life_ = 0;
  confirmed_ = false;
  in_list_ = false;
  until_ = time_point::min();
  lose("its lease has ended");
}

void etcd_roster::lose_key(time_point now) {
  // While the lease holds, somebody must have done it. If that was a process
  // that takes this node's place, let it.
  if (now < until_) {
    taken_ = true;
    not_before_ = now + 2 * options_.retry;
  }
  lose_lease();
}

// -- the node itself ----------------------------------------------------------

void etcd_roster::look(time_point now) {
  if (ended() || leaving_ || life_ == 0)
    return;
  member self = self_;
  self.incarnation = life_;
  auto listed = list_.current().has(self);
  if (in_list_ && !listed)
    return lose_key(now);
  in_list_ = listed;
  if (!listed || !confirmed_ || acting_ || now >= until_)
    return;
  acting_ = true;
  was_member_ = true;
  taken_ = false;
  say(membership_gained{std::move(self), list_.current().at});
}

void etcd_roster::lose(const char* why) {
  if (std::exchange(acting_, false))
    say(membership_lost{why});
}

} // namespace sluice::actors::cluster::etcd
