#include "actors/cluster/node_actor.h"

#include "actors/sure_element.h"
#include "runtime/error.h"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

using runtime::errc;

node_actor::node_actor(caf::actor_config& cfg, runtime::event_loop& loop,
                       node_setup setup)
    : runtime::loop_actor(cfg, loop), setup_(std::move(setup)) {
}

caf::behavior node_actor::make_behavior() {
  set_down_handler([this](const caf::down_msg& x) {
    std::erase_if(watchers_,
                  [&](auto& y) { return y.who.address() == x.source; });
  });
  join();
  return {
      [this](const change& x) { on_change(x); },
      [this](const membership_gained& x) { on_gained(x); },
      [this](const membership_lost& x) { on_lost(x); },
      [this](const provider_ended& x) { on_ended(x); },
      [this](const watch_members& x) { watch(x); },
      [this](list_members) {
        return member_list{state_, setup_.self, list_, why_};
      },
      [this](report_membership) { return report(); },
      [this](leave_cluster) {
        auto promise = make_response_promise();
        leave(promise);
        return promise;
      },
      [this](const member_unreachable& x) {
        if (provider_)
          send(provider_, x);
      },
      [this](join_cluster) -> caf::result<void> {
        if (state_ != node_state::left && state_ != node_state::failed)
          return runtime::make_error(errc::bad_setting,
                                     "node \"" + setup_.self.name + "\" is "
                                         + to_string(state_) + " already");
        join();
        return caf::unit;
      },
  };
}

void node_actor::on_exit() {
  setup_.lease->close();
  if (provider_)
    caf::anon_send_exit(provider_, caf::exit_reason::user_shutdown);
  provider_ = {};
  watchers_.clear();
  leavers_.clear();
}

void node_actor::join() {
  state_ = node_state::joining;
  why_ = {};
  list_ = {};
  provider_ = setup_.provider(
      loop(), {setup_.self, caf::actor_cast<caf::actor>(this), setup_.lease});
}

// -- those who watch ----------------------------------------------------------

template <class T>
void node_actor::tell(const watcher& x, T event) {
  caf::actor_cast<caf::strong_actor_ptr>(x.who)->enqueue(
      caf::mailbox_element_ptr{
          new sure_element{caf::make_message(std::move(event))}},
      nullptr);
}

template <class T>
void node_actor::tell_all(const T& event) {
  for (auto& x : watchers_)
    tell(x, event);
}

void node_actor::tell_change(const watcher& x, const change& what) {
  switch (what.what) {
  case change_kind::joined:
    return tell(x, node_joined{what.who, what.at});
  case change_kind::suspected:
    return tell(x, node_suspected{what.who, what.at});
  case change_kind::trusted:
    return tell(x, node_trusted{what.who, what.at});
  case change_kind::left:
    return tell(x, node_left{what.who, what.at});
  case change_kind::down:
    return tell(x, node_down{what.who, what.at});
  }
}

void node_actor::watch(const watch_members& x) {
  if (!x.observer)
    return;
  auto known = std::ranges::find(watchers_, x.observer, &watcher::who);
  if (known == watchers_.end()) {
    monitor(x.observer);
    known = watchers_.insert(known, {x.observer, x.drains});
  }
  known->drains = x.drains;
  for (auto& y : list_.members) {
    tell(*known, node_joined{y.who, list_.at});
    if (y.suspected)
      tell(*known, node_suspected{y.who, list_.at});
  }
  if (state_ == node_state::member || state_ == node_state::leaving)
    tell(*known, membership_gained{setup_.self, list_.at});
}

// -- what the provider says ---------------------------------------------------

void node_actor::on_change(const change& x) {
  list_.apply(x);
  ++changes_[static_cast<std::size_t>(x.what)];
  for (auto& y : watchers_)
    tell_change(y, x);
}

void node_actor::on_gained(const membership_gained& x) {
  setup_.self = x.self;
  ++gained_;
  if (state_ != node_state::leaving)
    state_ = node_state::member;
  tell_all(x);
}

void node_actor::on_lost(const membership_lost& x) {
  ++lost_;
  if (state_ == node_state::member)
    state_ = node_state::alone;
  tell_all(x);
}

void node_actor::on_ended(const provider_ended& x) {
  provider_ = {};
  setup_.lease->end();
  why_ = x.why;
  state_ = x.why ? node_state::failed : node_state::left;
  if (x.why)
    tell_all(membership_lost{runtime::to_text(x.why)});
  for (auto& promise : std::exchange(leavers_, {}))
    if (x.why)
      promise.deliver(x.why);
    else
      promise.deliver(caf::unit);
}

// -- to be seen ---------------------------------------------------------------

membership_report node_actor::report() const {
  auto suspected = std::ranges::count_if(list_.members, &listed::suspected);
  return {setup_.self.name,
          state_,
          list_.members.size(),
          static_cast<std::uint64_t>(suspected),
          list_.at,
          changes_,
          gained_,
          lost_};
}

// -- leaving ------------------------------------------------------------------

void node_actor::leave(caf::response_promise promise) {
  if (state_ == node_state::left)
    return promise.deliver(caf::unit);
  if (state_ == node_state::failed)
    return promise.deliver(why_);
  leavers_.push_back(std::move(promise));
  if (std::exchange(state_, node_state::leaving) == node_state::leaving)
    return;
  draining_ = 1; // this function
  for (auto& x : watchers_) {
    if (!x.drains)
      continue;
    ++draining_;
    request(x.who, setup_.drain_wait, prepare_to_leave{})
        .then([this](const caf::message&) { drained(); },
              [this](const caf::error&) { drained(); });
  }
  drained();
}

void node_actor::drained() {
  if (--draining_ == 0 && provider_)
    send(provider_, leave_cluster{});
}

caf::actor spawn_node_actor(runtime::event_loop& loop, node_setup setup) {
  return runtime::spawn_on<node_actor>(loop, std::move(setup));
}

} // namespace sluice::actors::cluster
