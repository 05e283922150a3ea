#pragma once

// What `parse` sends on. The bytes are those that were read: nobody
// copies them on the way.
//
// Thread rule: values. Lifetime: a slice keeps its chunk.

#include "runtime/byte_slice.h"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <cstdint>

namespace sluice::examples::pipeline {

using runtime::byte_slice;

/// parse -> enrich -> sink: a line with its end, or a piece of one that does
/// not lie in one chunk. So no line is too long, and no byte is copied to join
/// what came apart.
struct line {
  byte_slice text;
  bool starts = true;       // the first piece of its line
  std::uint64_t number = 0; // what `enrich` adds
};

} // namespace sluice::examples::pipeline

// It stays inside of this process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::pipeline::line)
