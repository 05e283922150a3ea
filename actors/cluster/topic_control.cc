#include "actors/cluster/topic_control.h"

#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/monotonic_clock.h"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;
constexpr auto high = caf::message_priority::high;

std::string topic_inlet(const std::string& topic) {
  return "sluice.topic/" + topic;
}

std::string topic_interest(const std::string& topic, bool pause) {
  return (pause ? "sluice.topic/pause/" : "sluice.topic/any/") + topic;
}

topic_control::topic_control(caf::actor_config& cfg, topic_setup setup)
    : caf::event_based_actor(cfg), setup_(std::move(setup)) {
  any_.name = topic_interest(setup_.name, false);
  pause_.name = topic_interest(setup_.name, true);
}

caf::behavior topic_control::make_behavior() {
  auto me = caf::actor_cast<caf::actor>(this);
  set_error_handler([](const caf::error&) {});
  set_down_handler([this](const caf::down_msg& x) {
    if (x.source == setup_.front.address())
      quit();
    else
      census(); // a subscriber
  });
  monitor(setup_.front);
  send(setup_.node, watch_members{me});
  for (auto x : {&any_, &pause_})
    send(setup_.names, watch_names{x->name, me});
  delayed_send(this, limits::topic_census, caf::tick_atom::value);
  return {
      [this](const node_joined& x) {
        if (x.who.name != setup_.self.name)
          members_[x.who.name] = x.who;
        arrange();
      },
      [](const node_suspected&) {},
      [](const node_trusted&) {},
      [this](const node_left& x) {
        members_.erase(x.who.name);
        arrange();
      },
      [this](const node_down& x) {
        members_.erase(x.who.name);
        arrange();
      },
      [this](const membership_gained&) { on_gained(); },
      [](const membership_lost&) {},
      [this](const name_up&) { arrange(); },
      [this](const name_down&) { arrange(); },
      [this](const name_left&) { arrange(); },
      [this](const name_lost& x) {
        (x.name == any_.name ? any_ : pause_).registered = false;
      },
      [this](caf::tick_atom) { on_tick(); },
      [this](const subscribe& x) {
        if (x.who) { // for the census; the topic does the rest
          demonitor(x.who);
          monitor(x.who);
        }
        return pass_on(x);
      },
      [this](const unsubscribe& x) {
        if (x.who)
          demonitor(x.who);
        return pass_on(x);
      },
      [this](count_topic x) {
        auto promise = make_response_promise();
        request<high>(setup_.local, caf::infinite, x)
            .then(
                [=](topic_counts& y) mutable { promise.deliver(std::move(y)); },
                [=](caf::error& err) mutable { promise.deliver(err); });
        return promise;
      },
      [this](count_cluster_topic) {
        auto promise = make_response_promise();
        count(promise);
        return promise;
      },
  };
}

void topic_control::on_exit() {
  for (auto& [name, x] : bridges_)
    caf::anon_send_exit(x.who, caf::exit_reason::kill);
  for (auto& x : {setup_.front, setup_.receiver, setup_.outward, setup_.local})
    caf::anon_send_exit(x, caf::exit_reason::kill);
  bridges_.clear();
  setup_ = {};
}

/// To the local topic; it may change what others have to know.
template <class T>
caf::response_promise topic_control::pass_on(const T& x) {
  auto promise = make_response_promise();
  request<high>(setup_.local, caf::infinite, x)
      .then(
          [=, this]() mutable {
            promise.deliver(caf::unit);
            census();
          },
          [=](caf::error& err) mutable { promise.deliver(std::move(err)); });
  return promise;
}

/// See rule 5. The list is asked for, since what happened while this node was
/// no member at all is not told.
void topic_control::on_gained() {
  request(setup_.node, limits::names_claim_wait, list_members{})
      .then(
          [this](const member_list& x) {
            if (!same(x.self, setup_.self))
              for (auto& [name, y] : std::exchange(bridges_, {}))
                tear_down(y);
            setup_.self = x.self;
            members_.clear();
            for (auto& y : x.list.members)
              if (y.who.name != setup_.self.name)
                members_[y.who.name] = y.who;
            arrange();
          },
          [this](const caf::error&) { on_gained(); });
}

void topic_control::on_tick() {
  delayed_send(this, limits::topic_census, caf::tick_atom::value);
  census();
  arrange();
  for (auto& [name, x] : bridges_)
    send<high>(x.who, tally_bridge{});
}

// -- what others have to know -------------------------------------------------

void topic_control::census() {
  request<high>(setup_.local, caf::infinite, count_topic{})
      .then([this](const topic_counts& x) {
        auto pauses = [](const subscriber_counts& y) {
          return y.policy == slow_policy::pause;
        };
        pause_.wanted = std::ranges::any_of(x.subscribers, pauses);
        any_.wanted = !x.subscribers.empty();
        // In this order: who hears of the second knows the first.
        say(pause_);
        say(any_);
      });
}

