#pragma once

// answer_parser: bytes of a server to answers. Sans-I/O, on Boost.Beast's
// basic_parser, which knows RFC 9112; what it lets through is bounded here.
//
// Internal to net/http/client_broker. Thread rule: one thread at a time.
// Lifetime: what `next` gives is independent of the parser.

#include "net/http/fields.h"
#include "runtime/byte_slice.h"
#include "runtime/error.h"

#include <caf/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sluice::net::http {

enum class answer_step : std::uint8_t {
  need_more, // feed
  hint,      // a 1xx status: `status` and `fields`; the answer is still to come
  head,      // `status`, `fields`, `body_size`
  part,      // `bytes`
  end,       // the answer is complete; then `begin`
  failed,    // `error`; for good
};

class answer_parser {
public:
  answer_parser();
  ~answer_parser();

  answer_parser(const answer_parser&) = delete;
  answer_parser& operator=(const answer_parser&) = delete;

  /// The next answer is to a request with the method HEAD, or with another.
  void begin(bool to_head);

  /// Takes in bytes in the order of the stream, when `next` needs more.
  void feed(runtime::byte_slice bytes);

  /// Finds the next thing in what was fed. Between `end` and `begin` it needs
  /// more.
  answer_step next();

  /// The stream has ended, and `next` needs more: `end` if that is how the
  /// body ends, `failed` if something is missing, `need_more` between two
  /// answers.
  answer_step at_end();

  /// Bytes that were fed and not looked at.
  bool has_rest() const noexcept { return !input_.empty(); }

  unsigned status() const noexcept;
  http::fields take_fields();
  std::optional<std::uint64_t> body_size() const;
  runtime::byte_slice take_bytes() { return std::exchange(bytes_, {}); }

  /// Whether the connection may be used for another request, once the answer is
  /// complete.
  bool keeps_alive() const;

  /// errc::malformed_frame, errc::frame_too_long or errc::truncated_frame.
  const caf::error& error() const noexcept { return error_; }

private:
  class machine;

  answer_step fail(runtime::errc code, std::string text);

  std::unique_ptr<machine> machine_; // while an answer is expected
  runtime::byte_slice input_;
  runtime::byte_slice bytes_;
  caf::error error_;
  bool to_head_ = false;
};

} // namespace sluice::net::http
