#include "net/websocket/shared_message.h"

#include <cstring>

namespace sluice::net::websocket {

shared_message::shared_message() : shared_message(opcode::text, {}) {
}

shared_message::shared_message(opcode what, std::string_view payload) {
  auto made = make_header(what, true, payload.size());
  auto header = made.view();
  auto memory = runtime::slab::make(header.size() + payload.size());
  std::memcpy(memory->data(), header.data(), header.size());
  if (!payload.empty())
    std::memcpy(memory->data() + header.size(), payload.data(), payload.size());
  frame_ = byte_slice{std::move(memory), 0, header.size() + payload.size()};
}

shared_message shared_message::text(std::string_view payload) {
  return {opcode::text, payload};
}

shared_message shared_message::binary(std::string_view payload) {
  return {opcode::binary, payload};
}

message_kind shared_message::kind() const noexcept {
  auto head = look_at(frame_.view());
  return head && head->code == static_cast<std::uint8_t>(opcode::binary)
             ? message_kind::binary
             : message_kind::text;
}

std::size_t shared_message::header_size() const noexcept {
  auto head = look_at(frame_.view());
  return head ? head->size : 0;
}

} // namespace sluice::net::websocket
