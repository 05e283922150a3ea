#pragma once

// exchange: a request and its answer while they are under way. Idle connections
// have none; each thread keeps some for the next request.
//
// Internal to the server_*.cc files. Thread rule: its loop's thread.

#include "net/http/server_broker.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace sluice::net::http {

struct server_broker::exchange {
  /// Of the answer.
  enum class stage : std::uint8_t {
    none,     // nobody has said anything
    composed, // its head is being made
    started,  // the head is written
    done,
  };

  /// Of how the body of the answer ends.
  enum class framing : std::uint8_t { length, chunks, connection, nothing };

  static std::unique_ptr<exchange> acquire();
  static void recycle(std::unique_ptr<exchange> x);

  http::request in;
  std::function<void(byte_slice)> on_part;
  std::function<void()> on_end;
  body_source more;
  std::uint64_t body_limit = 0;  // of what is still to come
  std::uint64_t unread = 0;      // of the body, after the answer
  std::uint64_t left = 0;        // of an answer with a length
  std::uint64_t being_taken = 0; // pieces of `more` that are on their way
  stage answer = stage::none;
  framing end = framing::length;
  bool request_complete = false;
  bool continued = false; // 100 was sent
  bool body_lost = false; // a part of it went to nobody
  bool source_due = false;

private:
  static std::vector<std::unique_ptr<exchange>>& spares();
};

} // namespace sluice::net::http
