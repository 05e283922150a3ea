#pragma once

// shard_stream: what a primary has to say to one node that copies a shard of
// it, in order, until the other one has acknowledged it. Operations are put
// together into segments, which are numbered; acknowledgements are of segments.
//
// Internal. Thread rule: that of the keeper. Lifetime: a value.

#include "actors/cluster/shard_letter.h"
#include "actors/cluster/shard_table.h"
#include "runtime/byte_slice.h"
#include "runtime/clock.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::actors::cluster {

class shard_stream {
public:
  /// To a node that copies the shard since that epoch. `id` is higher than that
  /// of any stream before, to anybody. `fresh`: the other one begins with
  /// nothing, and is to get it all, in chunks; else it has what there is at
  /// `position`.
  shard_stream(holder to, std::uint64_t since, std::uint64_t id, bool fresh,
               std::uint64_t position);

  const holder& to() const noexcept { return to_; }
  std::uint64_t since() const noexcept { return copies_since_; }
  std::uint64_t id() const noexcept { return id_; }

  /// Of what is not acknowledged.
  std::size_t bytes() const noexcept { return bytes_; }

  /// All is acknowledged.
  bool empty() const noexcept { return log_.empty() && open_.empty(); }

  /// Up to there the other one has all writes.
  std::uint64_t position() const noexcept { return position_; }

  // -- filling ----------------------------------------------------------------

  /// An operation after which the shard is at `position`.
  void append(std::string_view operation, std::uint64_t position);

  /// There is a chunk to come, from here.
  bool wants_chunk() const noexcept { return !has_all_chunks_; }
  const std::string& cursor() const noexcept { return cursor_; }
  void append_chunk(std::string_view operation, std::string cursor, bool last,
                    std::uint64_t position);

  /// The other one has all chunks.
  bool is_copied() const noexcept {
    return has_all_chunks_ && acked_ >= last_chunk_;
  }

  // -- being sent -------------------------------------------------------------

  /// The next segment to send, if there is one and it is time.
  std::optional<shard_segment> next_segment(runtime::time_point now);

  /// What it has to ask, if it has waited for an acknowledgement for so long.
  std::optional<std::uint64_t> next_question(runtime::time_point now,
                                             runtime::duration after);

  /// When to ask; `max` if there is no need.
  runtime::time_point question_due(runtime::duration after) const noexcept;

  /// Asks as soon as it can.
  void doubt() noexcept;

  enum class outcome : std::uint8_t {
    nothing,
    progress,  // more is acknowledged, or there is something to send
    forgotten, // the other one knows less than it has acknowledged
  };

  outcome acknowledged(runtime::time_point now, const shard_ack& x);

  // -- what the primary has said of it ----------------------------------------

  /// Writes wait for it. Then, when it has what was settled before (`mark`),
  /// it may be called in sync.
  bool is_required = false;
  std::uint64_t mark = 0;
  bool is_in_sync() const noexcept {
    return is_required && is_copied() && position_ >= mark;
  }

private:
  struct segment {
    std::uint64_t position;
    runtime::byte_slice operations;
  };

  void close();
  std::uint64_t last() const noexcept { return acked_ + log_.size(); }

  holder to_;
  std::uint64_t copies_since_;
  std::uint64_t id_;
  bool fresh_;
  std::string open_; // the segment that is being filled
  std::uint64_t open_position_ = 0;
  std::deque<segment> log_; // from acked_ + 1
  std::uint64_t acked_ = 0;
  std::uint64_t next_ = 1; // to be sent
  std::uint64_t position_;
  std::size_t bytes_ = 0;
  // chunks
  std::string cursor_;
  bool has_all_chunks_;
  std::uint64_t last_chunk_ = 0;
  // questions
  runtime::time_point since_{}; // it waits
  std::uint64_t question_ = 0;
  std::uint64_t first_question_ = 0; // since it has sent nothing
  bool is_asking_ = false;
  bool has_doubts_ = false;
};

} // namespace sluice::actors::cluster
