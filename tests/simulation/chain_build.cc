#include "net/listen.h"
#include "tests/simulation/chain_world.h"
#include "tests/support/pattern.h"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>

// How a chain_world comes into being, and goes.

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t first_sink_port = 6000;

std::string endpoint_of(std::size_t port) {
  return "tcp://127.0.0.1:" + std::to_string(port);
}

/// Buffers that fill soon, and do not take thousands of steps for a piece.
sim_settings draw_settings(std::uint64_t seed) {
  random_source random{~seed}; // the plan is drawn from the seed itself
  auto result = sim_settings::drawn(random);
  auto draw = [&] {
    auto least = random.size_between(64, 8 * 1024);
    return size_range{least, random.size_between(least, 16 * 1024)};
  };
  result.send_buffer_bytes = draw();
  result.receive_buffer_bytes = draw();
  result.segment_bytes.max =
      std::max<std::size_t>(result.segment_bytes.max, 1024);
  result.faults.accept_aborted = 0;
  result.faults.shortage = 0;
  return result;
}

net::stream_options patient() {
  net::stream_options result;
  result.write_stall = 0s;
  result.close_drain = 1h;
  result.connect_deadline = 1h;
  return result;
}

caf::behavior brake() {
  return {[](caf::ok_atom) {}};
}

caf::behavior sink_behavior(net::stream_broker*, sink_log* log,
                            std::optional<net::closed>* how) {
  return {
      [=](const net::connected&) { log->connected = true; },
      [](net::half_closed) {}, // what comes to be sent still is
      [=](const net::closed& x) { *how = x; },
  };
}

} // namespace

chain_world::chain_world(std::uint64_t seed, chain_plan plan)
    : plan_(std::move(plan)),
      world_(seed, draw_settings(seed)),
      kernel_bytes_(world_.settings().send_buffer_bytes.max
                    + world_.settings().receive_buffer_bytes.max),
      bounds_(plan_, world_.settings().receive_buffer_bytes.max),
      run_(world_, 2) {
  others_.push_back(run_.system().spawn(brake));
  for (std::size_t i = 0; i < plan_.sinks.size(); ++i)
    add_sink(i);
  for (std::size_t i = 0; i < plan_.stages.size(); ++i)
    add_stage(i);
  for (std::size_t i = 0; i < plan_.sources.size(); ++i)
    add_source(i);
  // The marks hold from a stage's first turn on.
  run_.until([&] {
    auto initialized = [](const flow_node& x) {
      return !x.actor
             || caf::actor_cast<caf::abstract_actor*>(x.actor)->getf(
                 caf::abstract_actor::is_initialized_flag);
    };
    return std::ranges::all_of(stages_, initialized)
           && std::ranges::all_of(helpers_, initialized);
  });
  run_.after_step = [this] { audit(); };
}

chain_world::~chain_world() {
  run_.after_step = {};
  for (auto list : {&stages_, &helpers_})
    for (auto& x : *list)
      if (x.actor)
        caf::anon_send_exit(x.actor, caf::exit_reason::kill);
  for (auto& x : others_)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  run_.during(1s);
}

// -- building -----------------------------------------------------------------

void chain_world::add_sink(std::size_t index) {
  auto& plan = plan_.sinks[index];
  auto port = static_cast<std::uint16_t>(first_sink_port + index);
  auto& sink = sinks_.emplace_back(world_, at("127.0.0.1", port));
  sink.server.on_accept = [this, index](sim_peer& far) { meet(index, far); };
  for (std::size_t i = 0; i < plan_.sources.size(); ++i) {
    auto way = plan_.path(i, index);
    auto text = pattern(i, 0, plan_.sources[i].offered_bytes);
    sink.streams.push_back({passed_through(plan_, way, std::move(text)), 0});
  }
  auto options = patient();
  options.write_marks = plan.marks;
  // Only who does not obey gets there.
  options.write_cap_bytes = 64 * 1024 * 1024;
  options.write_cap_entries = options.write_cap_bytes;
  auto made = net::connect(run_.loop(index % 2), endpoint_of(port),
                           sink_behavior, options, sink.log.get(), &sink.how);
  sink.log->broker = *made;
  sink.log->by_close = plan.by_close;
  sink.log->ends_missing = plan_.sources.size();
  sink.self = static_cast<net::stream_broker*>(
      caf::actor_cast<caf::abstract_actor*>(*made));
}

