#pragma once

// What a client_broker is asked, and what it tells its behavior. Each event
// carries the number of the request that it belongs to.
//
// For users. Thread rule: values; they do not leave the machine. `answer_part`
// shares memory with the loop's slab: copy or `compact` what is kept.

#include "net/http/fields.h"
#include "runtime/byte_slice.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::net::http {

using runtime::byte_slice;

struct client_request {
  std::string verb = "GET";
  /// Path and query, e.g. "/a?b=c".
  std::string target = "/";
  /// Host, Content-Length, Transfer-Encoding and Expect are put to it; those
  /// in here are left out, but for a Host, which replaces the connection's.
  http::fields fields{};
  /// All of the body, unless it is streamed.
  byte_slice body{};
  /// The body is written with `write_body` after *body_wanted*: of that many
  /// bytes or, if it is not known, in chunks (RFC 9112, section 7.1).
  bool streams_body = false;
  std::optional<std::uint64_t> body_size{};
  /// Ask before the body is sent (RFC 9110, section 10.1.1).
  bool expects_continue = false;
  /// From `send` to the end of the answer; 0: for ever.
  runtime::duration deadline = runtime::limits::http_answer_deadline;
};

/// The beginning of an answer.
struct answer_head {
  std::uint64_t id = 0;
  /// 200..599.
  unsigned status = 0;
  http::fields fields;
  /// If the server said so.
  std::optional<std::uint64_t> body_size;
};

/// An answer before the answer, as 103 (RFC 9110, section 15.2). 100 and 101
/// are not told.
struct answer_hint {
  std::uint64_t id = 0;
  unsigned status = 0;
  http::fields fields;
};

/// Some bytes of an answer's body, as they come, without the chunks' frames.
struct answer_part {
  std::uint64_t id = 0;
  byte_slice bytes;
};

/// The answer is complete.
struct answer_end {
  std::uint64_t id = 0;
};

/// The head of a request whose body is streamed was sent, and the server wants
/// the body or has not said that it does not.
struct body_wanted {
  std::uint64_t id = 0;
};

/// A request that will not be answered, or not to its end.
struct request_failed {
  std::uint64_t id = 0;
  /// Nothing of it was done, or doing it twice is doing it once: it was not
  /// sent, or its method is idempotent (RFC 9110, section 9.2.2) and no part of
  /// an answer came.
  bool repeatable = false;
  /// What was wrong.
  caf::error reason;
  /// The request itself, to be sent again or elsewhere; of a body that is
  /// streamed nothing is kept.
  client_request request;
};

} // namespace sluice::net::http

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::answer_head)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::answer_hint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::answer_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::answer_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::body_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::request_failed)
