#pragma once

// What most connections never need, allocated on first use. Private to the
// stream_*.cc files.

#include "net/name_lookup.h"
#include "net/stream_broker.h"

namespace sluice::net {

struct stream_broker::rare_state {
  // connecting
  endpoint target;
  std::unique_ptr<name_lookup> lookup;
  name_lookup::addresses addresses;
  std::size_t next_address = 0;
  int connect_error = 0;

  // reading: who told us to slow down, and what a framer left when it was taken
  // away
  runtime::actor_set pressed_by;
  byte_slice raw_rest;

  // handing over, and having been handed over
  stream_successor next;
  std::shared_ptr<void> companion;

  // writing
  std::uint64_t rejected = 0;

  // deadlines
  runtime::duration idle_limit{};
  runtime::duration read_limit{};

  // ending
  ending how;
};

} // namespace sluice::net
