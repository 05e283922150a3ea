#include "actors/channel/outlet_core.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <algorithm>
#include <cstring>

namespace sluice::actors::channel {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;
using runtime::slab;
using wire::item_header_bytes;

// -- pushing ------------------------------------------------------------------

void outlet_core::push(std::string_view item) {
  auto size = item.size() + item_header_bytes;
  auto to = room(size);
  wire::put_item_header(item.size(), to);
  if (!item.empty())
    std::memcpy(to + item_header_bytes, item.data(), item.size());
  chunk_end_ += size;
  ++chunk_count_;
  added(size);
}

void outlet_core::push(const byte_slice& item) {
  if (item.size() < limits::channel_slice_min_bytes)
    return push(item.view());
  auto to = room(item_header_bytes);
  wire::put_item_header(item.size(), to);
  seal();
  byte_slice head{chunk_, chunk_end_, item_header_bytes};
  chunk_begin_ = chunk_end_ += item_header_bytes;
  pieces_.push_back({std::move(head), item.compact(), next_, next_bytes_, 1});
  added(item.size() + item_header_bytes);
}

void outlet_core::added(std::size_t size) noexcept {
  ++next_;
  next_bytes_ += size;
}

/// Room for `size` bytes at the end of the chunk.
char* outlet_core::room(std::size_t size) {
  if (!chunk_ || chunk_->capacity() - chunk_end_ < size) {
    seal();
    auto last = chunk_ ? chunk_->capacity() : 0;
    auto wanted = std::clamp(2 * last, limits::channel_chunk_min_bytes,
                             limits::channel_chunk_max_bytes);
    chunk_ = slab::make(std::max(wanted, size));
    chunk_begin_ = chunk_end_ = 0;
  }
  return chunk_->data() + chunk_end_;
}

/// Makes a piece of what was added to the chunk.
void outlet_core::seal() {
  if (chunk_count_ == 0)
    return;
  auto size = chunk_end_ - chunk_begin_;
  pieces_.push_back({byte_slice{chunk_, chunk_begin_, size},
                     {},
                     next_ - chunk_count_,
                     next_bytes_ - size,
                     chunk_count_});
  chunk_begin_ = chunk_end_;
  chunk_count_ = 0;
}

// -- what the receiver says ---------------------------------------------------

std::uint64_t outlet_core::oldest_bytes() const noexcept {
  if (!pieces_.empty())
    return pieces_.front().first_byte;
  return next_bytes_ - (chunk_end_ - chunk_begin_);
}

bool outlet_core::open(const wire::opened& x) {
  if (x.position < confirmed_ || x.position > next_ || x.confirmed > x.position)
    return false;
  seal();
  unsent_ = 0;
  while (unsent_ < pieces_.size()
         && pieces_[unsent_].first + pieces_[unsent_].count <= x.position)
    ++unsent_;
  sent_ = x.position;
  sent_of_ = {};
  sent_bytes_ = next_bytes_;
  if (unsent_ < pieces_.size()) {
    auto& p = pieces_[unsent_];
    sent_of_ = advance(p, {}, x.position - p.first, p.size());
    sent_bytes_ = p.first_byte + sent_of_.bytes;
  }
  open_ = true;
  byte_offset_ = x.bytes - sent_bytes_;
  byte_limit_ = x.byte_limit - byte_offset_;
  message_limit_ = x.message_limit;
  window_messages_ = x.window_messages;
  window_bytes_ = x.window_bytes;
  blocked_said_ = false;
  confirm(std::max(x.confirmed, confirmed_));
  return true;
}

caf::error outlet_core::grant(const wire::grant& x) {
  auto bytes = x.byte_limit - byte_offset_;
  // Bytes wrap around with their offset: compare the way that was gone.
  auto more_bytes = static_cast<std::int64_t>(bytes - byte_limit_);
  if (x.message_limit < message_limit_ || more_bytes < 0)
    return make_error(errc::malformed_frame,
                      "frame \"grant\": takes credit back");
  if (x.confirmed > sent_)
    return make_error(errc::malformed_frame,
                      "frame \"grant\": confirms what was not sent");
  if (x.message_limit > message_limit_ || more_bytes > 0)
    blocked_said_ = false;
  message_limit_ = x.message_limit;
  byte_limit_ = bytes;
  confirm(std::max(x.confirmed, confirmed_));
  return {};
}

void outlet_core::confirm(std::uint64_t position) {
  confirmed_ = position;
  while (!pieces_.empty()
         && pieces_.front().first + pieces_.front().count <= position) {
    pieces_.pop_front();
    --unsent_;
  }
  // A quiet channel gives its memory back.
  if (pieces_.empty() && chunk_count_ == 0
      && chunk_end_ > limits::channel_chunk_min_bytes / 2) {
    chunk_ = {};
    chunk_begin_ = chunk_end_ = 0;
  }
}

// -- sending ------------------------------------------------------------------

/// How far one gets in a piece with so many messages and bytes more.
outlet_core::mark outlet_core::advance(const piece& x, mark from,
                                       std::uint64_t messages,
                                       std::uint64_t bytes) {
  if (messages >= x.count - from.count && bytes >= x.size() - from.bytes)
    return {x.count, x.size()};
  if (!x.body.empty())
    return from;
  for (; messages > 0 && from.count < x.count; --messages) {
    auto size = item_header_bytes + wire::item_size(x.head.data() + from.bytes);
    if (size > bytes)
      break;
    bytes -= size;
    ++from.count;
    from.bytes += size;
  }
  return from;
}

/// Size of the next message with its length; there must be one.
std::size_t outlet_core::next_size() const noexcept {
  auto at = unsent_ < pieces_.size()
                ? pieces_[unsent_].head.data() + sent_of_.bytes
                : chunk_->data() + chunk_begin_;
  return item_header_bytes + wire::item_size(at);
}

bool outlet_core::nothing_in_flight() const noexcept {
  return message_limit_ - sent_ >= window_messages_;
}

bool outlet_core::may_send(std::size_t size) const noexcept {
  if (!open_ || sent_ >= message_limit_)
    return false;
  auto bytes = static_cast<std::int64_t>(byte_limit_ - sent_bytes_);
  return static_cast<std::int64_t>(size) <= bytes || nothing_in_flight();
}

bool outlet_core::sendable() const noexcept {
  return open_ && sent_ < next_ && sent_ < message_limit_
         && may_send(next_size());
}

bool outlet_core::take(std::size_t bytes, taken& out) {
  out.slices.clear();
  out.first = sent_;
  out.count = 0;
  out.bytes = 0;
  if (!sendable())
    return false;
  seal();
  auto credit = static_cast<std::int64_t>(byte_limit_ - sent_bytes_);
  auto alone = next_size();
  // One message always goes, whatever the frame's size; see invariant 2.
  auto room = std::max<std::uint64_t>(
      std::min<std::uint64_t>(
          bytes, static_cast<std::uint64_t>(std::max<std::int64_t>(credit, 0))),
      alone);
  // Whole batches are freed: a frame of the whole window would make the sender
  // wait for the handler's end, and the handler for the next frame.
  auto messages =
      std::min(message_limit_ - sent_,
               std::max<std::uint64_t>(window_messages_ / 4,
                                       limits::channel_frame_messages_min));
  while (unsent_ < pieces_.size()) {
    auto& p = pieces_[unsent_];
    auto to = advance(p, sent_of_, messages, room);
    if (to.count == sent_of_.count)
      break;
    auto count = to.count - sent_of_.count;
    auto size = to.bytes - sent_of_.bytes;
    if (p.body.empty()) {
      out.slices.push_back(p.head.sub(sent_of_.bytes, size));
    } else {
      out.slices.push_back(p.head);
      out.slices.push_back(p.body);
    }
    out.count += count;
    out.bytes += size;
    messages -= count;
    room -= size;
    sent_of_ = to;
    if (to.count < p.count)
      break;
    ++unsent_;
    sent_of_ = {};
  }
  sent_ += out.count;
  sent_bytes_ += out.bytes;
  return true;
}

bool outlet_core::wants_blocked() const noexcept {
  return open_ && !blocked_said_ && sent_ < next_ && sent_ < message_limit_
         && !may_send(next_size()) && next_size() > window_bytes_ / 2;
}

bool outlet_core::say_blocked() noexcept {
  auto result = wants_blocked();
  blocked_said_ |= result;
  return result;
}

// -- at the end ---------------------------------------------------------------

std::vector<byte_slice> outlet_core::drain() {
  seal();
  std::vector<byte_slice> result;
  for (auto& p : pieces_) {
    if (!p.body.empty()) {
      if (p.first >= confirmed_)
        result.push_back(p.body);
      continue;
    }
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < p.count; ++i) {
      auto size = wire::item_size(p.head.data() + at);
      at += item_header_bytes;
      if (p.first + i >= confirmed_)
        result.push_back(p.head.sub(at, size));
      at += size;
    }
  }
  pieces_.clear();
  unsent_ = 0;
  sent_of_ = {};
  chunk_ = {};
  chunk_begin_ = chunk_end_ = 0;
  confirmed_ = sent_ = next_;
  sent_bytes_ = next_bytes_;
  open_ = false;
  return result;
}

} // namespace sluice::actors::channel
