#include "actors/channel/link.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <utility>

// What a link makes of the frames that come.

namespace sluice::actors::channel {

namespace limits = runtime::limits;

void link::on_frame(const byte_slice& bytes) {
  if (over_)
    return;
  auto x = wire::decode(bytes);
  if (!x) {
    auto why = ready_ ? end_reason::protocol_error : end_reason::not_a_host;
    return give_up(why, runtime::to_text(x.error()));
  }
  std::visit([this](const auto& y) { handle(y); }, *x);
}

/// Ends the link if a frame comes when it must not.
bool link::expect(bool right, const char* frame) {
  if (!right)
    give_up(ready_ ? end_reason::protocol_error : end_reason::not_a_host,
            std::string{"frame \""} + frame + "\" was not expected");
  return right;
}

void link::check(const caf::error& err) {
  if (err)
    give_up(end_reason::protocol_error, runtime::to_text(err));
}

// -- the link itself ----------------------------------------------------------

void link::handle(const wire::hello& x) {
  if (!expect(!connects_ && !ready_, "hello"))
    return;
  if (x.version_min > wire::version_max || x.version_max < wire::version_min) {
    auto range = [](int low, int high) {
      return std::to_string(low) + " to " + std::to_string(high);
    };
    return give_up(end_reason::version_mismatch,
                   "this host speaks the versions "
                       + range(wire::version_min, wire::version_max)
                       + ", the other one "
                       + range(x.version_min, x.version_max));
  }
  say(wire::welcome{std::min(x.version_max, wire::version_max),
                    host_->instance(), limits::channel_link_frame_bytes_max,
                    limits::channels_per_link_max});
  become_ready();
}

void link::handle(const wire::welcome& x) {
  if (!expect(connects_ && !ready_, "welcome"))
    return;
  if (x.version < wire::version_min || x.version > wire::version_max)
    return give_up(end_reason::version_mismatch,
                   "the other host chose version " + std::to_string(x.version));
  // A later version may have other limits; this one's are not negotiated.
  if (x.frame_bytes_max < limits::channel_link_frame_bytes_max)
    return give_up(end_reason::version_mismatch,
                   "the other host takes frames of at most "
                       + std::to_string(x.frame_bytes_max) + " bytes");
  become_ready();
}

void link::handle(const wire::refuse& x) {
  auto how = runtime::make_error(
      runtime::errc::connection_closed,
      "the other host ended the link: " + to_string(x.reason) + ": " + x.text);
  end_link(x.reason, how);
  close();
}

void link::handle(const wire::ping& x) {
  // Only the last one is answered: who sends many gets no queue of answers.
  pong_due_ = x.token;
  settle_later();
}

void link::handle(const wire::pong&) {
  // That something came is all that it says.
}

void link::handle(const wire::ignored&) {
  expect(ready_, "of a later version");
}

// -- from an outlet to an inlet -----------------------------------------------

inlet_port* link::find_inlet(std::uint32_t channel) {
  auto at = inlets_.find(channel);
  if (at != inlets_.end())
    return at->second.get();
  // A channel that is over may have frames on their way.
  expect(channel <= last_channel_, "of a channel that was never opened");
  return nullptr;
}

void link::handle(const wire::open& x) {
  if (!expect(!connects_ && ready_ && x.channel > last_channel_, "open"))
    return;
  last_channel_ = x.channel;
  auto no = [&](end_reason why, std::string text) {
    say(wire::refused{x.channel, why, std::move(text)});
  };
  if (inlets_.size() >= limits::channels_per_link_max)
    return no(end_reason::too_many_channels,
              "the limit is " + std::to_string(limits::channels_per_link_max));
  auto port = host_->find_inlet(x);
  if (!port)
    return no(end_reason::unknown_name, "no inlet \"" + x.name + "\"");
  auto answer = port->attach(door_, x);
  if (std::holds_alternative<wire::opened>(answer))
    inlets_.emplace(x.channel, std::move(port));
  std::visit([this](const auto& y) { say(y); }, answer);
}

void link::handle(const wire::data& x) {
  if (!expect(!connects_ && ready_, "data"))
    return;
  auto port = find_inlet(x.channel);
  if (port == nullptr)
    return;
  check(port->on_data(door_.get(), x));
}

void link::handle(const wire::blocked& x) {
  if (!expect(!connects_ && ready_, "blocked"))
    return;
  if (auto port = find_inlet(x.channel)) {
    port->on_blocked(door_.get());
    serve(inlets_[x.channel]);
  }
}

void link::handle(const wire::end& x) {
  if (!expect(!connects_ && ready_, "end"))
    return;
  auto port = find_inlet(x.channel);
  if (port == nullptr)
    return;
  check(port->on_end(door_.get(), x.position));
  if (!over_)
    serve(inlets_[x.channel]);
}

// -- from an inlet to an outlet -----------------------------------------------

link::outlet_entry* link::find_outlet(std::uint32_t channel) {
  auto at = outlets_.find(channel);
  if (at != outlets_.end())
    return &at->second;
  expect(channel <= last_channel_, "of a channel that was never opened");
  return nullptr;
}

void link::handle(const wire::opened& x) {
  if (!expect(connects_ && ready_, "opened"))
    return;
  auto entry = find_outlet(x.channel);
  if (entry == nullptr || !expect(!entry->answered, "opened"))
    return;
  entry->answered = true;
  auto at = outlets_.find(x.channel);
  if (entry->port->on_opened(x))
    return serve_outlet(at);
  say(wire::close{x.channel, end_reason::position_lost, {}});
  outlets_.erase(at);
}

void link::handle(const wire::refused& x) {
  if (!expect(connects_ && ready_, "refused"))
    return;
  auto entry = find_outlet(x.channel);
  if (entry == nullptr || !expect(!entry->answered, "refused"))
    return;
  auto port = std::move(entry->port);
  outlets_.erase(x.channel);
  port->on_closed(x.reason, x.text);
}

void link::handle(const wire::grant& x) {
  if (!expect(connects_ && ready_, "grant"))
    return;
  auto entry = find_outlet(x.channel);
  if (entry == nullptr)
    return;
  check(entry->port->on_grant(x));
  if (!over_)
    serve_outlet(outlets_.find(x.channel));
}

void link::handle(const wire::finished& x) {
  if (!expect(connects_ && ready_, "finished"))
    return;
  auto entry = find_outlet(x.channel);
  if (entry == nullptr)
    return;
  auto port = entry->port;
  if (auto err = port->on_finished())
    return check(err);
  outlets_.erase(x.channel);
}

// -- either way ---------------------------------------------------------------

void link::handle(const wire::close& x) {
  if (!expect(ready_, "close"))
    return;
  if (connects_) {
    auto entry = find_outlet(x.channel);
    if (entry == nullptr)
      return;
    auto port = std::move(entry->port);
    outlets_.erase(x.channel);
    return port->on_closed(x.reason, x.text);
  }
  if (find_inlet(x.channel) == nullptr)
    return;
  auto port = std::move(inlets_[x.channel]);
  inlets_.erase(x.channel);
  switch (x.reason) {
  case end_reason::position_lost:
  case end_reason::open_timeout:
    // The outlet may come again.
    return port->on_link_lost(
        door_.get(), x.reason,
        runtime::make_error(runtime::errc::channel_closed, x.text));
  default:
    return port->on_failed(door_.get(), x.reason, x.text, false);
  }
}

} // namespace sluice::actors::channel
