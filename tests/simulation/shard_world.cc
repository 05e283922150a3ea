#include "tests/simulation/shard_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace sluice::testing {

using namespace actors::cluster;

shard_world::shard_world(std::uint64_t seed, std::size_t nodes,
                         shard_settings settings)
    : cluster_world(seed, nodes), settings_(settings), sites_(nodes) {
}

machine& shard_world::named(const std::string& name) {
  return *std::ranges::find(machines(), name, &machine::name);
}

// -- machines -----------------------------------------------------------------

void shard_world::on_started(machine& x) {
  auto& y = site(x);
  y = {};
  y.store = std::make_unique<shard_store>(settings_.shards);
  y.keeper = std::make_unique<shard_keeper>(settings_, *y.store);
}

void shard_world::on_killed(machine& x) {
  site(x) = {};
}

/// Clients may be served before the node knows how long it was away.
void shard_world::on_going_on(machine& x) {
  retry(x);
}

void shard_world::on_change(machine& x) {
  site(x).keeper->on_view(now(), x.told, x.node->self());
  work_off(x);
}

void shard_world::on_roster(machine& x) {
  auto& keeper = *site(x).keeper;
  if (keeper.self() != holder{x.node->self()})
    keeper.on_view(now(), x.told, x.node->self());
  keeper.on_lease(now(), x.node->touch_until());
  work_off(x);
}

time_point shard_world::on_tick(machine& x) {
  auto& keeper = *site(x).keeper;
  keeper.on_lease(now(), x.node->touch_until());
  auto due = keeper.tick(now());
  work_off(x);
  return due;
}

void shard_world::drain(machine& x) {
  site(x).keeper->drain(now());
  work_off(x);
}

void shard_world::work_off(machine& x) {
  auto& keeper = *site(x).keeper;
  for (auto events = keeper.take_events(); !events.empty();
       events = keeper.take_events())
    for (auto& e : events)
      handle(x, e);
  for (auto& y : keeper.take_letters()) {
    auto& to = named(y.to.name);
    send(x, to, other_letter, [this, &to, what = std::move(y.what)] {
      site(to).keeper->receive(now(), what);
      tick_soon(to);
      work_off(to);
    });
  }
  tick_soon(x);
}

void shard_world::handle(machine& x, const shard_event& e) {
  auto& y = site(x);
  if (auto what = std::get_if<shard_settled>(&e)) {
    auto all = std::exchange(y.answers, {});
    for (auto& z : all)
      if (z.shard == what->shard && z.position <= what->position)
        answer(std::move(z));
      else
        y.answers.push_back(std::move(z));
  } else if (auto end = std::get_if<shard_deactivated>(&e)) {
    auto before = y.answers.size();
    std::erase_if(y.answers, [&](auto& z) { return z.shard == end->shard; });
    if (end->why == shard_end::moved) {
      EXPECT_EQ(y.answers.size(), before) << "moved, and not settled";
    }
  } else if (auto lost = std::get_if<shard_lost>(&e)) {
    ++y.losses_told;
    EXPECT_TRUE(may_lose) << x.name << " tells a loss\n" << text();
    // What was there before does not count any more.
    if (lost->losses > std::exchange(losses_[lost->shard], lost->losses))
      for (auto& [key, z] : histories_)
        if (shard_of(key, settings_.shards) == lost->shard)
          z.acknowledged = z.seen = 0;
  } else if (std::holds_alternative<shard_drained>(e)) {
    y.is_drained = true;
  } else if (std::holds_alternative<shard_routes_changed>(e)) {
    retry(x);
  }
}

// -- requests -----------------------------------------------------------------

void shard_world::retry(machine& x) {
  for (auto& y : std::exchange(site(x).held, {}))
    take(x, std::move(y));
}

void shard_world::take(machine& x, shard_site::request what) {
  if (now() >= what.deadline)
    return;
  auto& y = site(x);
  auto shard = shard_of(what.key, settings_.shards);
  auto route = y.keeper->route(now(), shard, what.at);
  switch (route.what) {
  case route_kind::here:
    if (what.is_write && !y.keeper->has_room(shard))
      y.held.push_back(std::move(what));
    else
      serve(x, std::move(what));
    return;
  case route_kind::hold:
  case route_kind::nobody:
    y.held.push_back(std::move(what));
    return;
  case route_kind::elsewhere:
    break;
  }
  what.at = std::max(what.at, y.keeper->table().at);
  auto& to = named(route.at->name);
  send(x, to, other_letter, [this, &to, what = std::move(what)] {
    take(to, what);
    work_off(to);
  });
}