void topic_control::say(interest& x) {
  if (x.asking || x.wanted == x.registered)
    return;
  auto me = caf::actor_cast<caf::actor>(this);
  x.asking = true;
  auto told = [this, &x, wanted = x.wanted](bool well) {
    x.asking = false;
    if (!well)
      return; // again at the next census
    x.registered = wanted;
    say(x);
  };
  auto answer = [&](auto what) {
    request(setup_.names, caf::infinite, std::move(what))
        .then([=] { told(true); }, [=](const caf::error&) { told(false); });
  };
  if (x.wanted)
    answer(register_shared_name{x.name, me});
  else
    answer(unregister_name{x.name, me});
}

// -- bridges ------------------------------------------------------------------

void topic_control::arrange() {
  auto now = runtime::monotonic_clock{}.now();
  auto nodes = [this](const interest& x) {
    std::vector<std::string> result;
    for (auto& y : setup_.cache->list(x.name))
      result.push_back(std::move(y.node));
    return result;
  };
  auto any = nodes(any_);
  auto pause = nodes(pause_);
  auto in = [](const std::vector<std::string>& list, const std::string& x) {
    return std::ranges::find(list, x) != list.end();
  };
  std::vector<bridge> old;
  std::erase_if(bridges_, [&](auto& entry) {
    auto& [name, x] = entry;
    auto found = members_.find(name);
    auto gone = found == members_.end() || !same(found->second, x.to)
                || now >= x.lingers_until;
    if (gone)
      old.push_back(x);
    return gone;
  });
  for (auto& x : old)
    tear_down(std::move(x));
  for (auto& [name, to] : members_) {
    auto policy =
        in(pause, name) ? slow_policy::pause : slow_policy::drop_oldest;
    auto found = bridges_.find(name);
    if (!in(any, name)) {
      if (found != bridges_.end())
        found->second.lingers_until =
            std::min(found->second.lingers_until, now + limits::topic_linger);
    } else if (found == bridges_.end()) {
      build(to, policy);
    } else {
      found->second.lingers_until = runtime::time_point::max();
      if (std::exchange(found->second.policy, policy) != policy)
        subscribe_bridge(found->second);
    }
  }
  setup_.tally->outward = !bridges_.empty();
}

void topic_control::build(const member& to, slow_policy policy) {
  auto tally = std::make_shared<bridge_tally>();
  auto who = system().spawn(topic_bridge,
                            bridge_setup{setup_.channels, to.endpoint,
                                         topic_inlet(setup_.name), tally});
  bridge made{to, std::move(who), std::move(tally), policy};
  subscribe_bridge(made);
  bridges_.emplace(to.name, std::move(made));
}

void topic_control::subscribe_bridge(const bridge& x) {
  request<high>(
      setup_.outward, caf::infinite,
      subscribe{x.who, {x.policy, setup_.options.bridge_queue_messages}})
      .then([] {});
}

/// First nothing more goes to it, then it counts what it has.
void topic_control::tear_down(bridge x) {
  auto end = [=, this] {
    request<high>(x.who, caf::infinite, end_bridge{})
        .then([=, this] { dropped_ += x.tally->dropped; },
              [=, this](const caf::error&) { dropped_ += x.tally->dropped; });
  };
  request<high>(setup_.outward, caf::infinite, unsubscribe{x.who})
      .then(end, [=](const caf::error&) { end(); });
}

// -- counts -------------------------------------------------------------------

void topic_control::count(caf::response_promise promise) {
  for (auto& [name, x] : bridges_)
    send<high>(x.who, tally_bridge{});
  auto fail = [=](caf::error& err) mutable { promise.deliver(std::move(err)); };
  auto sum = [=, this](const topic_counts& local,
                       const topic_counts& outward) mutable {
    cluster_topic_counts result;
    result.published = setup_.tally->published;
    result.received = setup_.tally->received;
    result.refused = setup_.tally->refused;
    result.dropped = dropped_ + outward.dropped;
    result.local = local;
    for (auto& [name, x] : bridges_) {
      auto& tally = *x.tally;
      result.dropped += tally.dropped;
      bridge_counts y{
          name,         x.policy,      tally.sent,     tally.confirmed,
          tally.queued, tally.dropped, tally.connected};
      for (auto& z : outward.subscribers)
        if (z.who == x.who.id()) {
          y.queued += z.queued;
          y.dropped += z.dropped;
        }
      result.bridges.push_back(std::move(y));
    }
    promise.deliver(std::move(result));
  };
  request<high>(setup_.local, caf::infinite, count_topic{})
      .then(
          [=, this](const topic_counts& local) {
            request<high>(setup_.outward, caf::infinite, count_topic{})
                .then(
                    [=](const topic_counts& outward) mutable {
                      sum(local, outward);
                    },
                    fail);
          },
          fail);
}

} // namespace sluice::actors::cluster
