#pragma once

// head_fields: the header lines that Beast has parsed, as a handshake asks for
// them.
//
// Internal. Thread rule: pure. Lifetime: views point into what was parsed.

#include "net/websocket/handshake.h"

namespace sluice::net::websocket {

/// `message` is one of Beast's, and has to outlive the result.
template <class Message>
field_lookup lookup_in(const Message& message) {
  return [&message](std::string_view name) {
    std::vector<std::string_view> result;
    auto [at, end] = message.equal_range({name.data(), name.size()});
    for (; at != end; ++at)
      result.emplace_back(at->value().data(), at->value().size());
    return result;
  };
}

} // namespace sluice::net::websocket
