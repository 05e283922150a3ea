// The sender of basp_pair, an actor of a kind that the template argument says:
// a caf::event_based_actor, or a flow_actor, which is paused when it sends more
// than is taken.
//
// Lifetime: the promises outlive the actor.
#pragma once

#include "actors/rejected_message.h"
#include "bench/pair/basp_words.h"
#include "bench/pair/job.h"
#include "bench/pair/load.h"

#include <caf/behavior.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench::pair {

struct sender_events {
  std::promise<void> connected;
  std::promise<job_result> result;
};

using go = caf::atom_constant<caf::atom("go")>;

template <class Self>
class basp_sender {
public:
  basp_sender(Self* self, caf::actor peer, const pair_options& options,
              bool credited, sender_events& events)
      : self_(self),
        peer_(std::move(peer)),
        options_(options),
        ahead_max_(credited ? credit_of(options.what).ahead : UINT64_MAX),
        events_(events) {
    if (options.what == job::bulk)
      for (uint64_t i = 0; i < block_count; ++i)
        blocks_.push_back(caf::make_message(make_block(i)));
    self->send(peer_, hello::value, caf::actor{self},
               static_cast<uint64_t>(options.what));
  }

  caf::behavior make_behavior(std::shared_ptr<basp_sender> me) {
    return {
        [me](hello) { me->events_.connected.set_value(); },
        [me](go) { me->begin(); },
        [me](next) { me->advance(); },
        [me](handled, uint64_t count) {
          me->confirmed_ = count;
          if (me->ahead_max_ != UINT64_MAX)
            me->advance();
        },
        [me](uint64_t number) { me->came_back(number); },
        [me](time_is_up) { me->send_done(); },
        [me](done, uint64_t count) { me->finish(count); },
        [](const runtime::backpressure&) {}, // one that obeys does not see it
        [me](const actors::rejected_message&) {
          me->fault_ = "a message was refused";
        },
    };
  }

private:
  using next = caf::atom_constant<caf::atom("next")>;
  using time_is_up = caf::atom_constant<caf::atom("time is up")>;

  // Messages sent by one handler, without credit.
  static constexpr uint64_t burst = 100;

  void begin() {
    begin_ns_ = asked_ns_ = now_ns();
    // Urgent: a sender that is paused hears it as well.
    self_->template delayed_send<caf::message_priority::high>(
        self_, std::chrono::nanoseconds{options_.duration_ns()},
        time_is_up::value);
    advance();
  }

  void advance() {
    if (done_sent_)
      return;
    auto end = std::min(options_.count_max(), confirmed_ + ahead_max_);
    if (ahead_max_ == UINT64_MAX)
      end = std::min(options_.count_max(), sent_ + burst);
    for (; sent_ < end; ++sent_)
      send_one();
    if (sent_ < options_.count_max()) {
      if (ahead_max_ == UINT64_MAX)
        self_->send(self_, next::value);
    } else if (options_.what == job::stream || options_.what == job::bulk) {
      send_done();
    }
    // Job slow lasts for its time: what was offered is still under way.
  }

  void send_one() {
    if (options_.what == job::bulk)
      self_->send(peer_, blocks_[sent_ % block_count]);
    else
      self_->send(peer_, sent_);
  }

  void came_back(uint64_t number) {
    auto now = now_ns();
    if (number != confirmed_)
      fault_ = "another number came back";
    latency_ns_.record(now - asked_ns_);
    asked_ns_ = now;
    ++confirmed_;
    if (done_sent_ || confirmed_ == options_.count_max())
      return finish_ping();
    advance();
  }

  void send_done() {
    if (std::exchange(done_sent_, true))
      return;
    // What was offered is all that job slow wants to know, and a ping is under
    // way still.
    if (options_.what == job::slow)
      finish(sent_);
    else if (options_.what != job::ping)
      self_->send(peer_, done::value);
  }

  void finish_ping() {
    self_->send(peer_, done::value);
    finish(sent_);
  }

  void finish(uint64_t count) {
    job_result result;
    result.messages = count;
    result.seconds = static_cast<double>(now_ns() - begin_ns_) / 1e9;
    result.latency_ns = latency_ns_;
    result.fault = fault_;
    if (count != sent_)
      result.fault = "the receiver did not get everything in order";
    self_->unbecome();
    self_->quit();
    events_.result.set_value(std::move(result));
  }

  Self* self_;
  caf::actor peer_;
  pair_options options_;
  uint64_t ahead_max_;
  sender_events& events_;
  std::vector<caf::message> blocks_;
  uint64_t begin_ns_ = 0;
  uint64_t asked_ns_ = 0;
  uint64_t sent_ = 0;
  uint64_t confirmed_ = 0;
  bool done_sent_ = false;
  std::string fault_;
  histogram latency_ns_;
};

// To be spawned.
template <class Self>
caf::behavior sender(Self* self, const caf::actor& peer,
                     const pair_options& options, bool credited,
                     sender_events* events) {
  auto me = std::make_shared<basp_sender<Self>>(self, peer, options, credited,
                                                *events);
  return me->make_behavior(me);
}

} // namespace sluice::bench::pair
