// Whatever a peer sends into a WebSocket: a server and a client read it whole,
// byte by byte, in pieces, and cut into frames as a connection does, and say
// the same. Nothing may crash, or be said that RFC 6455 forbids; what comes out
// goes back in.

#include "net/framer.h"
#include "net/websocket/frame_codec.h"
#include "net/websocket/session.h"
#include "runtime/panic.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sluice::net::websocket;
using sluice::runtime::byte_slice;
using sluice::runtime::check;

constexpr std::size_t message_bytes_max = 1'000;

session_options options_of(role who) {
  session_options result;
  result.role = who;
  result.message_bytes_max = message_bytes_max;
  result.make_mask = [] { return mask_key{1, 2, 3, 4}; };
  return result;
}

std::string text_of(const session_event& x) {
  struct writer {
    std::string operator()(const incoming_message& y) const {
      check(y.bytes.size() <= message_bytes_max, "a message over the limit");
      return (y.kind == message_kind::text ? "t" : "b") + y.bytes.str();
    }
    std::string operator()(const incoming_ping& y) const {
      check(y.payload.size() <= control_payload_bytes_max, "a long ping");
      return "i" + y.payload.str();
    }
    std::string operator()(const incoming_pong& y) const {
      check(y.payload.size() <= control_payload_bytes_max, "a long pong");
      return "o" + y.payload.str();
    }
    std::string operator()(const closing& y) const {
      check(y.code == close_code::no_status || may_be_sent(y.code),
            "a code that may not be sent");
      check(y.reason.size() <= control_payload_bytes_max - 2, "a long reason");
      return "c" + to_string(y.code) + y.reason;
    }
    std::string operator()(const failure& y) const {
      check(may_be_sent(y.code) && !y.text.empty(), "a failure without a name");
      return "f" + to_string(y.code) + y.text;
    }
  };
  return std::visit(writer{}, x);
}

/// What is said of `stream` in pieces of `step` bytes.
std::vector<std::string> read(role who, std::string_view stream,
                              std::size_t step) {
  session reader{options_of(who)};
  session echo{options_of(who)};
  session other{options_of(who == role::server ? role::client : role::server)};
  std::vector<std::string> result;
  session_event event;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    reader.feed(byte_slice::copy(stream.substr(at, step)));
    while (reader.next(event)) {
      result.push_back(text_of(event));
      // What came in as a message goes out, and comes in at the other end.
      if (auto message = std::get_if<incoming_message>(&event)) {
        auto sent = echo.send(message->kind, message->bytes);
        check(sent.has_value(), "a message cannot be sent");
        other.feed(byte_slice::copy(
            std::string{sent->header.view()}.append(sent->payload.view())));
        session_event again;
        check(other.next(again) && text_of(again) == result.back(),
              "a message changes on its way");
      }
      if (auto pong = reader.take_pong())
        check(pong->payload.size() <= control_payload_bytes_max, "a long pong");
    }
  }
  check(reader.unread() <= control_frame_bytes_max, "bytes are left");
  return result;
}

/// The same by way of a framer, as a connection reads.
std::vector<std::string> read_framed(role who, std::string_view stream,
                                     std::size_t step) {
  session reader{options_of(who)};
  sluice::net::framer frames{std::make_unique<frame_codec>(opcode::text)};
  std::vector<std::string> result;
  auto hear = [&](byte_slice bytes) {
    reader.feed(std::move(bytes));
    for (session_event event; reader.next(event);)
      result.push_back(text_of(event));
  };
  for (std::size_t at = 0; at < stream.size(); at += step) {
    frames.feed(byte_slice::copy(stream.substr(at, step)));
    for (byte_slice frame; frames.next(frame);)
      hear(std::move(frame));
    check(!frames.error(), "the codec takes offence before the session does");
    check(frames.buffered() < control_frame_bytes_max, "a frame is held back");
  }
  hear(frames.take_rest());
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view stream{reinterpret_cast<const char*>(data), size};
  if (stream.empty())
    return 0;
  auto step = 2u + static_cast<unsigned char>(stream.front()) / 4u;
  stream.remove_prefix(1);
  for (auto who : {role::server, role::client}) {
    auto whole = read(who, stream, std::max<std::size_t>(stream.size(), 1));
    check(read(who, stream, 1) == whole, "byte by byte it says something else");
    check(read(who, stream, step) == whole, "in pieces it says something else");
    check(read_framed(who, stream, step) == whole,
          "in frames it says something else");
    check(read_framed(who, stream, 1) == whole,
          "in frames, byte by byte, it says something else");
  }
  return 0;
}
