// The sender of channel_pair: an actor that owns the outlet, and of ping also
// the inlet of the answers. It pushes a burst a turn and is paused by the
// outlet when much waits for credit.
//
// Lifetime: the promises outlive the actor.
#pragma once

#include "actors/channel/host.h"
#include "bench/loopback.h"
#include "bench/pair/channel_receiver.h"
#include "bench/pair/job.h"
#include "bench/pair/load.h"
#include "runtime/byte_slice.h"
#include "runtime/error.h"

#include <caf/behavior.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench::pair {

struct sender_setup {
  pair_options common;
  bool own_link = false;
};

struct sender_events {
  std::promise<void> connected;
  std::promise<job_result> result;
};

using go = caf::atom_constant<caf::atom("go")>;

template <class Self>
class channel_sender {
public:
  channel_sender(Self* self, actors::channel::host& channels,
                 const sender_setup& setup, sender_events& events)
      : self_(self), options_(setup.common), events_(events) {
    auto where = local_endpoint(options_.port);
    auto name = to_string(options_.what);
    actors::channel::outlet_options how;
    how.own_link = setup.own_link;
    if (options_.what == job::bulk) {
      for (uint64_t i = 0; i < block_count; ++i)
        blocks_.push_back(runtime::byte_slice::copy(make_block(i)));
      bulk_ = value_or_end(
          channels.open_outlet<runtime::byte_slice>(self, where, name, how));
    } else {
      out_ =
          value_or_end(channels.open_outlet<uint64_t>(self, where, name, how));
    }
    if (options_.what == job::ping) {
      back_ = value_or_end(channels.open_inlet<uint64_t>(self, "pong"));
      push(value_or_end(channels.listen(local_endpoint(0))).port());
    }
  }

  caf::behavior make_behavior(std::shared_ptr<channel_sender> me) {
    using namespace actors::channel;
    return {
        [me](const outlet_opened&) {
          if (me->options_.what != job::ping)
            me->events_.connected.set_value();
        },
        [me](const batch<uint64_t>& x) {
          for (auto number : x)
            me->came_back(number);
        },
        [me](go) { me->begin(); },
        [me](next) { me->advance(); },
        [me](time_is_up) { me->stop(); },
        [me](const outlet_closed& x) { me->closed(x); },
        [](const inlet_opened&) {},
        [](const inlet_ended&) {},
        [](const inlet_interrupted&) {},
        [](const inlet_closed&) {},
    };
  }

private:
  using next = caf::atom_constant<caf::atom("next")>;
  using time_is_up = caf::atom_constant<caf::atom("time is up")>;

  // Messages that one handler pushes.
  static constexpr uint64_t burst = 100;

  void begin() {
    begin_ns_ = now_ns();
    if (!fault_.empty())
      return finish();
    // Urgent: an owner that is paused hears it as well.
    self_->template delayed_send<caf::message_priority::high>(
        self_, std::chrono::nanoseconds{options_.duration_ns()},
        time_is_up::value);
    if (options_.what == job::ping)
      ask();
    else
      advance();
  }

  void advance() {
    if (stopped_)
      return;
    auto n = options_.what == job::bulk ? 1 : burst;
    auto end = std::min(options_.count_max(), sent_ + n);
    while (sent_ < end && fault_.empty())
      push_next();
    if (!fault_.empty())
      return finish();
    if (sent_ < options_.count_max())
      self_->send(self_, next::value);
    else if (options_.what != job::slow) // that one lasts for its time
      stop();
  }

  void push_next() {
    if (options_.what == job::bulk)
      check(bulk_.push(blocks_[sent_ % block_count]));
    else
      push(sent_);
    ++sent_;
  }

  void push(uint64_t x) { check(out_.push(x)); }

  void check(const caf::error& failed) {
    if (failed && fault_.empty())
      fault_ = runtime::to_text(failed);
  }

  void ask() {
    asked_ns_ = now_ns();
    push(sent_++);
  }

  void came_back(uint64_t number) {
    if (!std::exchange(linked_back_, true)) // the answer to the port
      return events_.connected.set_value();
    latency_ns_.record(now_ns() - asked_ns_);
    if (number + 1 != sent_)
      fault_ = "another number came back";
    if (stopped_ || sent_ == options_.count_max() || !fault_.empty())
      return finish();
    ask();
  }

  void stop() {
    if (std::exchange(stopped_, true))
      return;
    // The receiver confirms what it has handled; a ping is under way still.
    if (options_.what == job::slow)
      finish();
    else if (options_.what == job::bulk)
      bulk_.close();
    else if (options_.what == job::stream)
      out_.close();
  }

  void closed(const actors::channel::outlet_closed& x) {
    if (x.reason != actors::channel::end_reason::finished)
      check(x.error);
    else if (x.confirmed != sent_)
      fault_ = "the receiver did not confirm everything";
    if (begin_ns_ == 0) // it was never open
      events_.connected.set_value();
    else
      finish();
  }

  void finish() {
    if (std::exchange(finished_, true))
      return;
    stopped_ = true;
    job_result result;
    result.messages = sent_;
    result.seconds = static_cast<double>(now_ns() - begin_ns_) / 1e9;
    result.latency_ns = latency_ns_;
    result.fault = fault_;
    events_.result.set_value(std::move(result));
  }

  Self* self_;
  pair_options options_;
  sender_events& events_;
  actors::channel::outlet<uint64_t> out_;
  actors::channel::outlet<runtime::byte_slice> bulk_;
  actors::channel::inlet<uint64_t> back_;
  std::vector<runtime::byte_slice> blocks_;
  uint64_t begin_ns_ = 0;
  uint64_t asked_ns_ = 0;
  uint64_t sent_ = 0;
  bool linked_back_ = false;
  bool stopped_ = false;
  bool finished_ = false;
  std::string fault_;
  histogram latency_ns_;
};

// To be spawned.
template <class Self>
caf::behavior sender(Self* self, actors::channel::host* channels,
                     const sender_setup& setup, sender_events* events) {
  auto me =
      std::make_shared<channel_sender<Self>>(self, *channels, setup, *events);
  return me->make_behavior(me);
}

} // namespace sluice::bench::pair
