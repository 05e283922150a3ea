#pragma once

// part: what the relay sends through its channels: some bytes of the stream, or
// at its end their SHA-256, so that the last one can compare.
//
// A value.

#include "runtime/byte_slice.h"

#include <caf/meta/type_name.hpp>

#include <string>

namespace sluice::examples::relay {

struct part {
  runtime::byte_slice bytes;
  std::string sha256; // in hexadecimal; only of the last part
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, part& x) {
  return f(caf::meta::type_name("relay.part"), x.bytes, x.sha256);
}

} // namespace sluice::examples::relay
