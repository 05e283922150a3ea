#include "net/http/server_broker.h"

#include "net/http/exchange.h"
#include "runtime/error.h"

#include <utility>
#include <vector>

// A server_broker's requests, and when it ends.

namespace sluice::net::http {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;
using stage = server_broker::exchange::stage;

namespace {

constexpr std::size_t spare_exchanges_max = 64;

/// Of pieces that a body_source has written.
constexpr auto source_token = ~std::uint64_t{0};

} // namespace

std::vector<std::unique_ptr<server_broker::exchange>>&
server_broker::exchange::spares() {
  static thread_local std::vector<std::unique_ptr<exchange>> result;
  return result;
}

std::unique_ptr<server_broker::exchange> server_broker::exchange::acquire() {
  auto& spare = spares();
  if (spare.empty())
    return std::make_unique<exchange>();
  auto result = std::move(spare.back());
  spare.pop_back();
  return result;
}

void server_broker::exchange::recycle(std::unique_ptr<exchange> x) {
  if (spares().size() >= spare_exchanges_max)
    return;
  auto in = std::move(x->in);
  in.clear();
  *x = exchange{};
  x->in = std::move(in);
  spares().push_back(std::move(x));
}

server_broker::server_broker(caf::actor_config& cfg, event_loop& loop,
                             stream_setup setup,
                             std::shared_ptr<const server_shared> shared)
    : stream_broker(cfg, loop, std::move(setup)), shared_(std::move(shared)) {
}

server_broker::~server_broker() = default;

const http::request* server_broker::current() const noexcept {
  return exchange_ && exchange_->answer != stage::done ? &exchange_->in
                                                       : nullptr;
}

void server_broker::on_start() {
  stream_broker::on_start();
  framing(std::make_unique<request_codec>(shared_->options.head));
}

delivery server_broker::on_accepted(accepted& what) {
  counted_ = true;
  if (++shared_->open > shared_->options.connections_max) {
    write_refusal(status::service_unavailable,
                  "there are too many connections");
    close();
    return delivery::handled;
  }
  since_ = loop().now();
  arm(timeout::handshake, since_ + shared_->options.head_deadline);
  return stream_broker::on_accepted(what);
}

// -- what comes ---------------------------------------------------------------

bool server_broker::takes_payload() const noexcept {
  return !exchange_ || !exchange_->request_complete;
}

delivery server_broker::on_payload(byte_slice bytes) {
  auto result = codec().found() == request_codec::part::head
                    ? on_head(std::move(bytes))
                    : on_body(std::move(bytes));
  if (result != delivery::terminated)
    finish_exchange();
  return result;
}

delivery server_broker::on_head(byte_slice bytes) {
  if (armed(timeout::handshake))
    disarm(timeout::handshake);
  exchange_ = exchange::acquire();
  auto& x = *exchange_;
  codec().take_request(std::move(bytes), x.in);
  x.request_complete = codec().ends_message();
  if (!x.in.keeps_alive() || loop().stopping())
    closing_ = true;
  if (!x.request_complete) {
    x.body_limit = shared_->body_limit ? shared_->body_limit(x.in)
                                       : shared_->options.body_bytes_max;
    if (x.in.content_length().value_or(0) > x.body_limit)
      return over_limit();
    codec().limit_body(x.body_limit);
  }
  auto result = deliver(x.in);
  if (result == delivery::terminated || !exchange_)
    return result;
  if (result == delivery::unhandled && x.answer == stage::none)
    respond(http::response{status::not_found});
  if (x.answer != stage::done)
    x.in.compact();
  if (!x.request_complete && x.answer == stage::none)
    want_body();
  return result == delivery::skipped ? result : delivery::handled;
}

/// The body may come.
void server_broker::want_body() {
  auto& x = *exchange_;
  // Nothing comes between the head of an answer and its body.
  if (x.in.expects_continue() && x.answer == stage::none
      && !std::exchange(x.continued, true))
    stream_broker::write("HTTP/1.1 100 Continue\r\n\r\n");
  since_ = loop().now();
  arm(timeout::read, since_ + shared_->options.body_silence);
}

delivery server_broker::on_body(byte_slice bytes) {
  since_ = loop().now();
  auto& x = *exchange_;
  auto ends = codec().ends_message();
  auto result = delivery::handled;
  if (bytes.size() > x.body_limit)
    return over_limit();
  if (bytes.empty() && !ends)
    keep_credit();
  x.body_limit -= bytes.size();
  if (x.answer == stage::done) {
    // Nobody wants it. It is read to its end if that is near, so that the
    // connection can be used again.
    x.unread += bytes.size();
    if (x.unread > limits::http_unread_body_bytes_max)
      close();
  } else if (!bytes.empty()) {
    if (x.on_part) {
      // It may put another one into its place.
      auto part = std::exchange(x.on_part, {});
      if (!run([&] { part(std::move(bytes)); }))
        return delivery::terminated;
      if (exchange_ && !exchange_->on_part)
        exchange_->on_part = std::move(part);
    } else {
      body_part event{std::move(bytes)};
      result = deliver(event);
      if (result == delivery::terminated)
        return result;
      if (result == delivery::unhandled && exchange_)
        exchange_->body_lost = true;
    }
  }
  result = result == delivery::skipped ? result : delivery::handled;
  if (!ends || !exchange_)
    return result;
  exchange_->request_complete = true;
  disarm(timeout::read);
  if (x.answer == stage::done)
    return result;
  if (x.on_end) {
    auto f = std::exchange(x.on_end, {});
    x.on_part = {};
    return run(std::move(f)) ? result : delivery::terminated;
  }
  body_end event;
  auto end = deliver(event);
  return end == delivery::unhandled ? result : end;
}

delivery server_broker::over_limit() {
  if (exchange_->answer != stage::none) {
    // Who answers before the end of a body does not want it.
    close();
    return delivery::handled;
  }
  write_refusal(status::content_too_large, "the body is too long");
  close();
  return delivery::handled;
}

void server_broker::read_body(std::function<void(byte_slice)> part,
                              std::function<void()> end) {
  if (!exchange_)
    return;
  // The rest must not be taken for the whole.
  if (exchange_->body_lost)
    return exchange_->answer == stage::none
               ? respond(status::internal_server_error, "text/plain",
                         "The body came before it was asked for.\n")
               : break_response(make_error(
                   errc::connection_closed,
                   "the body of a request came before it was asked for"));
  if (exchange_->request_complete) // there is none
    return end();
  exchange_->on_part = std::move(part);
  exchange_->on_end = std::move(end);
  want_body();
}

void server_broker::body_limit(std::uint64_t bytes) {
  if (!exchange_ || exchange_->request_complete
      || state() != stream_state::open)
    return;
  exchange_->body_limit = bytes;
  codec().limit_body(bytes);
}

/// To be called when no handler looks at the request any more.
void server_broker::finish_exchange() {
  if (!exchange_ || exchange_->answer != stage::done)
    return;
  auto& x = *exchange_;
  if (!is_flowing()) // what the handler said was for this request
    read_flowing();
  if (!x.request_complete) {
    // Who waits for a 100 that does not come may send the body or the next
    // request: nobody can tell.
    auto length = x.in.content_length();
    if ((x.in.expects_continue() && !x.continued)
        || (length && *length > limits::http_unread_body_bytes_max))
      closing_ = true;
    if (closing_)
      return close();
    if (!armed(timeout::read))
      arm(timeout::read, loop().now() + shared_->options.body_silence);
    return;
  }
  exchange::recycle(std::move(exchange_));
  if (closing_)
    return close();
  since_ = loop().now();
  watch_idle();
}

// -- what does not come -------------------------------------------------------

delivery server_broker::on_bad_frame(bad_frame& what) {
  if (what.reason == close_reason::truncated_frame && !exchange_)
    return delivery::handled; // the beginning of a request: nobody waits
  if (exchange_ && exchange_->answer == stage::done)
    return delivery::handled; // the answer is whole, and may be on its way
  if (exchange_ && exchange_->answer != stage::none)
    return delivery::unhandled;
  auto code = what.reason == close_reason::frame_too_long && !codec().in_body()
                  ? status::request_header_fields_too_large
                  : codec().refusal();
  write_refusal(code, what.text);
  return delivery::handled;
}

delivery server_broker::on_peer_done() {
  if (!exchange_)
    return delivery::unhandled;
  closing_ = true;
  if (exchange_->request_complete)
    return delivery::handled; // it may still read
  if (exchange_->answer == stage::none)
    write_refusal(status::bad_request, "the request ended inside of its body");
  begin_drain(close_reason::truncated_frame,
              make_error(errc::truncated_frame,
                         "the request ended inside of its body"));
  return delivery::handled;
}

/// Timers are not moved with every request: one that fires looks at when the
/// last one was.
void server_broker::watch_idle() {
  if (!armed(timeout::idle))
    arm(timeout::idle, since_ + shared_->options.idle);
}

void server_broker::on_timeout(timeout which) {
  auto& times = shared_->options;
  auto now = loop().now();
  switch (which) {
  case timeout::handshake:
    // A browser opens some ahead of time, and would take a 408 for the answer
    // to what it sends next.
    if (unframed() == 0)
      return close();
    write_refusal(status::request_timeout,
                  "the head of the request took too long");
    return begin_drain(close_reason::handshake_timeout,
                       make_error(errc::connection_closed,
                                  "the head of a request took too long"));
  case timeout::idle:
    if (exchange_ || unframed() > 0)
      return;
    if (now < since_ + times.idle)
      return arm(which, since_ + times.idle);
    return close();
  case timeout::read:
    if (!exchange_ || exchange_->request_complete)
      return;
    if (!may_read()) // its silence is ours
      since_ = now;
    if (now < since_ + times.body_silence)
      return arm(which, since_ + times.body_silence);
    if (exchange_->answer == stage::none)
      write_refusal(status::request_timeout,
                    "the body of the request took too long");
    return begin_drain(close_reason::handshake_timeout,
                       make_error(errc::connection_closed,
                                  "the body of a request took too long"));
  default:
    return stream_broker::on_timeout(which);
  }
}

void server_broker::settle() {
  if (exchange_ && exchange_->source_due)
    run_source();
  if (state() == stream_state::open)
    finish_exchange();
  stream_broker::settle();
  if (state() == stream_state::open && !exchange_ && unframed() > 0
      && !armed(timeout::handshake))
    arm(timeout::handshake, loop().now() + shared_->options.head_deadline);
}

// -- the rest -----------------------------------------------------------------

bool server_broker::intercept(caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.size() == 1) {
    if (content.match_element<net::write>(0)
        || content.match_element<net::write_frame>(0)) {
      // Bytes between answers would be taken for one.
      refuse_write(x, reject_reason::bad_frame);
      return true;
    }
    if (content.match_element<net::written>(0)
        && content.get_as<net::written>(0).token == source_token) {
      if (exchange_ && exchange_->being_taken > 0
          && --exchange_->being_taken == 0) {
        exchange_->source_due = true;
        settle_later();
      }
      return true;
    }
  }
  return stream_broker::intercept(x);
}

bool server_broker::may_ignore(const caf::mailbox_element& x) const {
  auto& content = x.content();
  if (content.size() == 1
      && (content.match_element<http::request>(0)
          || content.match_element<body_part>(0)
          || content.match_element<body_end>(0)))
    return true;
  return stream_broker::may_ignore(x);
}

void server_broker::on_loop_stopping() {
  if (exchange_)
    closing_ = true; // when it is answered, or the loop has waited long enough
  else
    stream_broker::on_loop_stopping();
}

void server_broker::on_terminate() {
  if (counted_)
    --shared_->open;
  if (exchange_ && exchange_->answer == stage::none
      && state() == stream_state::open) {
    write_refusal(status::internal_server_error,
                  "there is no answer to the request");
    flush();
  }
  stream_broker::on_terminate();
}

} // namespace sluice::net::http
