#pragma once

// stream_pipe: the segments of one direction of a stream connection that are
// under way. They arrive in order; what is cut off waits.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: belongs to the socket that sends.

#include "runtime/clock.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace sluice::testing {

/// What one end of a stream tells the other.
struct segment {
  enum class type : std::uint8_t {
    syn_ack, // the connection stands
    data,    // `bytes`
    fin,     // no more bytes
    ack,     // `acked`, `window`, `fin_acked`
    reset,   // RST
  };

  type kind;
  std::string bytes = {};
  std::size_t acked = 0;  // so many bytes left the sender's buffer
  std::size_t window = 0; // so many more bytes may be sent
  bool fin_acked = false;
};

class stream_pipe {
public:
  bool empty() const noexcept { return segments_.empty(); }

  /// Adds a segment that arrives at `due`, or later if those before it do. An
  /// acknowledgement behind another one joins it.
  void push(segment what, runtime::time_point due);

  /// The first segment and its time. The pipe must not be empty.
  const segment& front() const noexcept { return segments_.front().second; }
  runtime::time_point due() const noexcept { return segments_.front().first; }

  segment pop();

  void clear() noexcept { segments_.clear(); }

  /// True while an event stands for the first segment.
  bool scheduled = false;

  /// True while the first segment waits at a cut.
  bool parked = false;

private:
  std::deque<std::pair<runtime::time_point, segment>> segments_;
};

} // namespace sluice::testing
