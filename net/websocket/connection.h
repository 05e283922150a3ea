#pragma once

// connection: an actor that is one WebSocket (RFC 6455). A stream_broker whose
// behavior gets messages instead of bytes:
//
//   caf::behavior echo(websocket::connection* self) {
//     return {
//       [=](const websocket::message& in) {
//         self->send_message(in.kind, in.bytes);
//       },
//     };
//   }
//   router.websocket("/echo", echo);
//
// Backpressure is the stream_broker's: whoever fills its queue is told so, and
// while the peer does not take what this actor sent, nothing is read. So the
// echo above never holds more than the high mark and one message. Pings are
// answered, at most one pong is owed; a peer that is silent is pinged, and then
// dead. What a server sends is shared and not copied.
//
// Events: opened, message, pinged, ponged, ended (net/websocket/events.h), then
// written, rejected, timed_out, backpressure, and at last closed
// (net/events.h). Commands for other actors: net/websocket/commands.h.
//
// Invariants, besides those of stream_broker:
// 1. Between the frames of a message that is sent in fragments nobody's
//    messages are sent: those that others have queued go before it, later ones
//    come back (reject_reason::overflow).
// 2. Our close frame is behind all that is queued, and there is always room for
//    it. After it nothing is sent: it comes back (shut_down).
// 3. From then on the peer is read and nothing told of what it says, whoever is
//    under pressure, until its close frame comes or close_answer has passed.
// 4. A behavior that was told *opened* is told *ended* once, before *closed*;
//    unless it has quit.
// 5. Pings, pongs and close frames come back to nobody.
//
// For users. Thread rule and lifetime: as with stream_broker.

#include "net/stream_broker.h"
#include "net/websocket/commands.h"
#include "net/websocket/events.h"
#include "net/websocket/options.h"
#include "net/websocket/session.h"

#include <memory>
#include <string_view>

namespace sluice::net::websocket {

class connection : public stream_broker {
public:
  /// A server's end of a connection whose handshake is done. `info` becomes
  /// `opened`, with the addresses.
  connection(caf::actor_config& cfg, event_loop& loop, stream_setup setup,
             opened info, std::shared_ptr<const websocket::options> options);
  ~connection() override;

  // -- sending. False if it was refused: then the payload comes back in
  // `rejected` (of a shared_message, and at a client: as a frame, which
  // net::write sends again). With a token other than 0 there will be a
  // `written`. Text has to be UTF-8.
  // ---------------------------------------------------------------------------

  bool send_message(message_kind kind, byte_slice payload,
                    std::uint64_t token = 0);
  bool send_message(const shared_message& what, std::uint64_t token = 0);

  bool send_text(byte_slice payload, std::uint64_t token = 0) {
    return send_message(message_kind::text, std::move(payload), token);
  }
  bool send_binary(byte_slice payload, std::uint64_t token = 0) {
    return send_message(message_kind::binary, std::move(payload), token);
  }

  /// Copy `payload`.
  bool send_text(std::string_view payload, std::uint64_t token = 0);
  bool send_binary(std::string_view payload, std::uint64_t token = 0);

  /// A message in fragments, as what it is made of comes. One that was refused
  /// was not sent: try it again. Not with overflow::drop_oldest, which might
  /// take a fragment out of the middle: then `begin_message` is refused.
  bool begin_message(message_kind kind, byte_slice payload,
                     std::uint64_t token = 0);
  bool continue_message(byte_slice payload, std::uint64_t token = 0);
  bool end_message(byte_slice payload = {}, std::uint64_t token = 0);

  /// At most 125 bytes of payload; more is cut off. False if it is too late, or
  /// there is no room for it now.
  bool ping(byte_slice payload = {});

  // -- reading: as with stream_broker, in messages ----------------------------

  void read_credit(std::uint64_t count);
  void read_flowing();
  void read_paused();

  // -- ending -----------------------------------------------------------------

  /// Sends what is queued and a close frame, waits for the peer's, and closes
  /// the connection. A peer that takes nothing more for close_answer, or has
  /// taken all and does not answer for that long, is given up. A code that may
  /// not be sent (RFC 6455, 7.4) becomes internal_error; a reason is cut to 123
  /// bytes.
  void close(close_code code = close_code::normal,
             std::string_view reason = {});

  // -- what is ----------------------------------------------------------------

  const opened& info() const noexcept { return info_; }

  /// How the WebSocket ended, for a handler of `closed`; as in `ended`.
  close_code ended_with() const noexcept { return ended_code_; }

  /// True once `close` was called, or the peer's close frame has come.
  bool is_closing() const noexcept { return session_.close_sent(); }

  const char* name() const override { return "websocket_connection"; }

  /// Turns `send` into what the door of the mailbox knows, and masks what a
  /// client sends.
  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override;

protected:
  /// For the client's end; not open until `open`.
  connection(caf::actor_config& cfg, event_loop& loop, stream_setup setup,
             websocket::role role,
             std::shared_ptr<const websocket::options> options);

  /// The handshake is done, and a frame_codec cuts what comes.
  delivery open(opened info);

  const websocket::options& settings() const noexcept { return *settings_; }
  bool is_open() const noexcept { return is_open_; }
  opcode usual_opcode() const noexcept;

  bool intercept(caf::mailbox_element& x) override;
  bool may_ignore(const caf::mailbox_element& x) const override;
  void on_terminate() override;
  void on_loop_stopping() override;
  void settle() override;
  void on_timeout(timeout which) override;
  delivery on_accepted(accepted& what) override;
  delivery on_payload(byte_slice bytes) override;
  bool takes_payload() const noexcept override;
  bool drops_payload() const noexcept override;
  delivery on_bad_frame(bad_frame& what) override;
  delivery on_peer_done() override;
  delivery on_closed(closed& what) override;

private:
  // Bytes that are no frames would break the stream.
  using stream_broker::framing;
  using stream_broker::handshake_done;
  using stream_broker::handshake_timeout;
  using stream_broker::shutdown_write;
  using stream_broker::write;
  using stream_broker::write_frame;
  // Its deadline is that of pings.
  using stream_broker::read_timeout;

  delivery take(session_event& event);
  delivery take_end(closing& x);
  delivery take_end(failure& x);
  delivery tell_end(close_code code, std::string reason, bool clean);
  bool put(const frame& x, std::uint64_t token);
  bool put_fragment(std::optional<frame> x, byte_slice payload,
                    std::uint64_t token);
  bool refuse(byte_slice payload, std::uint64_t token);
  std::optional<reject_reason> refusal() const;
  byte_slice copied(std::string_view text);
  byte_slice copied(const frame& x);
  bool is_message(const byte_slice& bytes) const;
  void say_goodbye(close_code code, std::string_view reason);
  void pay_pong();
  void look_after_peer();

  session session_;
  std::shared_ptr<const websocket::options> settings_;
  opened info_;
  std::int64_t credit_ = -1; // messages; < 0: flowing
  close_code ended_code_ = close_code::abnormal;
  bool is_client_ = false;
  bool is_open_ = false;
  bool told_end_ = false;
  bool ping_sent_ = false;
  runtime::time_point since_{};    // the peer was heard, or asked
  std::uint64_t pong_ends_at_ = 0; // in bytes accepted
};

} // namespace sluice::net::websocket
