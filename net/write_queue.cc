#include "net/write_queue.h"

#include "runtime/limits.h"
#include "runtime/panic.h"

#include <algorithm>
#include <limits>

namespace sluice::net {

namespace limits = runtime::limits;
using runtime::check;

write_queue::write_queue() : compacted_(limits::compact_slab_bytes) {
}

write_queue::~write_queue() = default;

write_queue::source& write_queue::find(const caf::strong_actor_ptr& sender) {
  source* idle = nullptr;
  for (auto& s : sources_) {
    if (s->sender == sender)
      return *s;
    if (s->bytes == 0)
      idle = s.get();
  }
  if (idle == nullptr) {
    sources_.push_back(std::make_unique<source>());
    idle = sources_.back().get();
  }
  idle->sender = sender;
  idle->deficit = 0;
  return *idle;
}

void write_queue::push_part(source& to, entry&& x) {
  if (x.compacted)
    x.bytes = compact(x.bytes);
  to.bytes += x.bytes.size();
  bytes_ += x.bytes.size();
  if (x.first && x.last && !to.waiting.empty()) {
    auto& last = to.waiting.back();
    if (last.token == 0 && last.first && last.last
        && last.envelope == x.envelope && last.compacted == x.compacted
        && last.bytes.adjoins(x.bytes)) {
      last.bytes.extend(x.bytes);
      last.token = x.token;
      return;
    }
  }
  to.waiting.push_back(std::move(x));
  ++entries_;
}

void write_queue::push(const caf::strong_actor_ptr& sender, write_parts&& what,
                       std::uint64_t token, bool will_wait) {
  check(what.size() > 0, "an empty write was queued");
  auto& to = find(sender);
  entry x;
  x.order = next_order_++;
  x.compacted = will_wait;
  // A frame without payload comes back as its envelope.
  auto has_payload = !what.payload.empty();
  x.first = true;
  auto left = what.size();
  for (auto part : {&what.header, &what.payload, &what.trailer}) {
    if (part->empty())
      continue;
    left -= part->size();
    x.bytes = std::move(*part);
    x.envelope = what.unasked || (part != &what.payload && has_payload);
    x.last = left == 0;
    x.token = x.last ? token : 0;
    push_part(to, std::move(x));
    x.first = false;
  }
}

// -- the line -----------------------------------------------------------------

/// Bytes of the oldest write of `from`, all its parts: it is moved whole, so it
/// must be paid for whole.
std::size_t write_queue::next_size(source& from) {
  std::size_t result = 0;
  for (auto& x : from.waiting) {
    result += x.bytes.size();
    if (x.last)
      break;
  }
  return result;
}

/// Moves the oldest write of `from`, all its parts, to the line.
void write_queue::move_write(source& from) {
  for (bool last = false; !last;) {
    auto& x = from.waiting.front();
    last = x.last;
    line_bytes_ += x.bytes.size();
    line_.push_back({std::move(x), &from, false});
    from.waiting.pop_front();
  }
}

/// Up to so many, or so many bytes.
void write_queue::fill_line(std::size_t slices, std::size_t bytes) {
  auto busy = [](const auto& s) { return !s->waiting.empty(); };
  // Round after round, until the line is long enough.
  while (line_.size() < slices && line_bytes_ < bytes
         && std::any_of(sources_.begin(), sources_.end(), busy)) {
    turn_ = turn_ < sources_.size() ? turn_ : 0;
    auto& from = *sources_[turn_];
    if (!in_turn_ && !from.waiting.empty())
      from.deficit += limits::write_quantum_bytes;
    in_turn_ = false;
    while (!from.waiting.empty()) {
      auto size = next_size(from);
      if (size > from.deficit)
        break;
      if (line_.size() >= slices) {
        // Full of small slices: the turn goes on next time.
        in_turn_ = true;
        return;
      }
      from.deficit -= size;
      move_write(from);
    }
    if (from.waiting.empty())
      from.deficit = 0;
    ++turn_;
  }
}

void write_queue::line_up() {
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  fill_line(all, all);
}

std::size_t write_queue::gather(std::span<iovec> out) {
  fill_line(out.size(), limits::write_high_bytes); // for one system call
  std::size_t count = 0;
  for (auto& x : line_) {
    if (count == out.size())
      break;
    out[count++] = {const_cast<char*>(x.what.bytes.data()),
                    x.what.bytes.size()};
  }
  return count;
}

void write_queue::taken(std::size_t count, const on_written& f) {
  check(count <= line_bytes_, "more taken than was in the line");
  bytes_ -= count;
  line_bytes_ -= count;
  while (count > 0) {
    auto& x = line_.front();
    auto part = std::min(count, x.what.bytes.size());
    count -= part;
    x.from->bytes -= part;
    x.what.bytes.remove_prefix(part);
    x.started = true;
    if (!x.what.bytes.empty())
      break;
    // The parts behind the first one of a write are bound to follow it.
    auto token = x.what.token;
    auto sender = token != 0 ? x.from->sender : nullptr;
    auto last = x.what.last;
    line_.pop_front();
    --entries_;
    if (!last)
      line_.front().started = true;
    if (token != 0)
      f(sender, token);
  }
}

// -- giving back --------------------------------------------------------------

std::size_t write_queue::drop_oldest(std::size_t bytes, std::size_t entries,
                                     const on_returned& f) {
  std::size_t dropped = 0;
  std::size_t dropped_entries = 0;
  while (dropped < bytes || dropped_entries < entries) {
    source* oldest = nullptr;
    for (auto& s : sources_)
      if (!s->waiting.empty()
          && (oldest == nullptr
              || s->waiting.front().order < oldest->waiting.front().order))
        oldest = s.get();
    if (oldest == nullptr)
      break; // what is left is in the line, which stands for good
    for (bool last = false; !last;) {
      auto x = std::move(oldest->waiting.front());
      oldest->waiting.pop_front();
      last = x.last;
      auto size = x.bytes.size();
      oldest->bytes -= size;
      bytes_ -= size;
      --entries_;
      dropped += size;
      ++dropped_entries;
      f(oldest->sender, std::move(x.bytes), x.token, x.envelope);
    }
  }
  return dropped;
}

void write_queue::drain(const on_returned& f) {
  while (!line_.empty()) {
    auto x = std::move(line_.front());
    line_.pop_front();
    f(x.from->sender, std::move(x.what.bytes), x.what.token, x.what.envelope);
  }
  for (auto& s : sources_)
    while (!s->waiting.empty()) {
      auto x = std::move(s->waiting.front());
      s->waiting.pop_front();
      f(s->sender, std::move(x.bytes), x.token, x.envelope);
    }
  bytes_ = line_bytes_ = entries_ = 0;
  sources_.clear();
  turn_ = 0;
  in_turn_ = false;
}

byte_slice write_queue::compact(const byte_slice& x) {
  if (x.size() >= x.pinned() / limits::compact_ratio)
    return x;
  if (x.size() >= limits::compact_slab_bytes / limits::compact_ratio)
    return byte_slice::copy(x.view());
  return compacted_.copy(x.view());
}

void write_queue::compact() {
  auto visit = [this](entry& x) {
    if (!x.compacted)
      x.bytes = compact(x.bytes);
    x.compacted = true;
  };
  for (auto& x : line_)
    visit(x.what);
  for (auto& s : sources_)
    for (auto& x : s->waiting)
      visit(x);
}

void write_queue::reset() {
  check(empty(), "a write queue with bytes in it was reset");
  if (sources_.size() > 1)
    sources_.resize(1);
  constexpr auto usual = 4 * limits::write_gather_slices;
  line_.trim(usual);
  for (auto& s : sources_) {
    s->sender = nullptr;
    s->waiting.trim(usual);
  }
  turn_ = 0;
  in_turn_ = false;
  compacted_.release();
}

} // namespace sluice::net
