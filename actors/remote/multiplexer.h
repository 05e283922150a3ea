#pragma once

// multiplexer: CAF's, with connections of our own kind. In CAF 0.17.6
// `new_scribe` is the one place where they are made, whoever asks for them.
//
// Internal. Thread rule and lifetime: as caf::io::network::default_multiplexer.

#include "actors/remote/connection.h"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/make_counted.hpp>

namespace sluice::actors::remote {

class multiplexer final : public caf::io::network::default_multiplexer {
public:
  using default_multiplexer::default_multiplexer;

  caf::io::scribe_ptr
  new_scribe(caf::io::network::native_socket socket) override {
    caf::io::network::keepalive(socket, true); // as CAF's own does
    return caf::make_counted<connection>(*this, socket);
  }
};

} // namespace sluice::actors::remote
