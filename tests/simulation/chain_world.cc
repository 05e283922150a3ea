#include "tests/simulation/chain_world.h"

#include "tests/support/pattern.h"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>

// What happens in a chain_world.

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

// Long before any time-out of the simulated kernel, and long after any delay.
constexpr auto settling_time = 10min;

} // namespace

void chain_world::start() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    auto& near = sources_[i].near;
    near.on_progress = [&near] {
      if (near.saw_end() || near.error() != 0)
        near.close();
    };
    near.connect(at("127.0.0.1", port_of_source(i)));
    feed(i);
  }
  auto some_time = [this] {
    return world_.random().between(0us, plan_.slow_time);
  };
  if (plan_.killed_stage)
    world_.after(some_time(), [this] { kill(*plan_.killed_stage); });
  if (plan_.source_resets)
    world_.after(some_time(), [this] {
      harm();
      sources_.front().near.reset();
    });
}

/// Gives a near peer something to write.
void chain_world::feed(std::size_t index) {
  auto& source = sources_[index];
  auto& plan = plan_.sources[index];
  auto left = plan.offered_bytes - source.offered;
  auto size = plan.in_fits ? world_.random().size_between(0, left) : left;
  source.near.send(pattern(index, source.offered, size));
  source.offered += size;
  if (source.offered == plan.offered_bytes)
    return source.near.half_close();
  world_.after(world_.random().between(0us, plan_.slow_time / 4),
               [this, index] { feed(index); });
}

/// A far peer has come.
void chain_world::meet(std::size_t index, sim_peer& far) {
  far.on_progress = [&far] {
    if (far.saw_end())
      far.close();
  };
  if (!slow_)
    return;
  far.stop_reading();
  read_by_fits(index, far);
  world_.after(world_.random().between(0us, plan_.slow_time),
               [this, index, &far] { act(index, far); });
}

void chain_world::read_by_fits(std::size_t index, sim_peer& far) {
  auto& plan = plan_.sinks[index];
  if (!slow_ || plan.read_bytes_max == 0)
    return;
  far.read_more(world_.random().size_between(1, plan.read_bytes_max));
  world_.after(world_.random().between(plan.pause.min, plan.pause.max),
               [this, index, &far] { read_by_fits(index, far); });
}

void chain_world::act(std::size_t index, sim_peer& far) {
  switch (plan_.sinks[index].act) {
  case far_act::nothing:
    return;
  case far_act::reset:
    harm();
    bounded_ = false; // what comes back waits in mailboxes, too
    return far.reset();
  case far_act::close:
    harm();
    bounded_ = false;
    return far.close();
  case far_act::half_close:
    return far.half_close();
  case far_act::lose_link:
    if (slow_)
      far.hold();
    return;
  }
}

void chain_world::kill(std::size_t stage) {
  harm();
  bounded_ = bounded_ && plan_.by_kill;
  auto reason =
      plan_.by_kill ? caf::exit_reason::kill : caf::exit_reason::user_shutdown;
  caf::anon_send_exit(stages_[stage].actor, reason);
}

/// Something is lost on purpose from now on.
void chain_world::harm() {
  complete_ = false;
  bounded_ = bounded_ && !plan_.linked;
}

void chain_world::finish() {
  slow_ = false;
  for (auto& x : sinks_)
    for (auto& far : x.server.peers()) {
      far->release();
      far->read_all();
    }
  auto over = [](const caf::actor& x) {
    return !x
           || caf::actor_cast<caf::abstract_actor*>(x)->getf(
               caf::abstract_actor::is_terminated_flag);
  };
  auto sinks_over = [&] {
    return std::ranges::all_of(sinks_,
                               [&](auto& x) { return over(x.log->broker); });
  };
  run_.until([&] {
    return !fault_.empty()
           || (sinks_over() && std::ranges::all_of(sources_, [&](auto& x) {
                 return x.near.closed() && over(x.broker);
               }));
  });
  run_.during(settling_time);
  // Who was cut off from its senders does not hear that there is no more.
  if (!complete_)
    for (auto& x : sinks_)
      caf::anon_send(x.log->broker, net::close{});
  run_.during(settling_time);
  for (auto& x : sources_)
    if (!x.near.closed() || !over(x.broker))
      blame("a source waits for ever");
  if (!sinks_over())
    blame("a sink waits for ever");
  audit();
  audit_end();
}

std::string chain_world::run() {
  start();
  during(plan_.slow_time);
  finish();
  return fault_;
}

std::uint64_t chain_world::parks() const {
  std::uint64_t result = 0;
  for (auto& x : stages_)
    result += x.flow->counts().parks;
  return result;
}

} // namespace sluice::testing
