#include "net/http/exchange.h"
#include "net/http/http_date.h"
#include "net/http/server_broker.h"
#include "net/http/token.h"
#include "runtime/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

// A server_broker's answers.

namespace sluice::net::http {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;
using stage = server_broker::exchange::stage;
using framing_kind = server_broker::exchange::framing;

namespace {

constexpr auto source_token = ~std::uint64_t{0};

/// What is copied behind its head: one write, and one piece for the system.
constexpr std::size_t copied_bytes_max = 4 * 1024;

bool is_safe(std::string_view x) noexcept {
  return std::all_of(x.begin(), x.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\t';
  });
}

/// A field that could be taken for two, or for the end of the head.
bool are_safe(const fields& lines) noexcept {
  return std::all_of(lines.begin(), lines.end(), [](auto& x) {
    return !x.name().empty() && is_safe(x.name()) && is_safe(x.value())
           && x.name().find_first_of(": \t") == std::string_view::npos;
  });
}

void append_number(std::string& to, std::uint64_t x) {
  std::array<char, 20> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
  to.append(text.data(), end);
}

void append_line(std::string& to, std::string_view name,
                 std::string_view value) {
  to.append(name).append(": ").append(value).append("\r\n");
}

/// The present as the field Date, the same for all connections of a thread.
std::string_view date_now(event_loop& loop) {
  static thread_local date_text text;
  return text.at(loop.wall_now());
}

} // namespace

/// Empty; for what is written before it is used again.
std::string& server_broker::scratch() {
  static thread_local std::string text;
  text.clear();
  return text;
}

// -- heads --------------------------------------------------------------------

/// False if there is nothing to be answered.
bool server_broker::begin_answer(const http::response& head,
                                 std::string_view content_type,
                                 std::optional<std::uint64_t> length) {
  if (!exchange_ || exchange_->answer != stage::none
      || state() != stream_state::open)
    return false;
  if (!are_safe(head.fields) || !is_safe(content_type)) {
    write_refusal(status::internal_server_error,
                  "the answer has a malformed field");
    close();
    return false;
  }
  auto& x = *exchange_;
  x.answer = stage::composed;
  if (head.fields.find("connection")
      && list_has(*head.fields.find("connection"), "close"))
    closing_ = true;
  // Who sends a body that nobody reads to its end gets no second answer.
  if (!x.request_complete && x.in.expects_continue() && !x.continued)
    closing_ = true;
  if (is_bodiless(head.status) || x.in.verb() == method::head)
    x.end = framing_kind::nothing;
  else if (length)
    x.end = framing_kind::length;
  else if (x.in.minor_version() > 0)
    x.end = framing_kind::chunks;
  else
    x.end = framing_kind::connection;
  x.left = length.value_or(0);
  if (x.end == framing_kind::connection)
    closing_ = true;
  return true;
}

void server_broker::append_head(std::string& to, const http::response& head,
                                std::string_view content_type,
                                std::optional<std::uint64_t> length) {
  auto& x = *exchange_;
  to += "HTTP/1.1 ";
  append_number(to, code_of(head.status));
  to.append(" ").append(reason_phrase(head.status)).append("\r\n");
  if (!shared_->options.server.empty() && !head.fields.find("server"))
    append_line(to, "Server", shared_->options.server);
  if (!head.fields.find("date"))
    append_line(to, "Date", date_now(loop()));
  if (!content_type.empty())
    append_line(to, "Content-Type", content_type);
  for (auto& line : head.fields)
    if (!same_name(line.name(), "content-length")
        && !same_name(line.name(), "transfer-encoding")
        && !same_name(line.name(), "connection"))
      append_line(to, line.name(), line.value());
  if (length && !is_bodiless(head.status)) {
    to += "Content-Length: ";
    append_number(to, *length);
    to += "\r\n";
  } else if (x.end == framing_kind::chunks) {
    to += "Transfer-Encoding: chunked\r\n";
  }
  // Upgrade is about this connection, which has to be said (RFC 9110, 7.8).
  if (head.status == status::upgrade_required)
    to +=
        closing_ ? "Connection: Upgrade, close\r\n" : "Connection: Upgrade\r\n";
  else if (closing_)
    to += "Connection: close\r\n";
  else if (x.in.minor_version() == 0)
    to += "Connection: keep-alive\r\n";
  to += "\r\n";
}

