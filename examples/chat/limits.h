#pragma once

// What the chat allows, with the reasons; the unit is the last word of a name
// or stands before `max`.
//
// Thread rule: constants.

#include <chrono>
#include <cstddef>

namespace sluice::examples::chat {

using namespace std::chrono_literals;

/// A line that somebody types. Longer ones end the connection.
inline constexpr std::size_t line_bytes_max = 1024;

/// The name of a member or a room.
inline constexpr std::size_t name_bytes_max = 24;

inline constexpr std::size_t rooms_max = 1000;
inline constexpr std::size_t members_max = 10'000;

/// Names that /who lists.
inline constexpr std::size_t listed_names_max = 100;

/// Lines of one member that are on their way to the others. It is read from
/// again when one of them has got to all; so the mailboxes hold this many lines
/// for each member that talks, whatever it sends.
inline constexpr std::size_t lines_ahead_max = 32;

/// What waits for a member that does not read; older lines are dropped.
inline constexpr std::size_t unread_bytes_max = 256 * 1024;

/// A member that has read nothing for so long is gone.
inline constexpr auto absence_max = 10min;

} // namespace sluice::examples::chat
