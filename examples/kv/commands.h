#pragma once

// commands: executes Redis commands against a store. The whole key-value server
// but for its sockets: whoever owns a connection splits the bytes into commands
// and calls `execute` for each.
//
// Thread rule: one thread per server, see session.h.

#include "examples/kv/session.h"
#include "runtime/limits.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sluice::examples::kv {

/// A reply of several values ends here, in an error: a short MGET could
/// otherwise ask for one large value a million times. Room for the largest
/// single value, and for as much again.
inline constexpr std::size_t reply_bytes_max =
    2 * runtime::limits::resp_bulk_bytes_max;

/// Executes one command, its name first and its arguments behind, and appends
/// exactly one RESP2 reply to `reply`, error replies included. None for no
/// arguments at all, which Redis ignores, and none with `self.closing` set for
/// what only an HTTP client sends. The arguments need to live until it returns.
///
/// `now` is in milliseconds since the Unix epoch; it should not go backwards.
void execute(session& self, std::span<const std::string_view> args, time_ms now,
             std::string& reply);

} // namespace sluice::examples::kv
