#include "actors/cluster/shard_stream.h"

#include "runtime/limits.h"

#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;

using runtime::duration;
using runtime::time_point;

shard_stream::shard_stream(holder to, std::uint64_t since, std::uint64_t id,
                           bool fresh, std::uint64_t position)
    : to_(std::move(to)),
      copies_since_(since),
      id_(id),
      fresh_(fresh),
      position_(fresh ? 0 : position),
      has_all_chunks_(!fresh) {
}

// -- filling ------------------------------------------------------------------

void shard_stream::append(std::string_view operation, std::uint64_t position) {
  auto size = static_cast<std::uint32_t>(operation.size());
  if (!open_.empty()
      && open_.size() + sizeof(size) + size > limits::shard_segment_bytes_max)
    close();
  for (auto shift = 0; shift < 32; shift += 8)
    open_.push_back(static_cast<char>(size >> shift & 0xff));
  open_.append(operation);
  open_position_ = position;
  bytes_ += sizeof(size) + size;
}

void shard_stream::append_chunk(std::string_view operation, std::string cursor,
                                bool last, std::uint64_t position) {
  append(operation, position);
  cursor_ = std::move(cursor);
  if (!last)
    return;
  close();
  has_all_chunks_ = true;
  last_chunk_ = this->last();
}

void shard_stream::close() {
  if (open_.empty())
    return;
  log_.push_back({open_position_, runtime::byte_slice::copy(open_)});
  open_.clear();
}

// -- being sent ---------------------------------------------------------------

std::optional<shard_segment> shard_stream::next_segment(time_point now) {
  if (is_asking_)
    return std::nullopt;
  if (next_ > last())
    close();
  if (next_ > last())
    return std::nullopt;
  if (next_ == acked_ + 1)
    since_ = now;
  shard_segment result;
  result.stream = id_;
  result.seq = next_;
  result.fresh = fresh_ && next_ == 1;
  result.operations = log_[next_ - acked_ - 1].operations;
  ++next_;
  return result;
}

time_point shard_stream::question_due(duration after) const noexcept {
  if (has_doubts_)
    return time_point::min();
  auto waits = is_asking_ || next_ > acked_ + 1;
  return waits ? since_ + after : time_point::max();
}

std::optional<std::uint64_t> shard_stream::next_question(time_point now,
                                                         duration after) {
  if (now < question_due(after))
    return std::nullopt;
  has_doubts_ = false;
  since_ = now;
  ++question_;
  if (!std::exchange(is_asking_, true))
    first_question_ = question_;
  return question_;
}

void shard_stream::doubt() noexcept {
  if (is_asking_ || next_ > acked_ + 1)
    has_doubts_ = true;
}

shard_stream::outcome shard_stream::acknowledged(time_point now,
                                                 const shard_ack& x) {
  if (x.stream != id_ || x.seq >= next_)
    return outcome::nothing;
  auto is_answer = is_asking_ && x.number >= first_question_;
  auto result = outcome::nothing;
  if (x.seq < acked_ && is_answer)
    return outcome::forgotten;
  while (acked_ < x.seq) {
    position_ = log_.front().position;
    bytes_ -= log_.front().operations.size();
    log_.pop_front();
    ++acked_;
    since_ = now;
    result = outcome::progress;
  }
  if (is_answer) {
    is_asking_ = false;
    next_ = acked_ + 1;
    return outcome::progress;
  }
  if (x.gap && !is_asking_)
    has_doubts_ = true;
  return result;
}

} // namespace sluice::actors::cluster
