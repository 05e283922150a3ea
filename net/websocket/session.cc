#include "net/websocket/session.h"

#include "net/websocket/session_reader.h"
#include "runtime/limits.h"

#include <algorithm>
#include <utility>

namespace sluice::net::websocket {

namespace {

/// A reason is what a control frame has room for behind the code.
constexpr std::size_t reason_bytes_max = control_payload_bytes_max - 2;

std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size)
    return text;
  while (size > 0 && (static_cast<std::uint8_t>(text[size]) & 0xc0) == 0x80)
    --size; // the middle of a character
  return text.substr(0, size);
}

constexpr opcode opcode_of(message_kind x) {
  return x == message_kind::text ? opcode::text : opcode::binary;
}

/// The header at the start of `input`, and all of the frame if it is a control
/// frame of a length that may be.
std::optional<frame_head> whole(std::string_view input) {
  auto head = look_at(input);
  if (head && head->is_control() && head->form <= control_payload_bytes_max
      && input.size() < head->frame_bytes())
    return std::nullopt;
  return head;
}

} // namespace

session_options::session_options()
    : message_bytes_max(runtime::limits::websocket_message_bytes_max) {
}

session::session(session_options options)
    : options_(std::move(options)),
      reader_(std::make_unique<reader>(options_)) {
  if (!options_.make_mask)
    options_.make_mask = random_mask;
}

session::~session() = default;

// -- receiving ----------------------------------------------------------------

void session::feed(byte_slice bytes) {
  if (ended_)
    return;
  if (input_.empty())
    input_ = std::move(bytes);
  else if (input_.adjoins(bytes))
    input_.extend(bytes);
  else
    input_ = byte_slice::copy(input_.str().append(bytes.view()));
}

bool session::next(session_event& out) {
  while (!ended_) {
    if (!read_frame())
      return false;
    auto& found = reader_->event;
    if (!found)
      continue;
    out = std::move(*found);
    found.reset();
    if (auto ping = std::get_if<incoming_ping>(&out); ping && !close_sent_)
      owed_pong_ = ping->payload;
    if (std::holds_alternative<closing>(out)
        || std::holds_alternative<failure>(out)) {
      ended_ = true;
      input_ = {};
      carried_ = 0;
      reader_.reset(); // nine kilobytes
    }
    return true;
  }
  return false;
}

/// Gives wslay what is there of one frame. False if there is nothing for it.
bool session::read_frame() {
  auto& r = *reader_;
  auto needed = r.left;
  if (needed == 0) {
    auto head = carried_ == 0 ? whole(input_.view()) : std::nullopt;
    while (!head) {
      if (input_.empty())
        return false;
      carry_[carried_++] = input_[0];
      input_.remove_prefix(1);
      head = whole({carry_.data(), carried_});
    }
    r.begin(*head);
    needed = head->frame_bytes() - carried_;
  } else if (input_.empty()) {
    return false;
  }
  auto piece = input_.sub(0, std::min<std::uint64_t>(needed, input_.size()));
  input_.remove_prefix(piece.size());
  r.left = needed - piece.size();
  r.read({carry_.data(), std::exchange(carried_, 0)}, piece.view());
  return true;
}

void session::compact() {
  input_ = input_.compact();
}

std::optional<frame> session::take_pong() {
  if (!owed_pong_ || close_sent_)
    return std::nullopt;
  auto payload = std::move(*owed_pong_);
  owed_pong_.reset();
  return pack(opcode::pong, true, std::move(payload));
}

// -- sending ------------------------------------------------------------------

frame session::pack(opcode what, bool fin, byte_slice payload) {
  if (options_.role == role::server)
    return {make_header(what, fin, payload.size()), std::move(payload)};
  auto key = options_.make_mask();
  return {make_header(what, fin, payload.size(), &key),
          masked(payload.view(), key)};
}

std::optional<frame> session::send(message_kind kind, byte_slice payload) {
  if (close_sent_ || under_way_)
    return std::nullopt;
  return pack(opcode_of(kind), true, std::move(payload));
}

std::optional<frame> session::begin(message_kind kind, byte_slice payload) {
  if (close_sent_ || under_way_)
    return std::nullopt;
  was_under_way_ = std::exchange(under_way_, true);
  return pack(opcode_of(kind), false, std::move(payload));
}

std::optional<frame> session::send_more(byte_slice payload, bool last) {
  if (close_sent_ || !under_way_)
    return std::nullopt;
  was_under_way_ = std::exchange(under_way_, !last);
  return pack(opcode::continuation, last, std::move(payload));
}

std::optional<frame> session::ping(byte_slice payload) {
  if (close_sent_)
    return std::nullopt;
  return pack(opcode::ping, true, payload.sub(0, control_payload_bytes_max));
}

std::optional<frame> session::close(close_code code, std::string_view reason) {
  if (std::exchange(close_sent_, true))
    return std::nullopt;
  owed_pong_.reset();
  if (code == close_code::no_status)
    return pack(opcode::close, true, {});
  if (!may_be_sent(code))
    code = close_code::internal_error;
  auto number = static_cast<std::uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8),
                      static_cast<char>(number & 0xff)};
  payload.append(cut(reason, reason_bytes_max));
  return pack(opcode::close, true, byte_slice::copy(payload));
}

} // namespace sluice::net::websocket