// -- whole answers ------------------------------------------------------------

void server_broker::respond(status code, std::string_view content_type,
                            std::string_view body) {
  http::response head{code, {}};
  if (body.size() > copied_bytes_max)
    return respond(code, content_type, byte_slice::copy(body));
  if (!begin_answer(head, content_type, body.size()))
    return;
  auto& text = scratch();
  append_head(text, head, content_type, body.size());
  if (exchange_->end != framing_kind::nothing)
    text += body;
  finish_answer(text, {});
}

void server_broker::respond(status code, std::string_view content_type,
                            byte_slice body) {
  http::response head{code, {}};
  if (!begin_answer(head, content_type, body.size()))
    return;
  auto& text = scratch();
  append_head(text, head, content_type, body.size());
  finish_answer(text, std::move(body));
}

void server_broker::respond(const http::response& head, byte_slice body) {
  auto type = std::string_view{};
  auto name = std::string{};
  if (body.empty() && code_of(head.status) >= 400) {
    name.append(reason_phrase(head.status)).append("\n");
    body = byte_slice::copy(name);
    if (!head.fields.find("content-type"))
      type = "text/plain; charset=utf-8";
  }
  if (!begin_answer(head, type, body.size()))
    return;
  auto& text = scratch();
  append_head(text, head, type, body.size());
  finish_answer(text, std::move(body));
}

void server_broker::finish_answer(std::string& head, byte_slice body) {
  auto& x = *exchange_;
  if (x.end == framing_kind::nothing)
    body = {};
  if (body.size() <= copied_bytes_max) {
    head += body.view();
    if (!stream_broker::write(head))
      return fail(close_reason::slow_consumer);
    return answered();
  }
  x.answer = stage::started;
  if (!stream_broker::write(head))
    return fail(close_reason::slow_consumer);
  // A large one as it is taken: the rest waits here, not in the queue.
  x.more = [rest = std::move(body)](server_broker* self) mutable {
    auto piece = rest.sub(0, limits::http_file_piece_bytes);
    rest.remove_prefix(piece.size());
    self->write_body(std::move(piece));
    if (rest.empty())
      self->end_response();
  };
  x.source_due = true;
  settle_later();
}

/// To what cannot be read, and from nobody in particular. The connection ends.
void server_broker::write_refusal(status code, std::string_view why) {
  closing_ = true;
  if (exchange_)
    exchange_->answer = stage::done;
  auto& text = scratch();
  text += "HTTP/1.1 ";
  append_number(text, code_of(code));
  text.append(" ").append(reason_phrase(code)).append("\r\n");
  if (!shared_->options.server.empty())
    append_line(text, "Server", shared_->options.server);
  append_line(text, "Date", date_now(loop()));
  append_line(text, "Content-Type", "text/plain; charset=utf-8");
  if (code == status::service_unavailable)
    append_line(text, "Retry-After", "1");
  auto to_head = exchange_ && exchange_->in.verb() == method::head;
  text += "Content-Length: ";
  append_number(text, why.size() + 2);
  text += "\r\nConnection: close\r\n\r\n";
  if (!to_head)
    text.append(why).append(".\n");
  stream_broker::write(text);
}

// -- answers in pieces --------------------------------------------------------

void server_broker::start_response(const http::response& head,
                                   std::optional<std::uint64_t> length) {
  if (!begin_answer(head, {}, length))
    return;
  auto& text = scratch();
  append_head(text, head, {}, length);
  exchange_->answer = stage::started;
  if (!stream_broker::write(text))
    fail(close_reason::slow_consumer);
  // A body that is answered while it comes is wanted.
  else if (!exchange_->request_complete && !armed(timeout::read))
    arm(timeout::read, loop().now() + shared_->options.body_silence);
}

