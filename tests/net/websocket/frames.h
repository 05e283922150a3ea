#pragma once

// What the tests of WebSockets share: frames as they may and may not be, and
// what a session makes of them.
//
// For tests. Thread rule: one thread at a time. Lifetime: functions only.

#include "net/websocket/session.h"
#include "tests/support/random_source.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

using lines = std::vector<std::string>;

/// A frame of a client, put together without the code under test.
struct wire_frame {
  unsigned code = 1;
  std::string payload = {};
  bool fin = true;
  unsigned reserved = 0; // RSV1 is 4
  bool masked = true;
  int length_bytes = -1; // 0, 2 or 8; -1: the shortest
  std::string key = "\x12\x34\x56\x78";

  std::string bytes() const;
};

/// A close frame's payload.
std::string close_payload(unsigned code, std::string_view reason = {});

/// How an event is noted: "text hello", "close 1000 bye", "failure 1002 ...".
std::string text_of(const net::websocket::session_event& x);

/// What a session makes of a stream in pieces of `step` bytes.
lines events(net::websocket::session& session, std::string_view stream,
             std::size_t step = std::string_view::npos);

/// The same of a fresh server.
lines server_events(std::string_view stream,
                    std::size_t step = std::string_view::npos);

/// In pieces of random sizes, some of which lie behind each other in memory,
/// and some are fed before all events of the last were taken.
lines events_in_pieces(net::websocket::session& session,
                       std::string_view stream, random_source& random);

/// Options with a limit that is easy to reckon with.
net::websocket::session_options small_messages(std::size_t bytes_max);

/// A client whose masks are all `key`.
net::websocket::session_options client_options(std::string_view key = "abcd");

/// The bytes of a frame that a session sends.
std::string bytes_of(const net::websocket::frame& x);

} // namespace sluice::testing
