#pragma once

// What the stages send each other. The bytes are those that were read: nobody
// copies them on the way.
//
// Thread rule: values. Lifetime: a slice keeps its chunk.

#include "runtime/byte_slice.h"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <cstdint>

namespace sluice::examples::pipeline {

using runtime::byte_slice;

/// reader -> parse: what one read brought.
struct chunk {
  byte_slice bytes;
};

/// parse -> enrich -> sink: a line with its end, or a piece of one that does
/// not lie in one chunk. So no line is too long, and no byte is copied to join
/// what came apart.
struct line {
  byte_slice text;
  bool starts = true;       // the first piece of its line
  std::uint64_t number = 0; // what `enrich` adds
};

/// reader -> ... -> writer: nothing follows.
struct end_of_input {};

/// writer -> sink: so many of your bytes are written.
struct taken {
  std::size_t bytes = 0;
};

/// What a stage that reads or writes tells itself. While an actor is paused
/// this waits, too: that is what stops it.
struct go_on {};

} // namespace sluice::examples::pipeline

// They stay inside of this process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::pipeline::chunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::pipeline::line)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::pipeline::end_of_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::pipeline::taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::pipeline::go_on)
