#pragma once

// response: the head of an answer, but for what the connection adds: Date,
// Server, Content-Length or Transfer-Encoding, and Connection.
//
// For users. Thread rule: a value.

#include "net/http/fields.h"
#include "net/http/status.h"

namespace sluice::net::http {

struct response {
  http::status status = http::status::ok;
  http::fields fields{};
};

} // namespace sluice::net::http
