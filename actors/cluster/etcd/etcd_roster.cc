#include "actors/cluster/etcd/etcd_roster.h"

#include "actors/cluster/etcd/member_record.h"
#include "runtime/error.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::actors::cluster::etcd {

using runtime::errc;
using runtime::make_error;
using runtime::to_text;

namespace {

std::string seconds_text(duration x) {
  using seconds = std::chrono::duration<double>;
  auto tenths = static_cast<long>(
      std::chrono::duration_cast<seconds>(x).count() * 10 + 0.5);
  auto result = std::to_string(tenths / 10);
  if (tenths % 10 != 0)
    result += "." + std::to_string(tenths % 10);
  return result + " s";
}

} // namespace

etcd_roster::etcd_roster(member self, const etcd_options& options,
                         std::size_t endpoints)
    : self_(std::move(self)),
      options_(options),
      endpoints_(endpoints),
      key_(member_prefix(options.cluster) + self_.name),
      random_(std::hash<std::string>{}(key_ + self_.endpoint) | 1),
      list_(member_prefix(options.cluster)) {
}

// -- what happens -------------------------------------------------------------

void etcd_roster::start(time_point now) {
  if (auto error = check_name(self_.name, "the name of the node"))
    return end(std::move(error));
  auto record = record_of(self_);
  auto value = to_text(record);
  record.leaving = true;
  auto last_value = to_text(record);
  if (!value || !last_value)
    return end(!value ? std::move(value.error())
                      : std::move(last_value.error()));
  value_ = std::move(*value);
  last_value_ = std::move(*last_value);
  start_until_ = now + options_.start_deadline;
}

void etcd_roster::tick(time_point now) {
  if (ended())
    return;
  if (acting_ && now >= until_) {
    confirmed_ = false; // until a new list shows it
    check_ = now;
    lose("etcd has not answered for the time of the lease");
  }
  if (watch_ == watch_state::asked && now >= watch_until_)
    watch_ended(now, make_error(errc::connection_closed,
                                "the watch was not answered in time"));
  auto why = last_error_ ? to_text(last_error_) : "it does not answer";
  if (leaving_ && now >= leave_until_)
    end(make_error(errc::connect_failed,
                   "left without etcd, the others will count the node as down "
                   "when its lease ends: "
                       + why));
  else if (!leaving_ && !was_member_ && now >= start_until_)
    end(make_error(errc::connect_failed,
                   "the node did not become a member by way of etcd within "
                       + seconds_text(options_.start_deadline) + ": " + why));
}

void etcd_roster::leave(time_point now) {
  if (ended() || leaving_)
    return;
  leaving_ = true;
  leave_until_ = now + options_.leave_deadline;
  not_before_ = now;
  until_ = std::min(until_, now);
  dead_.clear();
  drop_watch(now);
  lose("it leaves");
}

void etcd_roster::end(caf::error why) {
  if (ended())
    return;
  task_ = task::ended;
  watch_ = watch_state::none;
  until_ = time_point::min();
  lose("it ends");
  say(provider_ended{std::move(why)});
}

void etcd_roster::end_taken(const std::string& why) {
  end(make_error(errc::name_taken, "the name \"" + self_.name
                                       + "\" in the cluster \""
                                       + options_.cluster + "\" " + why));
}

std::vector<etcd_roster::event> etcd_roster::take_events() {
  return std::exchange(events_, {});
}

void etcd_roster::say_all(std::vector<change> all) {
  for (auto& x : all)
    say(std::move(x));
}

time_point etcd_roster::acts_until() const noexcept {
  return acting_ ? until_ : time_point::min();
}

time_point etcd_roster::due() const {
  if (ended())
    return time_point::max();
  auto result = time_point::max();
  auto consider = [&](time_point x) { result = std::min(result, x); };
  if (acting_)
    consider(until_);
  if (leaving_)
    consider(leave_until_);
  else if (!was_member_)
    consider(start_until_);
  if (watch_ == watch_state::asked)
    consider(watch_until_);
  else if (watch_ == watch_state::none && listed_ && !leaving_)
    consider(watch_not_before_);
  if (task_ != task::none)
    return result;
  auto next = time_point::min();
  if (!leaving_ && lease_ != 0 && listed_ && life_ != 0)
    next = std::min(check_, next_renewal());
  if (next != time_point::min())
    for (auto& [name, x] : dead_)
      next = std::min(next, x.ask_at);
  consider(std::max(next, not_before_));
  return result;
}

// -- questions ----------------------------------------------------------------

time_point etcd_roster::next_renewal() const noexcept {
  return renewed_ + ttl_ / renew_divisor;
}