void shard_world::serve(machine& x, shard_site::request what) {
  auto& y = site(x);
  auto shard = shard_of(what.key, settings_.shards);
  expect_alone(x, shard);
  shard_site::answer result{shard, 0, what.value, std::move(what.reply)};
  if (what.is_write) {
    auto operation = y.store->write(shard, what.key, what.value);
    result.position = y.keeper->wrote(shard, operation);
  } else {
    result.value = y.store->read(shard, what.key);
    result.position = y.keeper->position(shard);
  }
  if (y.keeper->settled(shard) >= result.position)
    answer(std::move(result));
  else
    y.answers.push_back(std::move(result));
}

void shard_world::answer(shard_site::answer what) {
  after(random().between(duration{1us}, delay_max),
        [value = what.value, reply = std::move(what.reply)] { reply(value); });
}

/// Also those that are stopped: they would go on in the middle of this.
void shard_world::expect_alone(const machine& x, std::uint32_t shard) const {
  for (auto& y : machines())
    if (y.node && &x != &y) {
      auto what = site(y).keeper->route(now(), shard).what;
      EXPECT_NE(what, route_kind::here)
          << "shard " << shard << " at " << x.name << " and " << y.name << '\n'
          << text();
    }
}

// -- clients ------------------------------------------------------------------

void shard_world::start_clients(std::size_t count) {
  clients_ = count;
  ++client_round_;
  for (std::size_t i = 0; i < count; ++i)
    act(i, client_round_);
}

void shard_world::act(std::size_t client, std::uint64_t round) {
  if (round != client_round_)
    return;
  if (random().per_mille(500))
    write(client);
  else
    read();
  after(random().between(duration{10ms}, duration{200ms}),
        [this, client, round] { act(client, round); });
}

std::uint64_t shard_world::losses_of(const std::string& key) {
  return losses_[shard_of(key, settings_.shards)];
}

void shard_world::write(std::size_t client) {
  auto key =
      "c" + std::to_string(client) + "/" + std::to_string(random().below(10));
  auto& known = histories_[key];
  if (std::exchange(known.is_writing, true))
    return;
  auto value = ++known.issued;
  shard_site::request what;
  what.is_write = true;
  what.key = key;
  what.value = value;
  what.deadline = now() + 4s;
  what.reply = [this, key, value, lost = losses_of(key)](std::uint64_t) {
    ++replies_;
    auto& x = histories_[key];
    if (losses_of(key) == lost)
      x.acknowledged = std::max(x.acknowledged, value);
    x.is_writing &= x.issued != value;
  };
  // It may have been done or not; it will not be done any more.
  after(4s + delay_max, [this, key, value] {
    auto& x = histories_[key];
    x.is_writing &= x.issued != value;
  });
  request(std::move(what));
}

void shard_world::read() {
  auto key = "c" + std::to_string(random().below(clients_)) + "/"
             + std::to_string(random().below(10));
  auto& known = histories_[key];
  shard_site::request what;
  what.key = key;
  what.deadline = now() + 4s;
  what.reply =
      [this, key, lost = losses_of(key),
       least = std::max(known.acknowledged, known.seen)](std::uint64_t value) {
        ++replies_;
        auto& x = histories_[key];
        if (losses_[shard_of(key, settings_.shards)] != lost)
          return;
        EXPECT_GE(value, least) << key << '\n' << text();
        EXPECT_LE(value, x.issued) << key << '\n' << text();
        x.seen = std::max(x.seen, value);
      };
  request(std::move(what));
}

void shard_world::request(shard_site::request what) {
  auto& to = random().pick(machines());
  if (!to.node)
    return;
  send(to, to, other_letter, [this, &to, what = std::move(what)] {
    take(to, what);
    work_off(to);
  });
}

} // namespace sluice::testing
