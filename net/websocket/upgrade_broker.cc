#include "net/websocket/upgrade_broker.h"

#include "net/http/http_date.h"
#include "net/websocket/frame_codec.h"
#include "net/websocket/head_fields.h"
#include "runtime/limits.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace sluice::net::websocket {

namespace beast = boost::beast::http;

namespace {

using request_parser = beast::parser<true, beast::empty_body>;

const char* phrase_of(int status) {
  auto text = beast::obsolete_reason(static_cast<beast::status>(status));
  return text.data(); // of static storage, ends with a zero
}

} // namespace

upgrade_broker::upgrade_broker(
    caf::actor_config& cfg, event_loop& loop, stream_setup setup,
    std::shared_ptr<const websocket::options> settings, upgrade next)
    : stream_broker(cfg, loop, std::move(setup)),
      settings_(std::move(settings)),
      next_(std::move(next)) {
}

upgrade_broker::~upgrade_broker() = default;

caf::behavior upgrade_broker::make_behavior() {
  return {[](const closed&) {}};
}

delivery upgrade_broker::on_accepted(accepted&) {
  framing(std::make_unique<frame_codec>(opcode::text, true));
  handshake_timeout(runtime::limits::websocket_handshake);
  return delivery::handled;
}

delivery upgrade_broker::on_payload(byte_slice head) {
  if (std::exchange(answered_, true))
    return delivery::handled;
  handshake_done();
  boost::beast::error_code error;
  request_parser request;
  request.header_limit(
      static_cast<std::uint32_t>(runtime::limits::websocket_head_bytes_max));
  request.put(boost::asio::const_buffer{head.data(), head.size()}, error);
  if (error || !request.is_header_done()) {
    refuse({400, {}, "The request is not HTTP/1.1: " + error.message() + "."});
    return delivery::handled;
  }
  auto& message = request.get();
  auto body = request.content_length();
  if (request.chunked() || (body && *body > 0)) {
    refuse({400, {}, "A request for a WebSocket has no body."});
    return delivery::handled;
  }
  auto text = [](auto x) { return std::string_view{x.data(), x.size()}; };
  auto fields = lookup_in(message);
  auto result = check_request(text(message.method_string()),
                              static_cast<int>(message.version() % 10), fields,
                              settings_->handshake);
  if (auto no = std::get_if<handshake_refused>(&result)) {
    refuse(*no);
    return delivery::handled;
  }
  auto& yes = std::get<handshake_accepted>(result);
  opened info;
  auto target = text(message.target());
  auto query = target.find('?');
  info.path = target.substr(0, query);
  if (query != std::string_view::npos)
    info.query = target.substr(query + 1);
  info.subprotocol = yes.subprotocol;
  if (auto origin = fields("Origin"); !origin.empty())
    info.origin = origin.front();
  std::string answer = "HTTP/1.1 101 Switching Protocols\r\n";
  for (auto& [name, value] : yes.fields)
    answer.append(name).append(": ").append(value).append("\r\n");
  write(answer + "\r\n");
  hand_over(next_(std::move(info)));
  return delivery::handled;
}

delivery upgrade_broker::on_bad_frame(bad_frame& what) {
  if (what.reason != close_reason::frame_too_long || answered_)
    return delivery::unhandled; // it ended before its head did
  refuse({431, {}, "The head of the request has more than 8 KiB."});
  return delivery::handled;
}

void upgrade_broker::refuse(const handshake_refused& why) {
  answered_ = true;
  std::string answer = "HTTP/1.1 " + std::to_string(why.status) + " "
                       + phrase_of(why.status) + "\r\n";
  auto upgrades = false;
  for (auto& [name, value] : why.fields)
    if (name == "Connection")
      upgrades = true; // that comes below
    else
      answer.append(name).append(": ").append(value).append("\r\n");
  http::date_text now;
  answer.append("Date: ").append(now.at(loop().wall_now())).append("\r\n");
  answer +=
      upgrades ? "Connection: Upgrade, close\r\n" : "Connection: close\r\n";
  answer += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "
            + std::to_string(why.text.size() + 1) + "\r\n\r\n" + why.text
            + "\n";
  write(answer);
  close();
}

} // namespace sluice::net::websocket
