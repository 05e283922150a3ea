// Whatever a server answers, however it is cut: the same things are found, no
// byte of a body is lost or made up, and what is wrong stays wrong.
//
// The first byte of an input: bit 0 says that the request was a HEAD, the
// others begin the cutting; the second goes on with it.

#include "net/http/answer_parser.h"
#include "runtime/panic.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

using sluice::net::http::answer_parser;
using sluice::net::http::answer_step;
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

/// What was found, as a text in which bodies are whole however they came.
class record {
public:
  explicit record(bool to_head) : to_head_(to_head) { parser_.begin(to_head); }

  /// False when there is nothing more to feed.
  bool feed(std::string_view bytes) {
    fed_ += bytes.size();
    parser_.feed(byte_slice::copy(bytes));
    return take();
  }

  void end() {
    if (over_)
      return;
    switch (parser_.at_end()) {
    case answer_step::end:
      text_ += "|end";
      break;
    case answer_step::failed:
      text_ += "|failed";
      break;
    case answer_step::need_more:
      text_ += "|closed";
      break;
    default:
      check(false, "the end brings something else");
    }
  }

  const std::string& text() const { return text_; }

private:
  bool take() {
    while (!over_) {
      auto step = parser_.next();
      if (step == answer_step::need_more)
        return true;
      text_ += step == answer_step::part ? "" : "|";
      switch (step) {
      case answer_step::hint:
      case answer_step::head:
        take_head(step == answer_step::hint);
        break;
      case answer_step::part: {
        auto bytes = parser_.take_bytes();
        check(!bytes.empty(), "a part without bytes");
        check((body_ += bytes.size()) <= fed_, "a body from nowhere");
        check(!sized_ || body_ <= *sized_, "more than the length says");
        text_.append(bytes.view());
        break;
      }
      case answer_step::end:
        check(!sized_ || to_head_ || bodyless_ || body_ == *sized_,
              "less than the length says");
        text_ += parser_.keeps_alive() ? "end+" : "end";
        if (!parser_.keeps_alive())
          return !(over_ = true);
        body_ = 0;
        parser_.begin(to_head_);
        break;
      default:
        check(static_cast<bool>(parser_.error()), "failed without an error");
        text_ += "failed";
        over_ = true;
        check(parser_.next() == answer_step::failed,
              "failed, but not for good");
      }
    }
    return false;
  }

  void take_head(bool hint) {
    auto status = parser_.status();
    check(status >= 100 && status <= 599, "a status that there is not");
    check(hint == (status < 200), "a hint that is none");
    text_ += std::to_string(status);
    for (auto& x : parser_.take_fields()) {
      text_ += ';';
      text_ += x.name();
      text_ += ':';
      text_ += x.value();
    }
    sized_ = hint ? std::nullopt : parser_.body_size();
    bodyless_ = status == 204 || status == 304;
    text_ += '|';
  }

  answer_parser parser_;
  bool to_head_;
  std::string text_;
  std::optional<std::uint64_t> sized_;
  std::uint64_t body_ = 0;
  std::uint64_t fed_ = 0;
  bool bodyless_ = false;
  bool over_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2)
    return 0;
  std::string_view rest{reinterpret_cast<const char*>(data) + 2, size - 2};
  bool to_head = data[0] & 1;
  record whole{to_head};
  whole.feed(rest);
  whole.end();
  record cut{to_head};
  for (cutter sizes{data[0] * 256u + data[1]}; !rest.empty();) {
    auto piece = rest.substr(0, sizes.next());
    rest.remove_prefix(piece.size());
    if (!cut.feed(piece))
      break;
  }
  cut.end();
  check(whole.text() == cut.text(), "cut otherwise, something else is found");
  return 0;
}