etcd_roster::task etcd_roster::choose(time_point now) {
  if (leaving_) {
    if (life_ != 0 && !said_farewell_)
      return task::farewell;
    return lease_ != 0 ? task::revoke : task::none;
  }
  if (lease_ != 0 && now >= next_renewal())
    return task::renew;
  if (!listed_)
    return task::list;
  if (lease_ == 0)
    return task::grant;
  if (evicted_ != 0)
    return task::evict;
  if (life_ == 0)
    return task::claim;
  if (choose_dead(now))
    return task::bury;
  if (now >= check_)
    return task::list;
  return task::none;
}

question etcd_roster::put(task what) const {
  switch (what) {
  case task::list:
    return ask_list(member_prefix(options_.cluster));
  case task::grant:
    return ask_grant(options_.lease_ttl);
  case task::claim:
    return ask_claim(key_, value_, lease_);
  case task::renew:
    return ask_renew(lease_);
  case task::evict:
    return ask_revoke(evicted_);
  case task::bury:
    return ask_delete(member_prefix(options_.cluster) + burying_,
                      dead_.at(burying_).life);
  case task::farewell:
    return ask_replace(key_, last_value_, lease_, life_);
  default:
    return ask_revoke(lease_);
  }
}

std::optional<question> etcd_roster::ask(time_point now) {
  if (task_ != task::none || now < not_before_)
    return std::nullopt;
  auto next = choose(now);
  if (next == task::none) {
    if (leaving_)
      end({});
    return std::nullopt;
  }
  task_ = next;
  asked_ = now;
  known_then_ = list_.current().at;
  return put(next);
}

void etcd_roster::succeed() noexcept {
  failures_ = 0;
  last_error_ = {};
}

/// Doubled with each round over all endpoints, and within a quarter of that
/// another one for each node, so that they do not all come at once.
duration etcd_roster::next_pause() {
  auto rounds = failures_ / endpoints_;
  if (failures_ % endpoints_ != 0)
    return duration{0};
  auto pause = options_.retry;
  for (std::size_t i = 1; i < rounds && pause < options_.retry_max; ++i)
    pause *= 2;
  pause = std::min(pause, options_.retry_max);
  if (acting_ || leaving_)
    pause = std::min(pause, duration{options_.lease_ttl} / 10);
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  auto part = static_cast<duration::rep>(random_ >> 48); // 16 bits
  return pause - pause / 4 / 65'536 * part;
}

void etcd_roster::trouble(time_point now, const caf::error& why) {
  last_error_ = why;
  ++failures_;
  endpoint_ = (endpoint_ + 1) % endpoints_;
  not_before_ = now + next_pause();
  // What the watch was asked of may be what does not answer.
  if (endpoints_ > 1)
    drop_watch(now);
}

void etcd_roster::fail(time_point now, const caf::error& why) {
  if (ended())
    return;
  task_ = task::none;
  trouble(now, why);
}

// -- the watch ----------------------------------------------------------------

std::optional<question> etcd_roster::ask_for_watch(time_point now) {
  if (ended() || leaving_ || !listed_ || watch_ != watch_state::none
      || now < watch_not_before_)
    return std::nullopt;
  watch_ = watch_state::asked;
  watch_until_ = now + options_.answer_deadline();
  return ask_watch(member_prefix(options_.cluster), list_.revision() + 1);
}

void etcd_roster::drop_watch(time_point now) {
  watch_ = watch_state::none;
  watch_not_before_ = now;
  behind_ = false;
}

void etcd_roster::relist(time_point now) {
  listed_ = false;
  drop_watch(now);
}

void etcd_roster::watch_ended(time_point now, const caf::error& why) {
  if (watch_ == watch_state::none)
    return;
  last_error_ = why;
  drop_watch(now);
  auto shift = std::min<std::size_t>(watch_failures_++, 10);
  watch_not_before_ =
      now + std::min(options_.retry * (1 << shift), options_.retry_max);
}

void etcd_roster::watch_line(time_point now, std::string_view line) {
  if (ended() || watch_ == watch_state::none)
    return;
  auto x = read_watch(line);
  if (!x) {
    // If the same came again, it would come for ever.
    listed_ = false;
    return watch_ended(now, x.error());
  }
  if (x->canceled) {
    if (x->compacted != 0)
      return relist(now);
    return watch_ended(now, make_error(errc::connection_closed,
                                       "etcd ended the watch: " + x->reason));
  }
  watch_ = watch_state::open;
  watch_failures_ = 0;
  ++heard_;
  say_all(list_.apply(*x));
  look(now);
}

} // namespace sluice::actors::cluster::etcd
