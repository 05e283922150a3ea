#pragma once

// client_broker: an actor that is one connection to an HTTP/1.1 server and asks
// it one thing after the other:
//
//   caf::behavior ask(sluice::net::http::client_broker* self) {
//     self->send({.target = "/"});
//     return {
//       [=](const http::answer_head& head) { /* head.status */ },
//       [=](const http::answer_part& part) { /* part.bytes */ },
//       [=](const http::answer_end&) { self->close(); },
//       [=](const http::request_failed& why) { /* why.reason */ },
//     };
//   }
//   auto client = http::connect(loops, "tcp://127.0.0.1:8080", ask);
//
// Besides these it gets the events of a stream_broker, but for `received`.
// Requests wait in a queue; the next is sent when the answer before it is
// complete (no pipelining: too many servers and middle boxes get it wrong). Its
// body goes out while the server takes it, and an answer is read while the
// behavior takes it: `read_paused`, `read_credit` and *backpressure* work as
// they do with any stream_broker.
//
// Every request ends in exactly one `answer_end` or `request_failed`, the
// latter with a reason and before `closed`. The connection ends when the server
// says so; whoever wants to go on connects again and repeats what may be
// repeated. For one answer without all this see net/http/fetch.h.
//
// For users. Thread rule: handlers of this actor, on the loop's thread.
// Lifetime: as a stream_broker.

#include "net/http/answer_parser.h"
#include "net/http/client_events.h"
#include "net/listen.h"
#include "net/stream_broker.h"

#include <deque>
#include <memory>
#include <string>

namespace sluice::net::http {

class client_broker : public stream_broker {
public:
  client_broker(caf::actor_config& cfg, event_loop& loop, stream_setup setup);
  ~client_broker() override;

  // -- asking -----------------------------------------------------------------

  /// Queues a request and returns its number, from 1; or 0, and nothing comes
  /// of it, when the connection has ended: in the handlers of its last
  /// `request_failed` and of `closed`. What cannot be sent comes back in
  /// `request_failed` when the handler has returned: the connection is about
  /// to end (so ask nothing again while its `state()` is not open), more than
  /// limits::http_client_queue_requests wait, or the method, the target or a
  /// field has characters that would make another request of it.
  std::uint64_t send(client_request what);

  /// Writes a piece of the body of the request under way, after *body_wanted*.
  /// With a token (below 2^63) there will be a `written`. False if it was
  /// refused: no body is wanted, it is longer than was said, or it does not
  /// fit (then it comes back in `rejected`).
  bool write_body(byte_slice bytes, std::uint64_t token = 0);

  /// The body is complete. If it is shorter than was said the connection ends.
  void end_body();

  /// Takes a request back; it comes in `request_failed`. If it is under way
  /// there is no other way than to end the connection.
  void cancel(std::uint64_t id);

  // -- what is ----------------------------------------------------------------

  /// Requests that are not answered yet.
  std::size_t unanswered() const noexcept {
    return waiting_.size() + (current_ ? 1 : 0);
  }

  /// The request under way, or 0.
  std::uint64_t current() const noexcept { return current_ ? current_->id : 0; }

  const char* name() const override { return "http_client"; }

protected:
  delivery on_connected(connected& what) override;
  delivery on_payload(byte_slice bytes) override;
  delivery on_peer_done() override;
  delivery on_closed(closed& what) override;
  bool intercept(caf::mailbox_element& x) override;
  void settle() override;

private:
  // Bytes between requests would be taken for one.
  using stream_broker::framing;
  using stream_broker::shutdown_write;
  using stream_broker::write;
  using stream_broker::write_frame;

  enum class body_state : std::uint8_t {
    held,    // waits for its head, or for the server to continue
    flowing, // is being sent, or written by the behavior
    done,    // was sent, or there is none
  };

  /// A request and what became of it.
  struct exchange {
    std::uint64_t id = 0;
    client_request request;
    runtime::time_point due = runtime::time_point::max();
    body_state body = body_state::held;
    std::uint64_t body_sent = 0;
    bool sent = false;     // its head was handed to the connection
    bool answered = false; // the head of its answer came
  };

  struct clock_hand : runtime::timer {
    clock_hand(client_broker& x, callback f) : timer(f), owner(x) {}
    client_broker& owner;
  };

  void start_next();
  void want_body();
  void send_whole_body();
  delivery read_answer();
  void finish_answer();
  delivery refuse(caf::error why);
  void give_back(std::unique_ptr<exchange> x, caf::error reason);
  void give_up(caf::error reason);
  void deliver_failures();
  void arm_deadline();
  void on_deadline_due();

  std::string host_;
  std::deque<std::unique_ptr<exchange>> waiting_;
  std::unique_ptr<exchange> current_;
  std::deque<request_failed> failures_; // to be told outside of handlers
  answer_parser parser_;
  clock_hand deadline_;
  clock_hand continue_wait_;
  std::uint64_t last_id_ = 0;
  bool last_answer_ = false; // the server ends the connection after it
};

} // namespace sluice::net::http
