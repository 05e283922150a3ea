#pragma once

// outbox: what a connection needs while it has something to send: the queue,
// its valve, and the time of the last progress. Idle connections have none;
// each thread keeps some for the next connection that needs one.
//
// Internal. Thread rule: the thread of its loop. Lifetime: between `acquire`
// and `recycle`.

#include "net/write_queue.h"
#include "runtime/clock.h"
#include "runtime/valve.h"

#include <memory>

namespace sluice::net {

struct outbox {
  explicit outbox(runtime::watermarks marks) : valve(marks) {}

  static std::unique_ptr<outbox> acquire(runtime::watermarks marks);

  /// Takes back an outbox whose queue is empty and whose valve is open.
  static void recycle(std::unique_ptr<outbox> x);

  write_queue queue;
  runtime::valve valve;
  runtime::time_point last_progress{};
};

} // namespace sluice::net