void server_broker::start_response(const http::response& head,
                                   std::optional<std::uint64_t> length,
                                   body_source more) {
  start_response(head, length);
  if (!exchange_ || exchange_->answer != stage::started)
    return;
  if (exchange_->end == framing_kind::nothing) // no body is made for nobody
    return answered();
  exchange_->more = std::move(more);
  exchange_->source_due = true;
  settle_later();
}

bool server_broker::write_body(std::string_view text, std::uint64_t token) {
  return write_body(byte_slice::copy(text), token);
}

bool server_broker::write_body(byte_slice bytes, std::uint64_t token) {
  if (!exchange_ || exchange_->answer != stage::started)
    return false;
  auto& x = *exchange_;
  auto size = bytes.size();
  if (x.more)
    token = source_token;
  auto sent = true;
  switch (x.end) {
  case framing_kind::nothing:
    bytes = {};
    [[fallthrough]];
  case framing_kind::connection:
    sent = stream_broker::write(std::move(bytes), token);
    break;
  case framing_kind::length:
    if (size > x.left) {
      break_response(make_error(errc::connection_closed,
                                "an answer is longer than it was said to be"));
      return false;
    }
    sent = stream_broker::write(std::move(bytes), token);
    if (sent)
      x.left -= size;
    break;
  case framing_kind::chunks: {
    if (size == 0) { // would end the body
      sent = stream_broker::write(std::move(bytes), token);
      break;
    }
    std::array<char, 18> line;
    auto end = std::to_chars(line.data(), line.data() + 16, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    sent = write_enveloped(
        {line.data(), static_cast<std::size_t>(end - line.data())},
        std::move(bytes), "\r\n", token);
    break;
  }
  }
  if (sent && token == source_token)
    ++x.being_taken;
  return sent;
}

void server_broker::end_response() {
  if (!exchange_ || exchange_->answer != stage::started)
    return;
  auto& x = *exchange_;
  if (x.end == framing_kind::length && x.left > 0)
    return break_response(
        make_error(errc::connection_closed,
                   "an answer is shorter than it was said to be"));
  if (x.end == framing_kind::chunks && !stream_broker::write("0\r\n\r\n"))
    return fail(close_reason::slow_consumer);
  answered();
}

void server_broker::break_response(caf::error why) {
  if (!exchange_ || exchange_->answer == stage::done)
    return;
  if (exchange_->answer == stage::none)
    return respond(http::response{status::internal_server_error});
  exchange_->answer = stage::done;
  fail(close_reason::aborted, 0, std::move(why));
}

void server_broker::switch_protocols(const fields& lines,
                                     stream_successor next) {
  if (!exchange_ || exchange_->answer != stage::none
      || !exchange_->request_complete || state() != stream_state::open)
    return;
  if (!are_safe(lines)) {
    write_refusal(status::internal_server_error,
                  "the answer has a malformed field");
    return close();
  }
  auto& text = scratch();
  text += "HTTP/1.1 101 Switching Protocols\r\n";
  for (auto& line : lines)
    append_line(text, line.name(), line.value());
  text += "\r\n";
  stream_broker::write(text);
  exchange_->answer = stage::done;
  // The connection stays one of this server's.
  counted_ = false;
  hand_over([place = std::make_shared<server_place>(shared_),
             next = std::move(next)](event_loop& on, stream_setup setup) {
    setup.companion = place;
    next(on, std::move(setup));
  });
}

void server_broker::answered() {
  exchange_->answer = stage::done;
  settle_later(); // the exchange ends when the handler has returned
}

void server_broker::run_source() {
  exchange_->source_due = false;
  if (exchange_->answer != stage::started || !exchange_->more)
    return;
  // It may end the response, and with it itself.
  auto more = std::move(exchange_->more);
  exchange_->more = [](server_broker*) {};
  if (!run([&] { more(this); }))
    return;
  if (exchange_ && exchange_->answer == stage::started)
    exchange_->more = std::move(more);
}

} // namespace sluice::net::http
