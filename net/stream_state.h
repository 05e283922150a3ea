#pragma once

// stream_state: where a connection stands.
//
// For users. A value.

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::net {

enum class stream_state : std::uint8_t {
  idle,       // not started
  looking_up, // the name look-up is under way
  connecting, // connect(2) is under way
  open,       // bytes flow
  draining,   // `close`: what is queued is sent, nothing is delivered any more
  leaving,    // handed over to another broker when what is queued is sent
  lingering,  // everything is sent, the peer was told; waits for its end
  failing,    // decided inside of a handler to end; ends when it has returned
  closed,     // over
};

inline constexpr std::size_t stream_states =
    static_cast<std::size_t>(stream_state::closed) + 1;

std::string to_string(stream_state x);

} // namespace sluice::net
