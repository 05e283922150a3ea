#pragma once

// shared_message: a WebSocket message that is put into its frame once and sent
// by any number of server connections, which share its memory:
//
//   auto news = shared_message::text(headline);
//   for (auto& reader : readers)
//     self->send(reader, websocket::send{news});
//
// or, to all who subscribed to a topic (actors/topic.h), whichever connections
// they are:
//
//   self->send(news_topic,
//   publish{caf::make_message(net::write{news.frame()})});
//
// A connection in the role of a client has to mask, and copies.
//
// For users. Thread rule: a value. Lifetime: its memory lives until the last
// connection has sent it.

#include "net/websocket/session.h"

#include <caf/meta/type_name.hpp>

#include <string_view>

namespace sluice::net::websocket {

class shared_message {
public:
  /// An empty text.
  shared_message();

  /// Copies `payload`. Text has to be UTF-8: a receiver ends the connection
  /// otherwise (close_code::invalid_payload).
  static shared_message text(std::string_view payload);
  static shared_message binary(std::string_view payload);

  message_kind kind() const noexcept;
  byte_slice payload() const { return frame_.sub(header_size()); }

  /// The frame as a server sends it: what `net::write` wants.
  const byte_slice& frame() const noexcept { return frame_; }

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f,
                                                 shared_message& x) {
    return f(caf::meta::type_name("sluice.websocket.shared_message"), x.frame_);
  }

private:
  shared_message(opcode what, std::string_view payload);
  std::size_t header_size() const noexcept;

  byte_slice frame_;
};

} // namespace sluice::net::websocket
