#pragma once

// outbox: what a connection needs while it has something to send: the queue,
// and the time of the last progress. Idle connections have none;
// each thread keeps some for the next connection that needs one.
//
// Internal. Thread rule: the thread of its loop. Lifetime: between `acquire`
// and `recycle`.

#include "net/write_queue.h"
#include "runtime/clock.h"

#include <memory>
#include <optional>

namespace sluice::net {

struct outbox {
  static std::unique_ptr<outbox> acquire();

  /// Takes back an outbox whose queue is empty.
  static void recycle(std::unique_ptr<outbox> x);

  write_queue queue;
  runtime::time_point last_progress{};
  std::optional<runtime::time_point> blocked_since; // of what is queued now
};

} // namespace sluice::net
