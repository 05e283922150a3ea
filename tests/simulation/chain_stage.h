#pragma once

// chain_stage: the actors of a simulated chain: stages that change pieces of a
// stream and pass them on, the helpers that they ask, and the brakes that stop
// them for a while.
//
// For tests. Thread rule: the simulation's. Lifetime: a stage refers to its
// plan and its log, which outlive it.

#include "actors/flow_actor.h"
#include "net/commands.h"
#include "net/events.h"
#include "tests/simulation/chain_plan.h"
#include "tests/support/sim_world.h"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

/// Bytes on their way from actor to actor. Knows how many there are of them.
class cargo {
public:
  using counter = std::shared_ptr<std::size_t>;

  cargo(std::string bytes, counter count);
  ~cargo() { *count_ -= bytes_.size(); }

  cargo(const cargo&) = delete;
  cargo& operator=(const cargo&) = delete;

  const std::string& bytes() const noexcept { return bytes_; }

private:
  std::string bytes_;
  counter count_;
};

/// A piece of a stream, or its end.
struct piece {
  std::size_t source = 0;
  std::shared_ptr<const cargo> load; // null: the end of the stream
};

/// Each write to a sink is a frame: its source, its length, and that many
/// bytes.
inline constexpr std::size_t frame_header_bytes = 5;

/// What a broker counts for a write in its mailbox besides the bytes, with a
/// cap of as many entries as bytes.
inline constexpr std::size_t write_charge_bytes = 2;

std::string make_frame(std::size_t source, std::string_view bytes);

/// What is known about a sink, and shared by those who write to it.
struct sink_log {
  caf::actor broker;
  std::size_t ends_missing = 0; // of streams
  std::uint64_t sent_bytes = 0; // in writes
  bool by_close = false;
  bool connected = false;
};

/// What came back to all stages.
struct returned_log {
  std::uint64_t bytes = 0;
  std::uint64_t overflows = 0;
};

/// Turns pieces into pieces.
class stage_machine {
public:
  stage_machine(const stage_plan& plan, cargo::counter count)
      : plan_(plan), count_(std::move(count)) {}

  std::vector<piece> take(const piece& x);

private:
  struct memory {
    bool odd = false;       // shrink: the next byte is left out
    std::string kept;       // batch
    std::size_t pieces = 0; // in it
  };

  piece make(std::size_t source, std::string bytes) const;

  const stage_plan& plan_;
  cargo::counter count_;
  std::map<std::size_t, memory> memories_;
};

/// What a stage needs besides its plan.
struct stage_setup {
  const stage_plan* plan = nullptr;
  std::size_t index = 0;
  sim_world* world = nullptr;
  cargo::counter count;
  std::vector<caf::actor> stages; // all that stand behind it
  std::vector<std::shared_ptr<sink_log>> sinks;
  std::shared_ptr<returned_log> returned; // by all sinks
  caf::actor helper;
  caf::strong_actor_ptr brake; // whom it says it is held by
  bool linked = false;
};

/// Holds `self` as if somebody it sends to was overloaded, for a time that is
/// drawn from the plan; the longest of all times never ends.
template <class Self>
void step_on_brake(Self* self, const stage_setup& my) {
  using runtime::backpressure;
  using runtime::pressure;
  auto& random = my.world->random();
  if (!random.per_mille(my.plan->brake_per_mille))
    return;
  self->obey(backpressure{pressure::applied, my.brake, 0,
                          runtime::next_signal_sequence()});
  my.world->note("brake", static_cast<std::int64_t>(my.index));
  if (my.plan->brake.min == runtime::duration::max())
    return;
  auto length = random.between(my.plan->brake.min, my.plan->brake.max);
  // It may be dead by then, and the simulation over.
  caf::weak_actor_ptr held{self->ctrl()};
  my.world->after(length, [held, by = my.brake] {
    if (auto x = held.lock())
      runtime::send_signal(
          *x, {pressure::released, by, 0, runtime::next_signal_sequence()},
          nullptr);
  });
}

/// Sends what became of a piece to everybody who gets it.
template <class Self>
void pass_on(Self* self, const stage_setup& my, stage_machine& machine,
             const piece& x) {
  for (auto& out : machine.take(x)) {
    my.world->note(
        "piece", static_cast<std::int64_t>(my.index),
        static_cast<std::int64_t>(out.source),
        out.load ? static_cast<std::int64_t>(out.load->bytes().size()) : -1);
    for (auto next : my.plan->next) {
      if (!next.sink) {
        self->send(my.stages[next.index], out);
        continue;
      }
      auto& sink = *my.sinks[next.index];
      if (out.load) {
        auto frame = make_frame(out.source, out.load->bytes());
        sink.sent_bytes += frame.size();
        self->send(sink.broker, net::write{runtime::byte_slice::copy(frame)});
      } else if (--sink.ends_missing > 0) {
        continue;
      } else if (sink.by_close && sink.connected) {
        self->send(sink.broker, net::close{});
      } else { // before it is connected, `close` gives up
        self->send(sink.broker, net::shutdown_write{});
      }
    }
  }
  step_on_brake(self, my);
}

template <class Self>
caf::behavior stage(Self* self, const stage_setup& my) {
  self->limit_mailbox(my.plan->limits);
  if (my.linked)
    for (auto next : my.plan->next)
      self->link_to(next.sink ? my.sinks[next.index]->broker
                              : my.stages[next.index]);
  auto machine = std::make_shared<stage_machine>(*my.plan, my.count);
  return {
      [=](const piece& x) {
        if (my.plan->asks == asking::nobody)
          return pass_on(self, my, *machine, x);
        auto request = self->request(my.helper, caf::infinite, x);
        auto go_on = [=](const piece& y) { pass_on(self, my, *machine, y); };
        if (my.plan->asks == asking::then)
          request.then(go_on);
        else
          request.await(go_on);
      },
      [=](const net::rejected& x) {
        my.returned->bytes += x.bytes.size();
        my.returned->overflows += x.reason == net::reject_reason::overflow;
      },
      [](const runtime::backpressure&) {}, // of who does not obey
  };
}

/// Answers each piece with itself.
template <class Self>
caf::behavior helper(Self* self, const stage_setup& my) {
  self->limit_mailbox(my.plan->helper_limits);
  return {
      [=](const piece& x) {
        step_on_brake(self, my);
        return x;
      },
  };
}

} // namespace sluice::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::testing::piece)
