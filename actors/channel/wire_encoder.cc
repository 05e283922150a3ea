#include "actors/channel/wire.h"
#include "actors/channel/wire_format.h"
#include "runtime/limits.h"

#include <type_traits>

namespace sluice::actors::channel::wire {

namespace {

namespace limits = runtime::limits;

template <class T>
void put(T x, std::string& out) {
  static_assert(std::is_unsigned_v<T>);
  for (auto shift = 8 * sizeof(T); shift > 0;) {
    shift -= 8;
    out.push_back(static_cast<char>(x >> shift));
  }
}

void put_text(std::string_view x, std::size_t bytes_max, std::string& out) {
  x = x.substr(0, bytes_max);
  put(static_cast<std::uint16_t>(x.size()), out);
  out.append(x);
}

/// Writes the length of a frame when the rest of it is there.
class frame_writer {
public:
  frame_writer(kind what, std::string& out) : out_(out), start_(out.size()) {
    out_.append(length_bytes, '\0');
    put(static_cast<std::uint8_t>(what), out_);
  }

  ~frame_writer() {
    put_item_header(out_.size() - start_ - length_bytes, out_.data() + start_);
  }

  frame_writer(const frame_writer&) = delete;
  frame_writer& operator=(const frame_writer&) = delete;

private:
  std::string& out_;
  std::size_t start_;
};

} // namespace

void put_item_header(std::size_t size, char* to) noexcept {
  for (int i = 0; i < 4; ++i)
    to[i] = static_cast<char>(size >> (24 - 8 * i));
}

void encode(const hello& x, std::string& out) {
  frame_writer writer{kind::hello, out};
  put(magic, out);
  put(x.version_min, out);
  put(x.version_max, out);
  put(x.instance, out);
  put(x.frame_bytes_max, out);
  put(x.channels_max, out);
}

void encode(const welcome& x, std::string& out) {
  frame_writer writer{kind::welcome, out};
  put(magic, out);
  put(x.version, out);
  put(x.instance, out);
  put(x.frame_bytes_max, out);
  put(x.channels_max, out);
}

void encode(const refuse& x, std::string& out) {
  frame_writer writer{kind::refuse, out};
  put(static_cast<std::uint16_t>(x.reason), out);
  put_text(x.text, limits::channel_reason_bytes_max, out);
}

void encode(const ping& x, std::string& out) {
  frame_writer writer{kind::ping, out};
  put(x.token, out);
}

void encode(const pong& x, std::string& out) {
  frame_writer writer{kind::pong, out};
  put(x.token, out);
}

void encode(const open& x, std::string& out) {
  frame_writer writer{kind::open, out};
  put(x.channel, out);
  put(x.stream.host, out);
  put(x.stream.number, out);
  put(x.oldest, out);
  put(x.next, out);
  put_text(x.name, limits::name_bytes_max, out);
  put_text(x.type, limits::name_bytes_max, out);
}

void encode(const blocked& x, std::string& out) {
  frame_writer writer{kind::blocked, out};
  put(x.channel, out);
}

void encode(const end& x, std::string& out) {
  frame_writer writer{kind::end, out};
  put(x.channel, out);
  put(x.position, out);
}

void encode(const opened& x, std::string& out) {
  frame_writer writer{kind::opened, out};
  put(x.channel, out);
  put(x.position, out);
  put(x.bytes, out);
  put(x.confirmed, out);
  put(x.message_limit, out);
  put(x.byte_limit, out);
  put(x.window_messages, out);
  put(x.window_bytes, out);
}

void encode(const refused& x, std::string& out) {
  frame_writer writer{kind::refused, out};
  put(x.channel, out);
  put(static_cast<std::uint16_t>(x.reason), out);
  put_text(x.text, limits::channel_reason_bytes_max, out);
}

void encode(const grant& x, std::string& out) {
  frame_writer writer{kind::grant, out};
  put(x.channel, out);
  put(x.confirmed, out);
  put(x.message_limit, out);
  put(x.byte_limit, out);
}

void encode(const finished& x, std::string& out) {
  frame_writer writer{kind::finished, out};
  put(x.channel, out);
}

void encode(const close& x, std::string& out) {
  frame_writer writer{kind::close, out};
  put(x.channel, out);
  put(static_cast<std::uint16_t>(x.reason), out);
  put_text(x.text, limits::channel_reason_bytes_max, out);
}

void encode_data_header(std::uint32_t channel, std::uint64_t first,
                        std::uint32_t count, std::size_t item_bytes,
                        std::string& out) {
  char length[length_bytes];
  put_item_header(data_header_bytes - length_bytes + item_bytes, length);
  out.append(length, length_bytes);
  put(static_cast<std::uint8_t>(kind::data), out);
  put(channel, out);
  put(first, out);
  put(count, out);
}

} // namespace sluice::actors::channel::wire
