#include "actors/cluster/entity_region.h"

#include "runtime/backpressure.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

// A region's frame: membership, the ways to the others, time.

namespace sluice::actors::cluster {

using runtime::errc;
namespace limits = runtime::limits;

namespace {

using turn_atom = caf::atom_constant<caf::atom("turn")>;

shard_settings settings_of(const sharding_options& x) {
  shard_settings result;
  result.shards = x.shards;
  result.copies = x.copies;
  result.role = x.role;
  result.gone_after = x.gone_after;
  result.asks_before_release = true;
  return result;
}

} // namespace

entity_region::entity_region(caf::actor_config& cfg, region_setup setup)
    : caf::event_based_actor(cfg),
      setup_(std::move(setup)),
      names_(setup_.options.name),
      states_(setup_.options.shards),
      keeper_(settings_of(setup_.options), states_),
      lanes_(setup_.options.shards),
      saves_(setup_.options.shards) {
}

caf::behavior entity_region::make_behavior() {
  auto begin = [this](auto& to, auto from) {
    if (from)
      to = std::move(*from);
    else
      *setup_.failure = from.error();
    return static_cast<bool>(from);
  };
  auto& host = *setup_.host;
  if (!begin(letters_in_, host.open_inlets<shard_letter>(this, names_.letters))
      || !begin(calls_in_, host.open_inlets<entity_call>(this, names_.calls))
      || !begin(replies_in_,
                host.open_inlets<entity_reply>(this, names_.replies))) {
    quit(caf::exit_reason::user_shutdown);
    return {};
  }
  set_error_handler([](const caf::error&) {});
  set_down_handler([this](const caf::down_msg& x) { on_down(x.source); });
  send(setup_.node, watch_members{caf::actor_cast<caf::actor>(this), true});
  arm(present());
  return running();
}

caf::behavior entity_region::running() {
  return {
      [this](to_entity& x) {
        auto promise = make_response_promise();
        submit(promise, x);
        return promise;
      },
      [this](const keep_state& x) {
        auto promise = make_response_promise();
        save(promise, x);
        return promise;
      },
      [this](count_entities) { return counts(); },
      [this](const channel::batch<shard_letter>& x) { on_letters(x); },
      [this](const channel::batch<entity_call>& x) { on_calls(x); },
      [this](const channel::batch<entity_reply>& x) { on_replies(x); },
      [this](const node_joined& x) {
        on_change({x.at, change_kind::joined, x.who});
      },
      [this](const node_suspected& x) {
        on_change({x.at, change_kind::suspected, x.who});
      },
      [this](const node_trusted& x) {
        on_change({x.at, change_kind::trusted, x.who});
      },
      [this](const node_left& x) {
        on_change({x.at, change_kind::left, x.who});
      },
      [this](const node_down& x) {
        on_change({x.at, change_kind::down, x.who});
      },
      [this](const membership_gained& x) {
        auto is_new = self_ && !same(*self_, x.self);
        self_ = x.self;
        if (is_new) // answers to the life before are not taken
          fail_asked([](auto&) { return true; }, errc::owner_lost,
                     "this node was counted as down; it was done or was not");
        look_at_list();
      },
      [this](const membership_lost&) { wake(); },
      [this](prepare_to_leave) {
        auto promise = make_response_promise();
        drainers_.push_back(promise);
        keeper_.drain(present());
        pump();
        wake();
        return promise;
      },
      [this](const channel::outlet_closed& x) { on_outlet_closed(x); },
      [this](const runtime::backpressure&) {
        retry_all(); // there may be room for what is held
        wake();
      },
      [this](const channel::inlet_interrupted& x) { letters_in_.close(x.id); },
      [](const channel::outlet_opened&) {},
      [](const channel::inlet_opened&) {},
      [](const channel::inlet_ended&) {},
      [](const channel::inlet_closed&) {},
      [this](turn_atom) {
        is_awake_ = false;
        turn();
      },
      [this](caf::tick_atom) {
        if (present() < due_)
          return; // of an earlier plan
        due_ = runtime::time_point::max();
        turn();
      },
  };
}

void entity_region::on_exit() {
  for (auto& x : lanes_)
    for (auto& [key, y] : x.entities)
      caf::anon_send_exit(y.who, caf::exit_reason::user_shutdown);
  constexpr auto text = "the region ended; it was done or was not";
  fail_asked([](auto&) { return true; }, errc::owner_lost, text);
  fail_delivered([](auto&) { return true; }, errc::owner_lost, text);
  for (auto& x : lanes_)
    for (auto& y : x.held)
      fail(y.who, errc::no_owner, "the region ended; nothing was done");
  lanes_.clear();
  peers_.clear();
  letters_in_.close();
  calls_in_.close();
  replies_in_.close();
  addresses_.clear();
  saves_.clear();
  drainers_.clear();
  setup_.make = nullptr;
}

// -- members ------------------------------------------------------------------

void entity_region::on_change(const change& x) {
  list_.apply(x);
  if (x.what == change_kind::left || x.what == change_kind::down) {
    auto at = peers_.find(x.who.name);
    if (at != peers_.end() && same(at->second.who(), x.who)) {
      peers_.erase(at);
      fail_asked([who = holder{x.who}](auto& y) { return y.at == who; },
                 errc::owner_lost,
                 "the node that had the request was lost; it was done or was "
                 "not");
    }
  }
  look_at_list();
}

/// There is a way to each other member.
void entity_region::look_at_list() {
  if (!self_)
    return;
  std::erase_if(peers_, [&](auto& x) { return !list_.has(x.second.who()); });
  for (auto& x : list_.members)
    if (x.who.name != self_->name && !peers_.contains(x.who.name))
      peers_.try_emplace(x.who.name, this, *setup_.host, x.who, names_);
  auto now = present();
  keeper_.on_lease(now, setup_.lease->until());
  keeper_.on_view(now, list_, *self_);
  pump();
  accept_early(now);
  wake();
}

entity_region::peer* entity_region::find_peer(const holder& x) {
  auto at = peers_.find(x.name);
  return at != peers_.end() && at->second.holder() == x ? &at->second : nullptr;
}

void entity_region::on_letters(const channel::batch<shard_letter>& letters) {
  auto now = present();
  keeper_.on_lease(now, setup_.lease->until());
  for (auto& x : letters) {
    keeper_.receive(now, x);
    pump();
  }
  wake();
}

void entity_region::on_outlet_closed(const channel::outlet_closed& x) {
  for (auto& [name, y] : peers_) {
    auto letters_lost = false;
    if (!y.on_closed(x, present(), letters_lost))
      continue;
    if (letters_lost)
      keeper_.on_broken_stream(present(), name);
    if (y.nobody_listens())
      send(setup_.node, member_unreachable{y.who()});
    break;
  }
  wake();
}

// -- time ---------------------------------------------------------------------

runtime::time_point entity_region::present() const {
  return std::chrono::steady_clock::now();
}

void entity_region::wake() {
  if (!std::exchange(is_awake_, true))
    send(this, turn_atom::value);
}

void entity_region::arm(runtime::time_point when) {
  if (when >= due_)
    return;
  due_ = when;
  auto now = present();
  delayed_send(this, when > now ? when - now : runtime::duration{},
               caf::tick_atom::value);
}

/// What is to be done once after anything has happened, and from time to time.
void entity_region::turn() {
  auto now = present();
  keeper_.on_lease(now, setup_.lease->until());
  pump();
  auto next = keeper_.tick(now);
  pump();
  if (now >= look_due_) {
    look_due_ = now + limits::sharding_look;
    fail_silent(now);
    look_at_stopping(now);
    look_at_idle(now);
    fail_overdue(now);
  }
  for (auto& x : keeper_.take_letters())
    if (auto to = find_peer(x.to))
      to->say(x.what);
  for (auto& [name, x] : peers_) {
    x.flush();
    next = std::min(next, x.tick(now));
  }
  arm(std::min(next, look_due_));
}

/// What happens may make more happen.
void entity_region::pump() {
  if (std::exchange(is_pumping_, true))
    return;
  for (auto events = keeper_.take_events(); !events.empty();
       events = keeper_.take_events())
    for (auto& x : events)
      std::visit([this](const auto& y) { handle(y); }, x);
  is_pumping_ = false;
}

void entity_region::handle(const shard_settled& x) {
  auto& waiting = saves_[x.shard];
  while (!waiting.empty() && waiting.front().position <= x.position) {
    waiting.front().promise.deliver(caf::unit);
    waiting.pop_front();
  }
}

void entity_region::handle(const shard_routes_changed&) {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i)
    lanes_[i].is_stopping = lanes_[i].is_stopping && keeper_.is_stopping(i);
  retry_all();
}

void entity_region::handle(const shard_drained&) {
  for (auto& x : std::exchange(drainers_, {}))
    x.deliver(caf::unit);
}

entity_counts entity_region::counts() const {
  auto result = totals_;
  for (auto& x : lanes_)
    result.entities += x.entities.size();
  auto& table = keeper_.table();
  for (auto& x : table.entries)
    result.shards += keeper_.self() && x.primary == keeper_.self();
  result.delivered = delivered_.size();
  result.asked = asked_.size();
  result.waiting = waiting_;
  result.states = states_.size();
  return result;
}

} // namespace sluice::actors::cluster
