#include "net/websocket/session_reader.h"

#include "runtime/panic.h"

#include <algorithm>
#include <cstring>
#include <utility>

// How a session reads: wslay's event API behind callbacks.

namespace sluice::net::websocket {

struct session::reader::callbacks {
  static reader& of(void* x) { return *static_cast<reader*>(x); }

  static ssize_t take(wslay_event_context_ptr context, std::uint8_t* buffer,
                      std::size_t size, int, void* user) {
    auto& self = of(user);
    if (self.first_.empty() && self.second_.empty()) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::size_t total = 0;
    for (auto* part : {&self.first_, &self.second_}) {
      auto count =
          part->copy(reinterpret_cast<char*>(buffer) + total, size - total);
      part->remove_prefix(count);
      total += count;
    }
    return static_cast<ssize_t>(total);
  }

  /// What wslay would send is sent by the session, or not at all.
  static ssize_t drop(wslay_event_context_ptr, const std::uint8_t*,
                      std::size_t size, int, void*) {
    return static_cast<ssize_t>(size);
  }

  static int no_mask(wslay_event_context_ptr, std::uint8_t* buffer,
                     std::size_t size, void*) {
    std::memset(buffer, 0, size);
    return 0;
  }

  static void on_start(wslay_event_context_ptr,
                       const wslay_event_on_frame_recv_start_arg*, void* user) {
    of(user).on_start();
  }

  static void on_chunk(wslay_event_context_ptr,
                       const wslay_event_on_frame_recv_chunk_arg* x,
                       void* user) {
    of(user).on_chunk({reinterpret_cast<const char*>(x->data), x->data_length});
  }