chain_world::flow_node chain_world::spawn_flow(bool pinned, bool is_helper,
                                               const stage_setup& setup) {
  using actors::flow_actor;
  using actors::pinned_flow_actor;
  flow_node result;
  if (pinned) {
    result.actor = runtime::spawn_on(run_.loop(setup.index % 2),
                                     is_helper ? helper<pinned_flow_actor>
                                               : stage<pinned_flow_actor>,
                                     setup);
    auto self = caf::actor_cast<caf::abstract_actor*>(result.actor);
    result.flow = &static_cast<pinned_flow_actor*>(self)->flow();
  } else {
    result.actor = run_.system().spawn(
        is_helper ? helper<flow_actor> : stage<flow_actor>, setup);
    auto self = caf::actor_cast<caf::abstract_actor*>(result.actor);
    result.flow = &static_cast<flow_actor*>(self)->flow();
  }
  return result;
}

void chain_world::add_stage(std::size_t index) {
  auto& plan = plan_.stages[index];
  stage_setup setup;
  setup.plan = &plan;
  setup.index = index;
  setup.world = &world_;
  setup.count = cargo_;
  for (auto& x : stages_)
    setup.stages.push_back(x.actor);
  for (auto& x : sinks_)
    setup.sinks.push_back(x.log);
  setup.returned = returned_;
  setup.brake = caf::actor_cast<caf::strong_actor_ptr>(others_.front());
  setup.linked = plan_.linked;
  helpers_.emplace_back();
  if (plan.asks != asking::nobody) {
    helpers_.back() = spawn_flow(plan.helper_pinned, true, setup);
    setup.helper = helpers_.back().actor;
  }
  stages_.push_back(spawn_flow(plan.pinned, false, setup));
}

void chain_world::add_source(std::size_t index) {
  sources_.emplace_back(world_);
  auto listening = net::listen(run_.loop((index + 1) % 2),
                               endpoint_of(port_of_source(index)),
                               [this, index](net::stream_broker* self) {
                                 return source_behavior(self, index);
                               },
                               {.stream = patient(), .observer = {}});
  others_.push_back(listening->actor);
}

caf::behavior chain_world::source_behavior(net::stream_broker* self,
                                           std::size_t index) {
  auto& mine = sources_[index];
  auto& plan = plan_.sources[index];
  mine.broker = caf::actor{self};
  mine.self = self;
  auto to = plan.next.sink ? sinks_[plan.next.index].log->broker
                           : stages_[plan.next.index].actor;
  if (plan_.linked)
    self->link_to(to);
  auto end = [=, this] {
    // An exit waits in the mailbox of who is linked to this broker, and
    // suspends its pause.
    bounded_ = bounded_ && !plan_.linked;
    if (!std::exchange(sources_[index].ended, true))
      self->send(to, piece{index, nullptr});
  };
  return {
      [=, this](const net::received& in) {
        auto bytes = in.bytes.view();
        while (!bytes.empty()) {
          auto part = bytes.substr(0, plan_.sources[index].piece_bytes);
          bytes.remove_prefix(part.size());
          self->send(to, piece{index, std::make_shared<cargo>(std::string{part},
                                                              cargo_)});
        }
      },
      [=](net::half_closed) {
        end();
        self->shutdown_write();
      },
      [=](const net::closed&) { end(); },
  };
}

} // namespace sluice::testing
