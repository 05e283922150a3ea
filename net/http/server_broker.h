#pragma once

// server_broker: an actor that is one connection to a client that speaks
// HTTP/1.1 (RFC 9110, 9112). Its behavior gets requests and answers them:
//
//   caf::behavior hello(http::server_broker* self) {
//     return {
//       [=](const http::request& in) {
//         self->respond(http::status::ok, "text/plain", "hello\n");
//       },
//     };
//   }
//   auto server = http::serve(loops, "tcp://127.0.0.1:8080", hello);
//
// Requests come one at a time: the next one is looked at when the answer to the
// one before is complete, whenever that is; so a handler may ask another actor
// first, and answer when it is answered. A body follows as body_part and
// body_end, or goes to `read_body`; nobody has to take it. `closed`,
// `timed_out`, `backpressure`, `rejected` and `written` are as with a
// stream_broker. A request without a handler is answered 404, one whose
// behavior ends before it has answered 500.
//
// Both ways bodies are under backpressure: while what was written waits, and
// while an actor that this one sends to is under pressure, nothing is read.
//
// Invariants:
// 1. Each request that is delivered is answered once, in order, or the
//    connection ends in a way that the client can see: an answer is never
//    shorter or longer than it says.
// 2. What cannot be read beyond doubt is answered with what was wrong, and
//    nothing behind it is looked at.
// 3. A client gets "100 Continue" only when its body is wanted.
// 4. Between two requests a connection keeps nothing of them.
//
// For users. Thread rule: the member functions are for handlers of this actor.
// Lifetime: a stream_broker's.

#include "net/http/request.h"
#include "net/http/response.h"
#include "net/http/server_options.h"
#include "net/stream_broker.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net::http {

/// What all connections of a server share.
struct server_shared {
  server_options options;
  /// How long a request's body may be; empty: options.body_bytes_max.
  std::function<std::uint64_t(const http::request&)> body_limit;
  mutable std::atomic<std::size_t> open{0};
};

/// One of the server's connections, when its server_broker has gone.
struct server_place {
  explicit server_place(std::shared_ptr<const server_shared> x)
      : server(std::move(x)) {}
  server_place(const server_place&) = delete;
  server_place& operator=(const server_place&) = delete;
  ~server_place() { --server->open; }

  std::shared_ptr<const server_shared> server;
};

class server_broker : public stream_broker {
public:
  struct exchange; // internal: exchange.h

  /// Writes the next piece of a body, now or later, or ends it.
  using body_source = std::function<void(server_broker*)>;

  server_broker(caf::actor_config& cfg, event_loop& loop, stream_setup setup,
                std::shared_ptr<const server_shared> shared);
  ~server_broker() override;

  // -- answers. They do nothing when there is no request to be answered: the
  // client may have gone. -----------------------------------------------------

  /// A whole answer. Of an answer to HEAD only the head is sent.
  void respond(status code, std::string_view content_type,
               std::string_view body);
  void respond(status code, std::string_view content_type, byte_slice body);

  /// A status of 400 and above without a body gets its name as one.
  void respond(const http::response& head, byte_slice body = {});

  /// The head, and then any number of `write_body` and one `end_response`. With
  /// a length that is how long the body is going to be; without it is sent in
  /// chunks, or to the end of the connection to a client of HTTP/1.0.
  void start_response(const http::response& head,
                      std::optional<std::uint64_t> length = {});

  /// The same, for a body that is made as it is taken: `more` runs when the
  /// head has been written, and again whenever what it wrote was taken by the
  /// operating system, until the response ends or the connection does. It does
  /// not run for an answer without a body, as to HEAD; and there is no
  /// `written` for what it writes.
  void start_response(const http::response& head,
                      std::optional<std::uint64_t> length, body_source more);

  /// False if it was refused, as by `write`: then it comes back in `rejected`.
  /// More than the length that was announced ends the connection.
  bool write_body(byte_slice bytes, std::uint64_t token = 0);
  bool write_body(std::string_view text, std::uint64_t token = 0);

  /// Less than the length that was announced ends the connection.
  void end_response();

  /// An answer that cannot be finished: ends the connection, so that the client
  /// does not take it for whole.
  void break_response(caf::error why);

  /// Answers 101 with these fields, and hands the connection over to another
  /// protocol when that is sent (RFC 9110, section 7.8).
  void switch_protocols(const fields& lines, stream_successor next);

  /// The connection ends with this answer.
  void close_after_response() { closing_ = true; }

  // -- the request ------------------------------------------------------------

  /// The one that is to be answered, or null.
  const http::request* current() const noexcept;

  /// Takes the body of the current request, in place of the behavior. What
  /// comes is not read while our own writes wait. Belongs into the handler of
  /// the request: a part that has come, and that no handler took, is lost, and
  /// the request is answered 500. Who has to ask somebody first tells the body
  /// to wait by `read_paused`, and then takes it with `read_flowing`; both are
  /// forgotten with the answer.
  void read_body(std::function<void(byte_slice)> part,
                 std::function<void()> end);

  /// How long the rest of the current request's body may be, from here on.
  void body_limit(std::uint64_t bytes);

  const char* name() const override { return "http_server"; }

protected:
  delivery on_payload(byte_slice bytes) override;
  bool takes_payload() const noexcept override;
  delivery on_bad_frame(bad_frame& what) override;
  delivery on_peer_done() override;
  delivery on_accepted(accepted& what) override;
  bool intercept(caf::mailbox_element& x) override;
  bool may_ignore(const caf::mailbox_element& x) const override;
  void on_start() override;
  void on_timeout(timeout which) override;
  void on_terminate() override;
  void on_loop_stopping() override;
  void settle() override;

private:
  // What is between answers would be taken for one; and these deadlines are the
  // server's.
  using stream_broker::framing;
  using stream_broker::handshake_done;
  using stream_broker::handshake_timeout;
  using stream_broker::idle_timeout;
  using stream_broker::read_timeout;
  using stream_broker::shutdown_write;
  using stream_broker::write;
  using stream_broker::write_frame;

  request_codec& codec() noexcept {
    return static_cast<request_codec&>(*current_codec());
  }

  // server_broker.cc: requests
  delivery on_head(byte_slice bytes);
  delivery on_body(byte_slice bytes);
  delivery over_limit();
  void finish_exchange();
  void want_body();
  void watch_idle();

  // server_answer.cc: answers
  bool begin_answer(const http::response& head, std::string_view content_type,
                    std::optional<std::uint64_t> length);
  void append_head(std::string& to, const http::response& head,
                   std::string_view content_type,
                   std::optional<std::uint64_t> length);
  void finish_answer(std::string& head, byte_slice body);
  void write_refusal(status code, std::string_view why);
  void answered();
  void run_source();
  std::string& scratch();

  std::shared_ptr<const server_shared> shared_;
  std::unique_ptr<exchange> exchange_; // while a request is under way
  runtime::time_point since_{};        // the last request, or byte of a body
  bool closing_ = false;
  bool counted_ = false;
};

} // namespace sluice::net::http
