#pragma once

// frame_codec: cuts a stream where WebSocket frames begin, so that a connection
// can stop to read between two messages. What is in them is for the session. A
// data frame comes in as many pieces as it was read in: it is not held here and
// there. For a client the first frame is the head of the answer to its
// handshake.
//
// Internal. Thread rule: one connection's loop. Lifetime: its framer's.

#include "net/codec.h"
#include "net/websocket/frame.h"
#include "runtime/limits.h"

#include <algorithm>

namespace sluice::net::websocket {

class frame_codec : public net::codec {
public:
  /// `usual` is the kind of the messages that `wrap` makes.
  explicit frame_codec(opcode usual, bool after_head = false) noexcept
      : usual_(usual), in_head_(after_head) {}

  decoded decode(std::string_view input) override {
    if (in_head_)
      return decode_head(input);
    if (left_ == 0) {
      auto head = look_at(input);
      if (!head)
        return decoded::more();
      left_ = head->frame_bytes();
      if (head->is_control() && head->length <= control_payload_bytes_max
          && input.size() < left_)
        return decoded::more(static_cast<std::size_t>(std::exchange(left_, 0)));
    } else if (input.empty()) {
      return decoded::more();
    }
    auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    left_ -= size;
    return decoded::frame(0, size, size);
  }

  net::envelope wrap(std::size_t size) const override {
    net::envelope result;
    auto header = make_header(usual_, true, size);
    std::copy_n(header.bytes.begin(), header.size, result.header.begin());
    result.header_size = header.size;
    return result;
  }

  std::size_t frame_bytes_max() const override { return frame_bound_max; }

private:
  decoded decode_head(std::string_view input) {
    constexpr std::string_view end = "\r\n\r\n";
    auto at = input.find(end, looked_);
    if (at == std::string_view::npos) {
      looked_ = input.size() - std::min(input.size(), end.size() - 1);
      return input.size() < runtime::limits::websocket_head_bytes_max
                 ? decoded::more()
                 : decoded::too_long("the head has more than 8 KiB");
    }
    in_head_ = false;
    return decoded::frame(0, at + end.size(), at + end.size());
  }

  opcode usual_;
  bool in_head_ = false;
  std::size_t looked_ = 0; // bytes of the head without its end
  std::uint64_t left_ = 0; // of the frame that has begun
};

} // namespace sluice::net::websocket
