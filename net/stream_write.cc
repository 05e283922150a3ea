#include "net/stream_rare.h"
#include "net/writers.h"
#include "runtime/error.h"
#include "runtime/panic.h"

#include <array>
#include <cerrno>

// A stream_broker's writes to system calls.

namespace sluice::net {

namespace limits = runtime::limits;

bool stream_broker::write(byte_slice bytes, std::uint64_t token) {
  return submit(held(), {{}, std::move(bytes), {}}, token);
}

bool stream_broker::write(std::string_view text, std::uint64_t token) {
  auto small = text.size() <= limits::write_slab_bytes / limits::compact_ratio;
  return write(small ? loop().write_slab().copy(text) : byte_slice::copy(text),
               token);
}

bool stream_broker::write_frame(byte_slice payload, std::uint64_t token) {
  return submit_frame(held(), std::move(payload), token);
}

bool stream_broker::submit_frame(const caf::strong_actor_ptr& from,
                                 byte_slice payload, std::uint64_t token) {
  if (!framer_)
    return submit(from, {{}, std::move(payload), {}}, token);
  auto& codec = framer_->codec();
  if (payload.size() > codec.frame_bytes_max()) {
    give_back(from, std::move(payload), reject_reason::bad_frame, token);
    return false;
  }
  auto around = codec.wrap(payload.size());
  auto& slab = loop().write_slab();
  write_parts parts;
  if (around.header_size > 0)
    parts.header = slab.copy(around.head());
  if (around.trailer_size > 0)
    parts.trailer = slab.copy(around.tail());
  parts.payload = std::move(payload);
  return submit(from, std::move(parts), token);
}

bool stream_broker::submit(const caf::strong_actor_ptr& from,
                           write_parts&& what, std::uint64_t token) {
  auto size = what.size();
  if (size == 0) { // nothing to send is sent
    if (token != 0)
      tell(from ? from : self(), written{token});
    return true;
  }
  if (!only_.bytes.empty())
    queue_up();
  if (auto why = refuses(size)) {
    give_back(from, std::move(what.payload), *why, token);
    if (outbox_)
      press(from);
    return false;
  }
  accept(from, std::move(what), token);
  return true;
}

/// Queues it, however much is queued already.
void stream_broker::accept(const caf::strong_actor_ptr& from,
                           write_parts&& what, std::uint64_t token) {
  auto size = what.size();
  counts_.accepted += size;
  totals().accepted_bytes += size;
  if (!outbox_ && !blocked_ && from == held() && size == what.payload.size()
      && size < options_->write_marks.high) {
    only_ = {std::move(what.payload), token};
    return settle_later();
  }
  if (!outbox_)
    outbox_ = outbox::acquire();
  outbox_->queue.push(from, std::move(what), token, blocked_);
  totals().queued_bytes_peak =
      std::max<std::uint64_t>(totals().queued_bytes_peak, queued());
  if (!blocked_ && queued() >= options_->write_marks.high)
    flush();
  if (outbox_ && blocked_)
    press(from);
  settle_later();
}

bool stream_broker::write_control(byte_slice frame) {
  if (write_ended_ || state_ >= stream_state::draining || !fits(frame.size()))
    return false;
  if (!only_.bytes.empty())
    queue_up();
  accept(held(), {std::move(frame), {}, {}, true}, 0);
  return true;
}

void stream_broker::write_last(byte_slice frame) {
  if (write_ended_ || state_ >= stream_state::draining)
    return;
  keep_order();
  accept(held(), {std::move(frame), {}, {}, true}, 0);
}

void stream_broker::keep_order() {
  if (!only_.bytes.empty())
    queue_up();
  if (outbox_)
    outbox_->queue.line_up();
}

bool stream_broker::write_enveloped(std::string_view header, byte_slice payload,
                                    std::string_view trailer,
                                    std::uint64_t token) {
  auto& slab = loop().write_slab();
  write_parts parts;
  if (!header.empty())
    parts.header = slab.copy(header);
  if (!trailer.empty())
    parts.trailer = slab.copy(trailer);
  parts.payload = std::move(payload);
  return submit(held(), std::move(parts), token);
}

std::optional<reject_reason> stream_broker::refuses(std::size_t size) {
  auto ended = write_ended_ || state_ >= stream_state::draining;
  if (ended)
    return reject_reason::shut_down;
  if (size > options_->write_cap_bytes)
    return reject_reason::too_large;
  if (fits(size))
    return std::nullopt;
  if (!blocked_)
    flush();
  if (state_ >= stream_state::draining)
    return reject_reason::shut_down;
  return fits(size) ? std::nullopt : make_room(size);
}

bool stream_broker::fits(std::size_t size) const noexcept {
  std::size_t entries = only_.bytes.empty() ? 0 : 1;
  if (outbox_)
    entries = outbox_->queue.entries();
  return queued() + size <= options_->write_cap_bytes
         && entries < options_->write_cap_entries;
}

/// Applies the overflow policy.
std::optional<reject_reason> stream_broker::make_room(std::size_t size) {
  switch (options_->on_overflow) {
  case overflow::reject:
    return reject_reason::overflow;
  case overflow::drop_newest:
    return reject_reason::dropped_newest;
  case overflow::disconnect:
    fail(close_reason::slow_consumer);
    return reject_reason::overflow;
  case overflow::drop_oldest:
    break;
  }
  auto& queue = outbox_->queue;
  auto over =
      queued() + size
      - std::min<std::size_t>(queued() + size, options_->write_cap_bytes);
  auto full = queue.entries() >= options_->write_cap_entries ? 1u : 0u;
  queue.drop_oldest(over, full,
                    [this](const caf::strong_actor_ptr& from, byte_slice x,
                           std::uint64_t token, bool envelope) {
                      counts_.returned += x.size();
                      totals().returned_bytes += x.size();
                      if (!envelope)
                        give_back(from, std::move(x),
                                  reject_reason::dropped_oldest, token);
                    });
  return fits(size) ? std::nullopt : std::optional{reject_reason::overflow};
}

/// Bytes that nobody in particular wrote come back to the behavior.
void stream_broker::give_back(const caf::strong_actor_ptr& from,
                              byte_slice bytes, reject_reason why,
                              std::uint64_t token) {
  ++totals().rejected[static_cast<std::size_t>(why)];
  ++rare().rejected;
  rejected event{std::move(bytes), why, token};
  auto ours = !from || from == ctrl();
  if (ours && !in_handler())
    deliver(event);
  else
    tell(ours ? self() : from, std::move(event));
}

/// The only write is not alone any more, or does not leave at once.
void stream_broker::queue_up() {
  outbox_ = outbox::acquire();
  outbox_->queue.push(self(), {{}, std::exchange(only_.bytes, {}), {}},
                      only_.token, blocked_);
}

// -- to the operating system --------------------------------------------------

/// What to send next.
std::size_t stream_broker::gather(std::span<iovec> out) {
  if (outbox_)
    return outbox_->queue.gather(out);
  out[0] = {const_cast<char*>(only_.bytes.data()), only_.bytes.size()};
  return 1;
}

/// The operating system took the first `count` bytes of that.
void stream_broker::taken(std::size_t count) {
  counts_.written += count;
  totals().written_bytes += count;
  last_write_ = loop().now();
  auto tell_writer = [this](const caf::strong_actor_ptr& from,
                            std::uint64_t token) {
    tell(from ? from : self(), written{token});
  };
  if (count == only_.bytes.size()) {
    only_.bytes = {};
    if (only_.token != 0)
      tell_writer(nullptr, only_.token);
    return;
  }
  if (!outbox_) {
    queue_up();
    iovec same;
    gather({&same, 1});
  }
  outbox_->last_progress = last_write_;
  outbox_->queue.taken(count, tell_writer);
}

void stream_broker::flush() {
  if (blocked_ || queued() == 0 || !socket_.is_open()
      || state_ < stream_state::open || state_ > stream_state::leaving)
    return;
  std::array<iovec, limits::write_gather_slices> parts;
  while (queued() > 0) {
    auto count = gather(parts);
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i)
      offered += parts[i].iov_len;
    auto result = loop().sockets().send(socket_.fd(), {parts.data(), count});
    if (result == -EINTR)
      continue;
    if (result == -EAGAIN || result == -ENOBUFS) {
      on_blocked();
      break;
    }
    if (result < 0) {
      // The peer may have sent something before it went away: *hung up* comes
      // next, and the end after what there is to read.
      write_error_ = static_cast<int>(-result);
      blocked_ = true;
      if (parked_) // and came before
        fail(close_reason::peer_reset, write_error_);
      break;
    }
    taken(static_cast<std::size_t>(result));
    // A short count means that the buffer is full now: asking again would only
    // be told so.
    if (static_cast<std::size_t>(result) < offered) {
      on_blocked();
      break;
    }
  }
  auto gate = valve_.load(std::memory_order_acquire);
  if (gate != nullptr && gate->closed()
      && gate->fall(queued(), self(), &loop()))
    self_pressed_ = false;
}

