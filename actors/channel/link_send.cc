#include "actors/channel/link.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <utility>

// What leaves a link.

namespace sluice::actors::channel {

namespace limits = runtime::limits;

namespace {

/// A frame of at most this size is copied into one piece, which needs no queue
/// entries of its own.
constexpr std::size_t small_frame_bytes = 4 * 1024;

/// How often a link looks for more to send before others on its loop have their
/// turn.
constexpr int rounds_max = 4;

} // namespace

void link::settle() {
  if (settling_)
    return stream_broker::settle();
  if (faults_.cut)
    stream_broker::settle();
  else
    settle_all();
  door_->say(counts(), queued(), ready_ && !over_, faults_.cut);
}

void link::settle_all() {
  settling_ = true;
  auto more = true;
  for (int i = 0; more && i < rounds_max; ++i) {
    more = false;
    react([&] {
      serve_due();
      more = fill();
    });
  }
  settling_ = false;
  // A port that came up meanwhile found the link awake.
  if (more || (!over_ && door_->has_due()))
    settle_later();
}

/// Looks at the ports that have something to say.
void link::serve_due() {
  if (over_)
    return;
  door_->take(due_);
  for (auto& x : due_) {
    x->clear_due();
    if (!over_)
      x->serve(*this);
  }
  due_.clear();
}

// -- ports --------------------------------------------------------------------

void link::serve(const std::shared_ptr<outlet_port>& x) {
  auto todo = x->next_errand(door_.get(), ready_);
  if (todo.gone)
    return x->pass_on();
  if (todo.channel != 0) {
    if (auto at = outlets_.find(todo.channel); at != outlets_.end())
      serve_errand(at, todo);
    return;
  }
  if (todo.failed) // before it was opened
    return;
  if (outlets_.size() >= limits::channels_per_link_max)
    return x->on_closed(end_reason::too_many_channels,
                        "the limit of a link is "
                            + std::to_string(limits::channels_per_link_max));
  auto channel = ++last_channel_;
  x->bind(door_.get(), channel);
  auto at = outlets_.emplace(channel, outlet_entry{.port = x}).first;
  at->second.asked = loop().now();
  idle_ = false;
  if (ready_)
    serve_outlet(at);
}

void link::serve_outlet(outlet_map::iterator at) {
  serve_errand(at, at->second.port->next_errand(door_.get(), ready_));
}

void link::serve_errand(outlet_map::iterator at,
                        const outlet_port::errand& todo) {
  auto& [channel, entry] = *at;
  if (todo.open) {
    entry.asked = loop().now();
    say(entry.port->describe(channel));
  }
  if (todo.blocked)
    say(wire::blocked{channel});
  if (todo.end)
    say(wire::end{channel, todo.position});
  if (todo.data && !std::exchange(entry.queued, true))
    turns_.push_back(channel);
  if (todo.failed && todo.known)
    say(wire::close{channel, *todo.failed, {}});
  if (todo.failed || todo.gone)
    outlets_.erase(at);
}

void link::serve(const std::shared_ptr<inlet_port>& x) {
  auto todo = x->next_errand(door_.get(), false);
  if (todo.gone)
    return x->pass_on();
  say_errand(todo);
}

void link::say_errand(const inlet_port::errand& todo) {
  if (todo.gone)
    return;
  if (todo.grant)
    say(*todo.grant);
  if (todo.finished)
    say(wire::finished{todo.channel});
  if (todo.failed)
    say(wire::close{todo.channel, *todo.failed, todo.text});
  if (todo.failed || todo.finished)
    inlets_.erase(todo.channel);
}

/// What was freed is granted now and then, even if it is little: the outlet
/// need not keep it any longer.
void link::say_grants() {
  for (auto at = inlets_.begin(); at != inlets_.end();) {
    auto todo = at->second->next_errand(door_.get(), true);
    if (todo.gone) {
      at = inlets_.erase(at);
      continue;
    }
    ++at;
    say_errand(todo);
  }
}

// -- bytes --------------------------------------------------------------------

/// Puts frames into the connection's queue. True if there are more, and the
/// queue is short.
bool link::fill() {
  if (over_ || state() != net::stream_state::open)
    return false;
  send_control();
  auto limit = host_->options().link_queue_bytes;
  while (!over_ && !turns_.empty() && queued() < limit)
    send_turn();
  send_control(); // what a turn had to say about its channel
  return !over_ && !turns_.empty() && queued() < limit;
}

void link::send_control() {
  if (auto token = std::exchange(pong_due_, std::nullopt))
    wire::encode(wire::pong{*token}, control_);
  if (!control_.empty() && state() == net::stream_state::open)
    put(std::string_view{control_});
  control_.clear();
}

/// What does not fit into the queue is answers that the other host asked for
/// and does not read.
template <class Bytes>
void link::put(Bytes&& bytes) {
  if (write(std::forward<Bytes>(bytes)) || state() != net::stream_state::open)
    return;
  end_link(end_reason::protocol_error,
           runtime::make_error(runtime::errc::connection_closed,
                               "the other host asks more than it reads"));
  abort();
}

/// The next channel sends what it may.
void link::send_turn() {
  auto channel = turns_.front();
  turns_.pop_front();
  auto at = outlets_.find(channel);
  if (at == outlets_.end())
    return;
  auto& entry = at->second;
  entry.deficit += limits::channel_frame_bytes;
  auto more = true;
  while (more && entry.deficit > 0) {
    more = entry.port->take(limits::channel_frame_bytes, taken_);
    if (more) {
      entry.deficit -= static_cast<std::int64_t>(taken_.bytes);
      send_data(channel);
    }
  }
  if (more) {
    turns_.push_back(channel);
    return;
  }
  entry.deficit = 0;
  entry.queued = false;
  serve_outlet(at);
}

void link::send_data(std::uint32_t channel) {
  scratch_.clear();
  wire::encode_data_header(channel, taken_.first, taken_.count, taken_.bytes,
                           scratch_);
  if (taken_.bytes <= small_frame_bytes) {
    for (auto& x : taken_.slices)
      scratch_.append(x.view());
    put(std::string_view{scratch_});
  } else {
    put(std::string_view{scratch_});
    for (auto& x : taken_.slices)
      put(std::move(x));
  }
  taken_.slices.clear();
}

} // namespace sluice::actors::channel
