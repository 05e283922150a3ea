#include "actors/channel/wire.h"
#include "actors/channel/wire_format.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <type_traits>
#include <utility>

namespace sluice::actors::channel::wire {

namespace {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

template <class T>
T get_at(const char* from) noexcept {
  T result = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    result = static_cast<T>(static_cast<T>(result << 8)
                            | static_cast<std::uint8_t>(from[i]));
  return result;
}

/// Takes fields from the front of a frame; remembers the first that was not
/// right.
class frame_reader {
public:
  explicit frame_reader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <class T>
  void get(T& x, const char* field) {
    if (rest_.size() < sizeof(T))
      return wrong(field, "is cut off");
    x = get_at<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
  }

  void get_text(std::string& x, std::size_t bytes_max, const char* field) {
    std::uint16_t size = 0;
    get(size, field);
    if (size > bytes_max)
      return wrong(field, "is too long");
    if (rest_.size() < size)
      return wrong(field, "is cut off");
    if (!failed())
      x.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }

  void get_reason(end_reason& x) {
    std::uint16_t code = 0;
    get(code, "reason");
    x = static_cast<end_reason>(code); // a later version may know more
  }

  void check(bool right, const char* field, const char* how) {
    if (!right)
      wrong(field, how);
  }

  std::string_view take_rest() noexcept { return std::exchange(rest_, {}); }

  bool failed() const noexcept { return field_ != nullptr; }

  /// None if every field was there, and nothing but the fields.
  caf::error error(const char* frame) {
    check(rest_.empty(), "its end", "comes late");
    if (!failed())
      return {};
    return make_error(errc::malformed_frame, std::string{"frame \""} + frame
                                                 + "\": " + field_ + " "
                                                 + how_);
  }

private:
  void wrong(const char* field, const char* how) noexcept {
    rest_ = {};
    if (failed())
      return;
    field_ = field;
    how_ = how;
  }

