#pragma once

// What a reader sends to whoever gets the bytes, and what a writer gets and
// says. The bytes are those that were read: nobody copies them on the way.
//
// Thread rule: values. Lifetime: a slice keeps its chunk.

#include "runtime/byte_slice.h"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>

namespace sluice::examples::support {

using runtime::byte_slice;

/// What one read brought.
struct chunk {
  byte_slice bytes;
};

/// Nothing follows.
struct end_of_input {};

/// From a writer: so many of your bytes are written.
struct taken {
  std::size_t bytes = 0;
};

/// What an actor that reads or writes tells itself. While it is paused this
/// waits, too: that is what stops it.
struct go_on {};

} // namespace sluice::examples::support

// They stay inside of this process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::support::chunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::support::end_of_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::support::taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::support::go_on)