  static void on_message(wslay_event_context_ptr,
                         const wslay_event_on_msg_recv_arg* x, void* user) {
    of(user).on_message(*x);
  }
};

session::reader::reader(const session_options& options)
    : is_server_(options.role == role::server),
      message_bytes_max_(options.message_bytes_max) {
  const wslay_event_callbacks table{callbacks::take,      callbacks::drop,
                                    callbacks::no_mask,   callbacks::on_start,
                                    callbacks::on_chunk,  nullptr,
                                    callbacks::on_message};
  auto make = is_server_ ? wslay_event_context_server_init
                         : wslay_event_context_client_init;
  if (make(&context_, &table, this) != 0)
    runtime::panic("out of memory for a WebSocket");
  // Its buffers would be as large as the peer says; ours grow with what comes.
  // So the bound is ours, too: its own would be for one frame.
  wslay_event_config_set_no_buffering(context_, 1);
  wslay_event_config_set_max_recv_msg_length(context_, UINT64_MAX);
}

session::reader::~reader() {
  wslay_event_context_free(context_);
}

void session::reader::begin(const frame_head& x) {
  head = x;
  position = taken_;
  at_header_ = true;
  began_inside_ = in_message_;
}

void session::reader::read(std::string_view first, std::string_view second) {
  first_ = first;
  second_ = second;
  auto size = first.size() + second.size();
  taken_ += size;
  arrived_ = size - (std::exchange(at_header_, false) ? head.size : 0u);
  auto result = wslay_event_recv(context_);
  if (!event && (result != 0 || !wslay_event_get_read_enabled(context_)))
    judge(result);
  // It has queued a pong, or a close frame. Its queue must not grow.
  if (wslay_event_want_write(context_))
    wslay_event_send(context_);
}

// -- what wslay says ----------------------------------------------------------

/// Comes with the first byte of a frame's payload, or with its header if it has
/// none.
void session::reader::on_start() {
  if (event || head.is_control())
    return;
  if (!std::exchange(in_message_, true))
    claimed_ = 0;
  claimed_ += head.length;
  if (claimed_ > message_bytes_max_)
    return fail(close_code::message_too_big,
                "the message has more than "
                    + std::to_string(message_bytes_max_) + " bytes");
  reserve(size_ + arrived_);
}

void session::reader::on_chunk(std::string_view data) {
  if (event)
    return;
  if (head.is_control()) {
    if (head.code == static_cast<std::uint8_t>(opcode::close))
      close_payload_ = data;
    return;
  }
  if (data.empty())
    return;
  reserve(size_ + data.size());
  std::memcpy(memory_->data() + size_, data.data(), data.size());
  size_ += data.size();
}

void session::reader::on_message(const wslay_event_on_msg_recv_arg& x) {
  if (event)
    return;
  auto payload = [&x] {
    return byte_slice::copy(
        {reinterpret_cast<const char*>(x.msg), x.msg_length});
  };
  switch (static_cast<opcode>(x.opcode)) {
  case opcode::ping:
    event = incoming_ping{payload()};
    return;
  case opcode::pong:
    event = incoming_pong{payload()};
    return;
  case opcode::close:
    return on_close(x);
  default:
    break;
  }
  in_message_ = false;
  byte_slice bytes;
  if (size_ > 0)
    bytes = byte_slice{std::move(memory_), 0, size_};
  memory_ = nullptr;
  size_ = 0;
  auto is_text = x.opcode == static_cast<std::uint8_t>(opcode::text);
  event = incoming_message{is_text ? message_kind::text : message_kind::binary,
                           std::move(bytes)};
}

void session::reader::on_close(const wslay_event_on_msg_recv_arg& x) {
  if (x.msg_length == 1) // RFC 6455, 5.5.1; wslay lets it pass
    return fail(close_code::protocol_error,
                "a close frame with half of a code");
  closing result;
  if (x.msg_length >= 2) {
    result.code = static_cast<close_code>(x.status_code);
    result.reason.assign(reinterpret_cast<const char*>(x.msg) + 2,
                         x.msg_length - 2);
  }
  event = std::move(result);
}

/// wslay has stopped to read. Why is in the close frame that it would send.
void session::reader::judge(int result) {
  if (result == WSLAY_ERR_NOMEM)
    return fail(close_code::internal_error, "out of memory");
  wslay_event_send(context_);
  auto code =
      static_cast<close_code>(wslay_event_get_status_code_sent(context_));
  if (code == close_code::invalid_payload)
    return fail(code, head.is_control()
                          ? "the reason of a close frame is not UTF-8"
                          : "a text message is not UTF-8");
  if (close_payload_.size() >= 2) {
    auto number = static_cast<std::uint8_t>(close_payload_[0]) * 256u
                  + static_cast<std::uint8_t>(close_payload_[1]);
    auto theirs = static_cast<close_code>(number);
    if (may_be_sent(theirs)) { // 1012 to 1014 are younger than wslay
      event = closing{theirs, close_payload_.substr(2)};
      return;
    }
    return fail(close_code::protocol_error,
                "close code " + std::to_string(number) + " may not be sent");
  }
  fail(close_code::protocol_error, explain());
}

void session::reader::fail(close_code code, std::string_view what) {
  auto text = "frame at byte " + std::to_string(position) + ": ";
  event = failure{code, text.append(what)};
  wslay_event_shutdown_read(context_);
}

/// In which way the header is wrong.
std::string session::reader::explain() const {
  auto what = static_cast<opcode>(head.code);
  if (head.reserved != 0)
    return "a reserved bit is set, and no extension was agreed upon";
  if (head.is_control() && head.form > control_payload_bytes_max)
    return "a control frame has more than 125 bytes";
  if (head.is_control() && !head.fin)
    return "a control frame is in fragments";
  if ((head.form == 126 && head.length < 126)
      || (head.form == 127 && head.length <= 0xffff))
    return "the length is not in its shortest form";
  if (head.length >> 63 != 0)
    return "the length is above 2^63 - 1";
  if (head.masked != is_server_)
    return is_server_ ? "a client's frame is not masked"
                      : "a server's frame is masked";
  if (what == opcode::continuation && !began_inside_)
    return "a continuation, and no message has begun";
  if ((what == opcode::text || what == opcode::binary) && began_inside_)
    return "a message begins inside of another one";
  return "opcode " + std::to_string(head.code) + " is reserved";
}

/// The first piece of a message gets what it needs, and later ones twice of
/// what there is: so a message in many fragments is not copied for each.
void session::reader::reserve(std::size_t size) {
  if (size == 0 || (memory_ != nullptr && memory_->capacity() >= size))
    return;
  auto larger = runtime::slab::make(
      std::max(size, std::min(2 * size_, message_bytes_max_)));
  if (size_ > 0)
    std::memcpy(larger->data(), memory_->data(), size_);
  memory_ = std::move(larger);
}

} // namespace sluice::net::websocket
