#include "tests/net/websocket/frames.h"

#include <algorithm>
#include <cstring>

namespace sluice::testing {

using namespace net::websocket;
using runtime::byte_slice;

std::string wire_frame::bytes() const {
  std::string result;
  auto put = [&result](std::uint64_t x) {
    result += static_cast<char>(static_cast<unsigned char>(x));
  };
  put((fin ? 128u : 0u) + 16 * reserved + code);
  auto size = payload.size();
  auto extra = length_bytes >= 0 ? length_bytes
               : size > 65'535   ? 8
               : size > 125      ? 2
                                 : 0;
  auto short_form = extra == 0 ? size : extra == 2 ? 126u : 127u;
  put((masked ? 128u : 0u) + short_form);
  for (int i = extra - 1; i >= 0; --i)
    put(size >> (8 * i));
  if (!masked)
    return result + payload;
  result += key;
  for (std::size_t i = 0; i < size; ++i)
    result += static_cast<char>(payload[i] ^ key[i % 4]);
  return result;
}

std::string close_payload(unsigned code, std::string_view reason) {
  std::string result{static_cast<char>(code >> 8),
                     static_cast<char>(code & 255)};
  return result.append(reason);
}

std::string text_of(const session_event& x) {
  struct writer {
    std::string operator()(const incoming_message& y) const {
      return (y.kind == message_kind::text ? "text " : "binary ")
             + y.bytes.str();
    }
    std::string operator()(const incoming_ping& y) const {
      return "ping " + y.payload.str();
    }
    std::string operator()(const incoming_pong& y) const {
      return "pong " + y.payload.str();
    }
    std::string operator()(const closing& y) const {
      return "close " + std::to_string(static_cast<unsigned>(y.code)) + " "
             + y.reason;
    }
    std::string operator()(const failure& y) const {
      return "failure " + std::to_string(static_cast<unsigned>(y.code)) + " "
             + y.text;
    }
  };
  return std::visit(writer{}, x);
}

lines events(session& session, std::string_view stream, std::size_t step) {
  lines result;
  session_event event;
  while (!stream.empty()) {
    auto piece = stream.substr(0, step);
    stream.remove_prefix(piece.size());
    session.feed(byte_slice::copy(piece));
    while (session.next(event))
      result.push_back(text_of(event));
  }
  return result;
}

lines server_events(std::string_view stream, std::size_t step) {
  session server;
  return events(server, stream, step);
}

lines events_in_pieces(session& session, std::string_view stream,
                       random_source& random) {
  lines result;
  session_event event;
  auto whole = byte_slice::copy(stream);
  std::size_t done = 0;
  while (done < whole.size()) {
    auto size = random.size_between(1, 10'000);
    auto piece = whole.sub(done, size);
    done += piece.size();
    session.feed(random.per_mille(500) ? piece
                                       : byte_slice::copy(piece.view()));
    auto most = random.per_mille(300) ? random.below(3) : SIZE_MAX;
    for (std::size_t i = 0; i < most && session.next(event); ++i)
      result.push_back(text_of(event));
    if (random.per_mille(300))
      session.compact();
  }
  while (session.next(event))
    result.push_back(text_of(event));
  return result;
}

session_options small_messages(std::size_t bytes_max) {
  session_options result;
  result.message_bytes_max = bytes_max;
  return result;
}

session_options client_options(std::string_view key) {
  session_options result;
  result.role = role::client;
  mask_key mask;
  std::memcpy(mask.data(), key.data(), mask.size());
  result.make_mask = [mask] { return mask; };
  return result;
}

std::string bytes_of(const frame& x) {
  return std::string{x.header.view()}.append(x.payload.view());
}

} // namespace sluice::testing
