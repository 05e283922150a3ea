#include "net/websocket/connection.h"
#include "net/writers.h"

#include <cstring>
#include <utility>

// What a WebSocket sends, for itself and for other actors.

namespace sluice::net::websocket {

namespace {

/// A frame of a server as a client sends it; anything else as it is.
byte_slice as_client(const byte_slice& frame) {
  auto head = look_at(frame.view());
  if (!head || head->masked || head->frame_bytes() != frame.size())
    return frame;
  return masked_frame(static_cast<opcode>(head->code), head->fin,
                      frame.view().substr(head->size));
}

template <class T>
const T* get_if(const caf::mailbox_element& x) {
  auto& content = x.content();
  return content.size() == 1 && content.match_element<T>(0)
             ? &content.get_as<T>(0)
             : nullptr;
}

caf::mailbox_element_ptr with(caf::mailbox_element& x, net::write what) {
  return caf::make_mailbox_element(std::move(x.sender), x.mid,
                                   std::move(x.stages), std::move(what));
}

} // namespace

// -- for the behavior ---------------------------------------------------------

bool connection::send_message(message_kind kind, byte_slice payload,
                              std::uint64_t token) {
  if (refusal())
    return refuse(std::move(payload), token);
  return put(*session_.send(kind, std::move(payload)), token);
}

bool connection::send_message(const shared_message& what, std::uint64_t token) {
  if (refusal())
    return refuse(what.frame(), token);
  return write(is_client_ ? as_client(what.frame()) : what.frame(), token);
}

bool connection::send_text(std::string_view payload, std::uint64_t token) {
  return send_message(message_kind::text, copied(payload), token);
}

bool connection::send_binary(std::string_view payload, std::uint64_t token) {
  return send_message(message_kind::binary, copied(payload), token);
}

bool connection::begin_message(message_kind kind, byte_slice payload,
                               std::uint64_t token) {
  if (refusal() || options().on_overflow == overflow::drop_oldest)
    return refuse(std::move(payload), token);
  return put_fragment(session_.begin(kind, payload), payload, token);
}

bool connection::continue_message(byte_slice payload, std::uint64_t token) {
  return put_fragment(session_.send_more(payload), payload, token);
}

bool connection::end_message(byte_slice payload, std::uint64_t token) {
  return put_fragment(session_.send_more(payload, true), payload, token);
}

bool connection::ping(byte_slice payload) {
  if (!is_open_ || state() != stream_state::open)
    return false;
  auto x = session_.ping(std::move(payload));
  return x && write_control(copied(*x));
}

/// Sends the pong that is owed, unless the one before is still in the queue.
void connection::pay_pong() {
  auto& sums = counts();
  if (state() != stream_state::open
      || sums.written + sums.returned < pong_ends_at_
      || !fits(control_frame_bytes_max))
    return;
  if (auto x = session_.take_pong()) {
    write_control(copied(*x));
    pong_ends_at_ = sums.accepted;
  }
}

void connection::say_goodbye(close_code code, std::string_view reason) {
  if (auto x = session_.close(code, reason))
    write_last(copied(*x));
}

// -- frames to the queue ------------------------------------------------------

bool connection::put(const frame& x, std::uint64_t token) {
  if (!is_client_)
    return write_enveloped(x.header.view(), x.payload, {}, token);
  // What may come back has to be in one piece: nobody can unmask a part.
  std::string text{x.header.view()};
  return write(byte_slice::copy(text.append(x.payload.view())), token);
}

bool connection::put_fragment(std::optional<frame> x, byte_slice payload,
                              std::uint64_t token) {
  if (!x)
    return refuse(std::move(payload), token);
  keep_order(); // nobody's message may come in between
  if (put(*x, token)) {
    keep_order();
    return true;
  }
  session_.take_back();
  return false;
}

bool connection::refuse(byte_slice payload, std::uint64_t token) {
  auto why = refusal().value_or(reject_reason::bad_frame);
  net::give_back(*this, nullptr, rejected{std::move(payload), why, token});
  return false;
}

/// Why a message may not be sent now.
std::optional<reject_reason> connection::refusal() const {
  if (session_.close_sent() || state() > stream_state::open)
    return reject_reason::shut_down;
  if (!is_open_ || session_.under_way())
    return reject_reason::overflow;
  return std::nullopt;
}

byte_slice connection::copied(std::string_view text) {
  namespace limits = runtime::limits;
  auto small = text.size() <= limits::write_slab_bytes / limits::compact_ratio;
  return small ? loop().write_slab().copy(text) : byte_slice::copy(text);
}

/// In one piece.
byte_slice connection::copied(const frame& x) {
  std::string text{x.header.view()};
  return copied(text.append(x.payload.view()));
}

// -- for other actors ---------------------------------------------------------

void connection::enqueue(caf::mailbox_element_ptr what,
                         caf::execution_unit* host) {
  auto& x = *what;
  if (auto message = get_if<websocket::send>(x)) {
    auto& bytes = message->what.frame();
    what = with(x, {is_client_ ? as_client(bytes) : bytes, message->token});
  } else if (!is_client_) {
    // as it is
  } else if (auto bytes = get_if<net::write>(x)) {
    what = with(x, {as_client(bytes->bytes), bytes->token});
  } else if (auto plain = get_if<net::write_frame>(x)) {
    auto frame = masked_frame(usual_opcode(), true, plain->payload.view());
    what = with(x, {std::move(frame), plain->token});
  }
  stream_broker::enqueue(std::move(what), host);
}

/// True for a frame that is one message, as this end sends it.
bool connection::is_message(const byte_slice& bytes) const {
  auto head = look_at(bytes.view());
  return head && head->fin && head->reserved == 0 && head->masked == is_client_
         && (head->code == static_cast<std::uint8_t>(opcode::text)
             || head->code == static_cast<std::uint8_t>(opcode::binary))
         && head->frame_bytes() == bytes.size();
}

bool connection::intercept(caf::mailbox_element& x) {
  std::optional<reject_reason> why;
  auto bytes = get_if<net::write>(x);
  if (bytes != nullptr || get_if<net::write_frame>(x) != nullptr) {
    why = refusal();
    if (!why && bytes != nullptr && !is_message(bytes->bytes))
      why = reject_reason::bad_frame;
    if (!why)
      return stream_broker::intercept(x);
    refuse_write(x, *why);
    return true;
  }
  if (auto question = get_if<websocket::ping>(x))
    ping(question->payload);
  else if (auto goodbye = get_if<websocket::close>(x))
    close(goodbye->code, goodbye->reason);
  else if (auto end = get_if<net::close>(x);
           end && end->mode == close_mode::abort)
    abort();
  else if (end || get_if<net::shutdown_write>(x)) // there is no half of it
    close();
  else if (auto credit = get_if<net::read_credit>(x))
    read_credit(credit->count);
  else if (get_if<net::read_flowing>(x))
    read_flowing();
  else if (get_if<net::read_paused>(x))
    read_paused();
  else
    return stream_broker::intercept(x);
  return true;
}

} // namespace sluice::net::websocket
