// Whatever a client sends, however it is cut: the same requests are found, each
// is one that two servers in a row read alike, no byte of a body is lost or
// made up, and behind what was refused nothing is found any more.
//
// The first two bytes of an input say how it is cut; bit 0 sets small limits.

#include "net/framer.h"
#include "net/http/request_codec.h"
#include "runtime/panic.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

namespace http = sluice::net::http;
using http::request_codec;
using sluice::net::framer;
using sluice::runtime::byte_slice;
using sluice::runtime::check;

/// Sizes of pieces, from 1 on, that follow from a seed.
class cutter {
public:
  explicit cutter(unsigned seed) : state_(seed) {}

  std::size_t next() {
    state_ = state_ * 1'103'515'245 + 12'345;
    auto x = state_ >> 16;
    return x % 4 == 0 ? 1 + x % 200 : 1 + x % 3;
  }

private:
  unsigned state_;
};

http::request_limits small_limits() {
  http::request_limits result;
  result.line_bytes = 40;
  result.head_bytes = 120;
  result.fields = 4;
  return result;
}

bool has_control(std::string_view x) {
  return std::any_of(x.begin(), x.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

/// What was found, as a text in which bodies are whole however they came.
class record {
public:
  explicit record(bool small)
      : framer_(std::make_unique<request_codec>(
          small ? small_limits() : http::request_limits{})) {}

  /// False when there is nothing more to feed.
  bool feed(std::string_view bytes) {
    fed_ += bytes.size();
    framer_.feed(byte_slice::copy(bytes));
    for (byte_slice frame; framer_.next(frame);)
      take(std::move(frame));
    if (!framer_.error())
      return true;
    auto code = http::code_of(codec().refusal());
    check(code >= 400 && code < 600, "a refusal without a status");
    text_ += "|refused " + std::to_string(code);
    check(framer_.buffered() == 0, "what was refused is kept");
    return false;
  }

  const std::string& text() const { return text_; }

private:
  request_codec& codec() {
    return static_cast<request_codec&>(framer_.codec());
  }

  void take(byte_slice frame) {
    if (codec().found() == request_codec::part::head) {
      check(!in_body_, "a head inside of a body");
      http::request x;
      codec().take_request(std::move(frame), x);
      judge(x);
      note(x);
      in_body_ = !codec().ends_message();
      check(in_body_ == x.has_body(), "there is a body, or there is none");
      length_ = x.content_length();
      body_ = 0;
    } else {
      check(in_body_, "a body without a head");
      body_ += frame.size();
      check(body_ <= fed_, "a body from nowhere");
      check(!length_ || body_ <= *length_, "more than the length says");
      text_.append(frame.view());
      in_body_ = !codec().ends_message();
      check(in_body_ || !length_ || body_ == *length_,
            "less than the length says");
    }
    if (!in_body_)
      text_ += "|end";
  }

  /// What another server would not take for something else.
  static void judge(const http::request& x) {
    unsigned hosts = 0;
    unsigned framings = 0;
    for (auto& line : x.fields()) {
      check(!line.name().empty() && !has_control(line.name())
                && line.name().find_first_of(" \t:") == std::string_view::npos,
            "a name that is no word");
      check(!has_control(line.value()), "a value with a control character");
      hosts += http::same_name(line.name(), "host");
      framings += http::same_name(line.name(), "content-length")
                  || http::same_name(line.name(), "transfer-encoding");
    }
    check(hosts <= 1 && (hosts == 1 || x.minor_version() == 0), "not one host");
    check(framings <= 1, "more than one way to say where the body ends");
    check(!x.has_body() || framings == 1, "a body of no length");
    check(!x.verb_text().empty() && !has_control(x.verb_text()),
          "a method that is no word");
    check(!x.target().empty() && !has_control(x.target())
              && x.target().find(' ') == std::string_view::npos,
          "a target that is none");
  }

  void note(const http::request& x) {
    text_.append("|").append(x.verb_text()).append(" ").append(x.target());
    text_.append(" ").append(x.path()).append("?").append(x.query());
    text_.append(" @").append(x.host());
    for (auto& line : x.fields())
      text_.append(";").append(line.name()).append(":").append(line.value());
    text_ += x.keeps_alive() ? "+" : "-";
    text_ += x.expects_continue() ? "e|" : "|";
  }

  framer framer_;
  std::string text_;
  std::optional<std::uint64_t> length_;
  std::uint64_t body_ = 0;
  std::uint64_t fed_ = 0;
  bool in_body_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2)
    return 0;
  std::string_view rest{reinterpret_cast<const char*>(data) + 2, size - 2};
  bool small = data[0] & 1;
  record whole{small};
  whole.feed(rest);
  record cut{small};
  for (cutter sizes{data[0] * 256u + data[1]}; !rest.empty();) {
    auto piece = rest.substr(0, sizes.next());
    rest.remove_prefix(piece.size());
    if (!cut.feed(piece))
      break;
  }
  check(whole.text() == cut.text(), "cut otherwise, something else is found");
  return 0;
}