  std::string_view rest_;
  const char* field_ = nullptr;
  const char* how_ = "";
};

template <class T>
caf::expected<frame> done(frame_reader& in, T& x, const char* name) {
  if (auto err = in.error(name))
    return err;
  return frame{std::move(x)};
}

caf::expected<frame> decode_hello(frame_reader& in) {
  hello x;
  std::uint32_t word = 0;
  in.get(word, "magic");
  in.check(in.failed() || word == magic, "magic", "is not SLCH");
  in.get(x.version_min, "version_min");
  in.get(x.version_max, "version_max");
  in.check(x.version_min <= x.version_max, "version_max",
           "is below version_min");
  in.get(x.instance, "instance");
  in.get(x.frame_bytes_max, "frame_bytes_max");
  in.get(x.channels_max, "channels_max");
  in.take_rest(); // a later version may say more
  return done(in, x, "hello");
}

caf::expected<frame> decode_welcome(frame_reader& in) {
  welcome x;
  std::uint32_t word = 0;
  in.get(word, "magic");
  in.check(in.failed() || word == magic, "magic", "is not SLCH");
  in.get(x.version, "version");
  in.get(x.instance, "instance");
  in.get(x.frame_bytes_max, "frame_bytes_max");
  in.get(x.channels_max, "channels_max");
  in.take_rest();
  return done(in, x, "welcome");
}

caf::expected<frame> decode_open(frame_reader& in) {
  open x;
  in.get(x.channel, "channel");
  in.get(x.stream.host, "stream");
  in.get(x.stream.number, "stream");
  in.get(x.oldest, "oldest");
  in.get(x.next, "next");
  in.check(x.oldest <= x.next, "next", "is below oldest");
  in.get_text(x.name, limits::name_bytes_max, "name");
  in.get_text(x.type, limits::name_bytes_max, "type");
  return done(in, x, "open");
}

/// `count` lengths and what they say, and nothing else.
bool items_fit(std::string_view items, std::uint32_t count) noexcept {
  for (; count > 0; --count) {
    if (items.size() < item_header_bytes)
      return false;
    auto size = item_size(items.data());
    items.remove_prefix(item_header_bytes);
    if (size > items.size() || size > limits::channel_message_bytes_max)
      return false;
    items.remove_prefix(size);
  }
  return items.empty();
}

caf::expected<frame> decode_data(frame_reader& in, const byte_slice& bytes) {
  data x;
  in.get(x.channel, "channel");
  in.get(x.first, "first");
  in.get(x.count, "count");
  auto items = in.take_rest();
  in.check(in.failed() || x.count > 0, "count", "is 0");
  in.check(in.failed() || items_fit(items, x.count), "messages",
           "do not fit their lengths");
  if (!in.failed())
    x.items = bytes.sub(bytes.size() - items.size());
  return done(in, x, "data");
}

caf::expected<frame> decode_opened(frame_reader& in) {
  opened x;
  in.get(x.channel, "channel");
  in.get(x.position, "position");
  in.get(x.bytes, "bytes");
  in.get(x.confirmed, "confirmed");
  in.get(x.message_limit, "message_limit");
  in.get(x.byte_limit, "byte_limit");
  in.get(x.window_messages, "window_messages");
  in.get(x.window_bytes, "window_bytes");
  in.check(x.confirmed <= x.position, "confirmed", "is over position");
  in.check(x.window_messages > 0 && x.window_bytes > 0, "window", "is empty");
  return done(in, x, "opened");
}

caf::expected<frame> decode_grant(frame_reader& in) {
  grant x;
  in.get(x.channel, "channel");
  in.get(x.confirmed, "confirmed");
  in.get(x.message_limit, "message_limit");
  in.get(x.byte_limit, "byte_limit");
  return done(in, x, "grant");
}

/// A frame of a channel, a reason and a text.
template <class T>
caf::expected<frame> decode_reasoned(frame_reader& in, const char* name) {
  T x;
  if constexpr (!std::is_same_v<T, refuse>)
    in.get(x.channel, "channel");
  in.get_reason(x.reason);
  in.get_text(x.text, limits::channel_reason_bytes_max, "text");
  return done(in, x, name);
}

/// A frame of one number.
template <class T, class Field>
caf::expected<frame> decode_number(frame_reader& in, Field T::*field,
                                   const char* name, const char* field_name) {
  T x;
  in.get(x.*field, field_name);
  return done(in, x, name);
}

} // namespace

std::size_t item_size(const char* header) noexcept {
  return get_at<std::uint32_t>(header);
}

caf::expected<frame> decode(const byte_slice& bytes) {
  if (bytes.empty())
    return make_error(errc::malformed_frame, "a frame without a kind");
  frame_reader in{bytes.view().substr(1)};
  auto first = static_cast<std::uint8_t>(bytes[0]);
  switch (static_cast<kind>(first)) {
  case kind::hello:
    return decode_hello(in);
  case kind::welcome:
    return decode_welcome(in);
  case kind::refuse:
    return decode_reasoned<refuse>(in, "refuse");
  case kind::ping:
    return decode_number(in, &ping::token, "ping", "token");
  case kind::pong:
    return decode_number(in, &pong::token, "pong", "token");
  case kind::open:
    return decode_open(in);
  case kind::data:
    return decode_data(in, bytes);
  case kind::blocked:
    return decode_number(in, &blocked::channel, "blocked", "channel");
  case kind::end: {
    end x;
    in.get(x.channel, "channel");
    in.get(x.position, "position");
    return done(in, x, "end");
  }
  case kind::opened:
    return decode_opened(in);
  case kind::refused:
    return decode_reasoned<refused>(in, "refused");
  case kind::grant:
    return decode_grant(in);
  case kind::finished:
    return decode_number(in, &finished::channel, "finished", "channel");
  case kind::close:
    return decode_reasoned<close>(in, "close");
  default:
    if (first >= static_cast<std::uint8_t>(kind::first_ignored))
      return frame{ignored{first}};
    return make_error(errc::malformed_frame,
                      "a frame of the unknown kind " + std::to_string(first));
  }
}

} // namespace sluice::actors::channel::wire