void stream_broker::on_blocked() {
  blocked_ = true;
  if (!outbox_)
    queue_up();
  outbox_->queue.compact();
  if (!outbox_->blocked_since)
    outbox_->blocked_since = loop().now();
  if (options_->write_stall > runtime::duration::zero()
      && !armed(timeout::write_stall)) {
    outbox_->last_progress = loop().now();
    arm(timeout::write_stall, loop().now() + options_->write_stall);
  }
}

/// Closes the valve if it is time to, and tells whom it concerns.
void stream_broker::press(const caf::strong_actor_ptr& from) {
  auto& queue = outbox_->queue;
  if (queue.bytes() < options_->write_marks.high
      && valve_.load(std::memory_order_acquire) == nullptr)
    return; // as yet there is no need of a valve
  self_pressed_ = net::press(*this, valve(), queue, queue.bytes(), from);
}

void stream_broker::on_write_stall() {
  if (!outbox_ || queued() == 0)
    return;
  auto due = outbox_->last_progress + options_->write_stall;
  if (loop().now() < due)
    return arm(timeout::write_stall, due);
  auto me = self();
  auto& gate = valve();
  gate.shut();
  outbox_->queue.for_each_sender([&](const caf::strong_actor_ptr& x) {
    gate.tell(x ? x : me, me, &loop());
  });
  self_pressed_ = gate.holds(me);
  gate.stall(me, &loop());
  timed_out event{timeout::write_stall, 0};
  if (deliver(event) == delivery::terminated)
    return;
  if (options_->abort_stalled)
    fail(close_reason::write_stall);
  else
    arm(timeout::write_stall, loop().now() + options_->write_stall);
}

void stream_broker::shutdown_write() {
  write_ended_ = true;
  settle_later();
}

} // namespace sluice::net
