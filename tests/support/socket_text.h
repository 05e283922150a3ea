#pragma once

// socket_text: what socket calls give, as text that reads well in a failed
// assertion: the bytes or the number, "(end)" for the end of a stream,
// "(EPIPE)" for an error, "in out err hup" for readiness.
//
// For tests. Thread rule: functions only.

#include "runtime/poller.h"
#include "runtime/socket_api.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::testing {

/// The number, or the name of the errno if it is negative.
std::string result_text(ssize_t result);

/// Any of "in out err hup", in this order; "" for none.
std::string flags_text(runtime::readiness x);

/// Sends and gives the number of bytes taken or the error.
std::string send_text(runtime::socket_api& api, int fd, std::string_view bytes);

/// Sends one datagram, to the connected peer if `to` is null.
std::string send_text(runtime::socket_api& api, int fd, std::string_view bytes,
                      const runtime::socket_address* to);

/// Receives up to `size` bytes and gives them, "(end)" or the error.
std::string recv_text(runtime::socket_api& api, int fd,
                      std::size_t size = 64 * 1024);

/// SO_ERROR: "0" or the error.
std::string error_text(runtime::socket_api& api, int fd);

} // namespace sluice::testing
