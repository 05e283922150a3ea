#include "net/websocket/client_connection.h"

#include "net/websocket/frame_codec.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <vector>

namespace sluice::net::websocket {

namespace beast = boost::beast::http;

using runtime::errc;
using runtime::make_error;

namespace {

using answer_parser = beast::parser<false, beast::empty_body>;

bool has_control(std::string_view x) {
  return std::any_of(x.begin(), x.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

/// The header lines of an answer, which has to outlive the result.
field_lookup lookup_in(const answer_parser::value_type& answer) {
  return [&answer](std::string_view name) {
    std::vector<std::string_view> result;
    auto [at, end] = answer.equal_range({name.data(), name.size()});
    for (; at != end; ++at)
      result.emplace_back(at->value().data(), at->value().size());
    return result;
  };
}

} // namespace

client_connection::client_connection(caf::actor_config& cfg, event_loop& loop,
                                     client_setup setup)
    : connection(cfg, loop, std::move(setup.stream), role::client,
                 std::shared_ptr<const websocket::options>{
                     setup.options, &setup.options->websocket}),
      host_(std::move(setup.host)),
      target_(std::move(setup.target)),
      options_(std::move(setup.options)) {
}

client_connection::~client_connection() = default;

delivery client_connection::on_connected(connected& what) {
  auto query = target_.find('?');
  about_to_open_.local = std::move(what.local);
  about_to_open_.remote = std::move(what.remote);
  about_to_open_.path = target_.substr(0, query);
  if (query != std::string::npos)
    about_to_open_.query = target_.substr(query + 1);
  key_ = make_key();
  auto request = "GET " + target_ + " HTTP/1.1\r\nHost: " + host_ + "\r\n";
  auto add = [&request](const header_lines& lines) {
    for (auto& [name, value] : lines)
      request.append(name).append(": ").append(value).append("\r\n");
  };
  add(request_fields(key_, options_->subprotocols));
  add(options_->fields);
  stream_broker::framing(std::make_unique<frame_codec>(usual_opcode(), true));
  stream_broker::handshake_timeout(options().connect_deadline);
  stream_broker::write(request + "\r\n");
  return delivery::handled;
}

/// First the head of the server's answer, then frames.
delivery client_connection::on_payload(byte_slice bytes) {
  if (is_open())
    return connection::on_payload(std::move(bytes));
  boost::beast::error_code error;
  answer_parser answer;
  answer.header_limit(
      static_cast<std::uint32_t>(runtime::limits::websocket_head_bytes_max));
  answer.put(boost::asio::const_buffer{bytes.data(), bytes.size()}, error);
  if (error || !answer.is_header_done())
    return refuse_answer("the answer is not HTTP: " + error.message());
  if (auto wrong = check_response(
          static_cast<int>(answer.get().result_int()), lookup_in(answer.get()),
          key_, options_->subprotocols, about_to_open_.subprotocol);
      !wrong.empty())
    return refuse_answer(std::move(wrong));
  stream_broker::handshake_done();
  return open(std::move(about_to_open_));
}

delivery client_connection::on_bad_frame(bad_frame& what) {
  if (is_open())
    return connection::on_bad_frame(what);
  return refuse_answer(what.text);
}

delivery client_connection::on_peer_done() {
  if (is_open())
    return connection::on_peer_done();
  return refuse_answer("the server ended the connection without an answer");
}

delivery client_connection::refuse_answer(std::string why) {
  fail(close_reason::connect_failed, 0,
       make_error(errc::connect_failed,
                  "websocket ws://" + host_ + target_ + ": " + why));
  return delivery::handled;
}

caf::expected<client_setup> prepare_client(std::string_view url,
                                           client_options options) {
  constexpr std::string_view scheme = "ws://";
  auto bad = [url](std::string_view why) {
    return make_error(errc::bad_endpoint,
                      "\"" + std::string{url} + "\": " + std::string{why});
  };
  if (url.starts_with("wss://"))
    return bad("TLS is not supported");
  if (!url.starts_with(scheme))
    return bad("a WebSocket's URL begins with ws://");
  if (has_control(url) || url.find(' ') != std::string_view::npos)
    return bad("has a space or a control character in it");
  auto rest = url.substr(scheme.size());
  rest = rest.substr(0, rest.find('#')); // RFC 6455, 3: has no fragment
  auto end = std::min(rest.find_first_of("/?"), rest.size());
  auto authority = rest.substr(0, end);
  std::string target{rest.substr(end)};
  if (target.empty() || target.front() == '?')
    target.insert(0, "/");
  if (authority.empty())
    return bad("has no host");
  if (authority.find('@') != std::string_view::npos)
    return bad("has a user name in it");
  auto bracket = authority.rfind(']');
  auto colon = authority.rfind(':');
  auto has_port = colon != std::string_view::npos
                  && (bracket == std::string_view::npos || colon > bracket);
  for (auto& [name, value] : options.fields)
    if (name.empty() || has_control(name) || has_control(value)
        || name.find_first_of(" :") != std::string::npos)
      return make_error(errc::bad_setting,
                        "header line \"" + name + "\" cannot be sent");
  for (auto& x : options.subprotocols)
    if (x.empty() || has_control(x)
        || x.find_first_of(" ,") != std::string::npos)
      return make_error(errc::bad_setting,
                        "subprotocol \"" + x + "\" cannot be sent");
  if (auto err = options.websocket.check())
    return err;
  auto where = "tcp://" + std::string{authority} + (has_port ? "" : ":80");
  auto stream = prepare_connect(
      where, options.websocket.stream.value_or(stream_options{}));
  if (!stream)
    return stream.error();
  client_setup result;
  result.stream = std::move(*stream);
  result.host = authority;
  result.target = std::move(target);
  result.options = std::make_shared<const client_options>(std::move(options));
  return result;
}

} // namespace sluice::net::websocket
