#pragma once

// progress: what the stages tell the main function.
//
// Thread rule: any thread. Lifetime: longer than the actors.

#include "examples/support/transfer.h"

#include <atomic>
#include <cstdint>

namespace sluice::examples::pipeline {

struct progress : support::transfer {
  std::atomic<std::uint64_t> lines{0};
};

} // namespace sluice::examples::pipeline
