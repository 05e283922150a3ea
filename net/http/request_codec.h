#pragma once

// request_codec: the bytes of a client to requests, a piece at a time: a head,
// parts of its body, the end. Sans-I/O, on Boost.Beast's basic_parser, which
// knows RFC 9112; what two servers in a row might read differently is refused,
// by Beast or here (request smuggling): bare line feeds, folded lines, more
// than one length, any transfer coding but one "chunked".
//
// As a codec it gives a frame for each piece; `part` and `ends_message` say
// what the last frame was. A frame may be empty: where chunks are framed, or a
// body ends, bytes are taken that nobody needs to see.
//
// Internal to server_broker. Thread rule: one thread at a time. Lifetime: its
// connection's framer.

#include "net/codec.h"
#include "net/http/request.h"
#include "net/http/status.h"
#include "runtime/limits.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace sluice::net::http {

struct request_limits {
  /// Over it: 414.
  std::size_t line_bytes = runtime::limits::http_request_line_bytes_max;
  /// Line and fields together, and what stands around a chunk, trailers
  /// included. Over it: 431.
  std::size_t head_bytes = runtime::limits::http_head_bytes_max;
  /// Over it: 431.
  std::size_t fields = runtime::limits::http_fields_max;
};

class request_codec final : public codec {
public:
  enum class part : std::uint8_t { head, body };

  explicit request_codec(const request_limits& limits = {});
  ~request_codec() override;

  decoded decode(std::string_view input) override;
  envelope wrap(std::size_t) const override { return {}; }
  /// A head, and the empty lines before it.
  std::size_t frame_bytes_max() const override {
    return limits_.head_bytes + limits_.line_bytes;
  }

  // -- about the last frame ---------------------------------------------------

  part found() const noexcept { return found_; }

  /// True if the request is complete with it.
  bool ends_message() const noexcept { return !in_body_; }

  /// After a head, once: the request. `bytes` is the frame.
  void take_request(byte_slice bytes, request& into);

  // -- about what comes -------------------------------------------------------

  /// What the chunks of the current body may hold from here on: one that says
  /// to be longer is refused before it comes. A length is for the caller to
  /// judge.
  void limit_body(std::uint64_t bytes) noexcept;

  /// A head has come, and not all of its body.
  bool in_body() const noexcept { return in_body_; }

  /// What is to be answered to what `decode` could not read.
  status refusal() const noexcept { return refusal_; }

private:
  class machine;

  decoded decode_head(std::string_view input);
  std::optional<decoded> over_limits(std::size_t line_end, std::size_t end);
  decoded decode_body(std::string_view input);

  /// What stands before a chunk, or ends a body.
  struct chunk_lines {
    std::size_t size = 0; // as far as it has come
    bool complete = false;
  };
  chunk_lines measure_chunk_lines(std::string_view x, std::size_t from);
  decoded parse_head(std::string_view block, std::size_t begin,
                     std::size_t size);
  const char* judge_head(std::string_view block);
  decoded refuse(status code, const char* text);

  request_limits limits_;
  std::unique_ptr<machine> machine_; // while a request is under way
  // Of a head that has not come whole: where it begins, and the line that is
  // looked at; and how far that, or what stands around a chunk, was looked at.
  std::uint32_t begin_ = 0;
  std::uint32_t line_ = 0;
  std::uint32_t scanned_ = 0;
  status refusal_ = status::bad_request;
  part found_ = part::head;
  bool in_body_ = false;
};

} // namespace sluice::net::http
