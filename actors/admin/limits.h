#pragma once

// The limits of the admin interface.

#include <chrono>
#include <cstddef>

namespace sluice::actors::admin {

/// One line each way. A request names a verb and a few fields; an answer may
/// list everything that a node knows of itself: a member takes about 200 bytes.
inline constexpr std::size_t admin_request_bytes_max = 64 * 1024;
inline constexpr std::size_t admin_answer_bytes_max = 1024 * 1024;

/// Connections at once: those who look, and a few that were forgotten.
inline constexpr std::size_t admin_connections_max = 64;

/// How long a connection may ask for nothing. A person who types requests needs
/// a while.
inline constexpr std::chrono::milliseconds admin_idle{60'000};

} // namespace sluice::actors::admin
