#pragma once

// session: the WebSocket protocol of one connection after its handshake
// (RFC 6455), server or client, without a socket: bytes in, events out; what to
// send as frames.
//
//   session.feed(bytes);
//   while (session.next(event))
//     ...
//   if (auto frame = session.send(message_kind::text, payload)) write(*frame);
//
// What comes is read by wslay: masks, fragments, UTF-8, the order of frames.
// Its event API is told of no more than one frame at a time, so that a reader
// that is under pressure can stop after each message, and of a control frame
// only when all of it has come: wslay 1.1.1 looks for the reason of a close
// frame two bytes into each piece of it. It sends nothing: a payload that is
// written is shared and not copied, except by a client, which has to mask it.
//
// For users who have their own connections; everybody else has a connection
// (net/websocket/connection.h). Thread rule: one thread at a time. Lifetime:
// events and frames are independent of the session.
//
// Invariants:
// 1. What is delivered does not depend on how the stream was cut.
// 2. Memory for a message grows with what has come of it, at most to twice
// that,
//    and never with the length that the peer claims.
// 3. After `closing` or `failure` there are no more events and input is
// dropped.
// 4. After our close frame nothing is sent (RFC 6455, 5.5.1).
// 5. At most one pong is owed.

#include "net/websocket/close_code.h"
#include "net/websocket/frame.h"
#include "runtime/byte_slice.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sluice::net::websocket {

enum class role : std::uint8_t {
  server, // its frames are not masked, and the peer's have to be
  client,
};

enum class message_kind : std::uint8_t { text, binary };

struct session_options {
  websocket::role role = websocket::role::server;

  /// The longest message that may come, fragments together, in bytes. A longer
  /// one fails with close_code::message_too_big, before it has come.
  std::size_t message_bytes_max;

  /// Where a client's masks come from. Empty: from OpenSSL's generator, as they
  /// must not be foreseen (RFC 6455, 10.3).
  std::function<mask_key()> make_mask = {};

  session_options(); // with the defaults of runtime/limits.h
};

// -- what a session says ------------------------------------------------------

/// A whole message. Text is valid UTF-8.
struct incoming_message {
  message_kind kind = message_kind::text;
  byte_slice bytes;
};

/// The peer asks whether we are there; see `take_pong`.
struct incoming_ping {
  byte_slice payload;
};

struct incoming_pong {
  byte_slice payload;
};

/// The peer's close frame. If we have not sent ours, it is our turn: `close`
/// with the same code. Then the connection can end.
struct closing {
  /// no_status if it had none.
  close_code code = close_code::no_status;
  std::string reason;
};

/// The peer broke the protocol or a limit: send `close` with this code, and end
/// the connection (RFC 6455, 7.1.7).
struct failure {
  close_code code = close_code::protocol_error;
  /// What was wrong, and in which frame.
  std::string text;
};

using session_event = std::variant<incoming_message, incoming_ping,
                                   incoming_pong, closing, failure>;

/// What is to be sent as one: header and payload.
struct frame {
  frame_header header;
  byte_slice payload;
};

// -----------------------------------------------------------------------------

class session {
public:
  explicit session(session_options options = {});
  ~session();

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // -- receiving --------------------------------------------------------------

  /// Takes in what came, in the order of the stream. To be called when `next`
  /// has returned false; earlier it is right too, but copies what is left.
  void feed(byte_slice bytes);

  /// The next event; false if more has to come for it.
  bool next(session_event& out);

  /// Copies what is left out of a slab of which it uses little: for a reader
  /// that stops between two events.
  void compact();

  /// Bytes that were fed and not looked at.
  std::size_t unread() const noexcept { return carried_ + input_.size(); }

  /// True from the peer's close frame, or its failure.
  bool ended() const noexcept { return ended_; }

  /// The pong that is owed for the newest ping. One that was owed before it is
  /// forgotten (RFC 6455, 5.5.3), so that pings of a peer that does not read
  /// cannot fill our memory.
  bool owes_pong() const noexcept { return owed_pong_.has_value(); }
  std::optional<frame> take_pong();

  // -- sending. None means: our close frame was sent, or `send` while a message
  // is under way, or `send_more` while none is.
  // --------------------------------

  /// A message in one frame.
  std::optional<frame> send(message_kind kind, byte_slice payload);

  /// A message in fragments, for what is made bit by bit: the first with
  /// `begin`, then any number with `send_more`, the last one with `last`.
  /// Between them only control frames may be sent (RFC 6455, 5.4).
  std::optional<frame> begin(message_kind kind, byte_slice payload);
  std::optional<frame> send_more(byte_slice payload, bool last = false);
  bool under_way() const noexcept { return under_way_; }

  /// The last frame of `begin` or `send_more` was not accepted for sending: as
  /// if it had not been asked for.
  void take_back() noexcept { under_way_ = was_under_way_; }

  /// At most control_payload_bytes_max bytes; more is cut off.
  std::optional<frame> ping(byte_slice payload = {});

  /// Our close frame, once. Without a code (no_status) it is empty. A reason is
  /// UTF-8 and cut at a character to 123 bytes. A code that may not be sent
  /// becomes internal_error.
  std::optional<frame> close(close_code code, std::string_view reason = {});
  bool close_sent() const noexcept { return close_sent_; }

private:
  struct reader; // what wslay knows, and its callbacks
  friend struct reader;

  bool read_frame();
  frame pack(opcode what, bool fin, byte_slice payload);

  session_options options_;
  std::unique_ptr<reader> reader_;
  byte_slice input_;
  // The start of a frame that has not come far enough.
  std::array<char, control_frame_bytes_max> carry_{};
  std::uint8_t carried_ = 0;
  std::optional<session_event> ready_;
  std::optional<byte_slice> owed_pong_;
  bool ended_ = false;
  bool close_sent_ = false;
  bool under_way_ = false; // a message in fragments
  bool was_under_way_ = false;
};

} // namespace sluice::net::websocket
