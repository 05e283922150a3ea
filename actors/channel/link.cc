#include "actors/channel/link.h"

#include "net/length_prefix_codec.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/behavior.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

// A link's frame: the handshake, the heartbeat, the end.

namespace sluice::actors::channel {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

namespace {

/// A link that reads slowly does so in so many steps a second.
constexpr int fault_steps = 10;

} // namespace

link::link(caf::actor_config& cfg, runtime::event_loop& loop,
           net::stream_setup setup, std::shared_ptr<host_state> host,
           std::shared_ptr<link_door> door)
    : net::stream_broker(cfg, loop, std::move(setup)),
      host_(std::move(host)),
      door_(door ? door : std::make_shared<link_door>(loop)),
      connects_(door != nullptr) {
}

void link::on_start() {
  stream_broker::on_start();
  door_->open(*this);
  host_->add_link(door_);
  obey_faults();
}

caf::behavior link::make_behavior() {
  auto begin = [this] {
    open_ = true;
    handshake_timeout(host_->options().handshake);
    if (host_->options().silence_max > runtime::duration::zero())
      read_timeout(host_->options().silence_max);
  };
  return {
      [this, begin](const net::connected&) {
        begin();
        say(wire::hello{wire::version_min, wire::version_max, host_->instance(),
                        limits::channel_link_frame_bytes_max,
                        limits::channels_per_link_max});
      },
      [begin](const net::accepted&) { begin(); },
      [this](const net::received& in) {
        if (faults_.bytes_per_second > 0)
          may_read_ -= static_cast<std::int64_t>(in.bytes.size());
        if (faults_.bytes_per_second > 0 && may_read_ <= 0)
          read_paused();
        on_frame(in.bytes);
      },
      [this](const net::bad_frame& x) { on_bad_frame(x); },
      [this](const net::timed_out& x) { on_timed_out(x); },
      [](const net::rejected&) {}, // `put` knows
      [this](const net::closed& x) { on_closed(x); },
      [this](link_wake) { settle_later(); },
      [this](link_stop) { stop(); },
      [this](link_faults) { obey_faults(); },
  };
}

void link::become_ready() {
  ready_ = true;
  handshake_done();
  framing(std::make_unique<net::length_prefix_codec>(
      net::length_format::u32_be, limits::channel_link_frame_bytes_max));
  beat_due_ = loop().now() + host_->options().ping_interval;
  set_next_tick();
  for (auto at = outlets_.begin(); at != outlets_.end();)
    serve_outlet(at++);
}

// -- the heartbeat ------------------------------------------------------------

void link::on_timed_out(const net::timed_out& x) {
  switch (x.which) {
  case net::timeout::user:
    return on_tick();
  case net::timeout::handshake:
    timed_out_ = end_reason::not_a_host;
    return;
  case net::timeout::read:
    return give_up(end_reason::peer_silent, "nothing came for too long");
  default:
    return; // `closed` says the rest
  }
}

void link::on_tick() {
  if (auto rate = static_cast<std::int64_t>(faults_.bytes_per_second);
      rate > 0) {
    auto step = std::max<std::int64_t>(rate / fault_steps, 1);
    may_read_ = std::min(may_read_ + step, step);
    if (may_read_ > 0 && !faults_.cut)
      read_flowing();
  }
  if (over_)
    return;
  // Reading is paused, so that there is no timeout for it.
  if (auto limit = host_->options().silence_max;
      faults_.cut && limit > runtime::duration::zero()
      && loop().now() - cut_since_ >= limit)
    return give_up(end_reason::peer_silent, "the way to it is cut");
  if (loop().now() >= beat_due_)
    beat();
  set_next_tick();
}

void link::set_next_tick() {
  if (!ready_)
    return;
  auto wait = std::max(beat_due_ - loop().now(), runtime::duration{1});
  if (faults_.bytes_per_second > 0)
    wait = std::min<runtime::duration>(wait, std::chrono::milliseconds{1000}
                                                 / fault_steps);
  set_timer(wait);
}

void link::beat() {
  beat_due_ = loop().now() + host_->options().ping_interval;
  say(wire::ping{++pings_});
  say_grants();
  auto overdue = loop().now() - host_->options().handshake;
  for (auto at = outlets_.begin(); at != outlets_.end();) {
    auto& [channel, entry] = *at;
    if (entry.answered || entry.asked > overdue) {
      ++at;
      continue;
    }
    say(wire::close{channel, end_reason::open_timeout, {}});
    entry.port->on_closed(end_reason::open_timeout, {});
    at = outlets_.erase(at);
  }
  auto was_idle = std::exchange(idle_, connects_ && outlets_.empty());
  if (idle_ && was_idle && door_->close_if_empty()) {
    end_link(end_reason::link_lost, {}); // nobody is there to hear it
    close();
  }
}

// -- faults that somebody tries -----------------------------------------------

void link::obey_faults() {
  auto was_cut = faults_.cut;
  faults_ = host_->faults_of(door_->where());
  if (faults_.cut) {
    if (!was_cut)
      cut_since_ = loop().now();
    return read_paused();
  }
  may_read_ = 0;
  if (faults_.bytes_per_second == 0)
    read_flowing();
  set_next_tick();
  if (was_cut && over_)
    return close();
  settle_later();
}

// -- the end ------------------------------------------------------------------

void link::on_bad_frame(const net::bad_frame& x) {
  give_up(ready_ ? end_reason::protocol_error : end_reason::not_a_host, x.text);
}

/// Says why, and ends in order; the ports hear of it at once.
void link::give_up(end_reason why, std::string text) {
  if (over_)
    return;
  auto how =
      make_error(errc::connection_closed, "link " + to_string(local()) + " - "
                                              + to_string(remote()) + ": "
                                              + to_string(why) + ": " + text);
  say(wire::refuse{why, std::move(text)});
  end_link(why, how);
  if (faults_.cut) // the other end is not to hear of it
    return;
  send_control();
  close();
}

void link::stop() {
  // What was decided and handled before is said.
  serve_due();
  say_grants();
  give_up(end_reason::host_stopped, {});
  if (!open_)
    abort();
}

/// The loop may stop before `link_stop` has its turn: then what was handled is
/// said now, since a broker that drains takes no more to send.
void link::on_loop_stopping() {
  stop();
  stream_broker::on_loop_stopping();
}

void link::on_closed(const net::closed& x) {
  auto why = end_reason::link_lost;
  if (host_->stopped())
    why = end_reason::host_stopped;
  else if (timed_out_)
    why = *timed_out_;
  else if (!open_)
    why = x.os_error == ECONNREFUSED || x.os_error == ENOENT
              ? end_reason::nobody_listens
              : end_reason::connect_failed;
  auto how = x.error ? x.error
                     : make_error(errc::connection_closed,
                                  "the other host closed the link");
  end_link(why, how);
}

void link::on_terminate() {
  stream_broker::on_terminate();
  end_link(host_->stopped() ? end_reason::host_stopped : end_reason::link_lost,
           ending_reason());
}

void link::end_link(end_reason why, const caf::error& how) {
  if (std::exchange(over_, true))
    return;
  host_->count_link_end(why);
  auto late = door_->close();
  host_->remove_link(door_);
  for (auto& [channel, entry] : std::exchange(outlets_, {}))
    entry.port->on_link_lost(door_.get(), why, how);
  for (auto& [channel, port] : std::exchange(inlets_, {}))
    port->on_link_lost(door_.get(), why, how);
  for (auto& x : late) {
    x->clear_due();
    x->on_link_lost(door_.get(), why, how);
    x->pass_on();
  }
  turns_.clear();
}

} // namespace sluice::actors::channel
