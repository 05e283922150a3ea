#pragma once

// limits: the bounds of the page and of what nodes tell each other for it, each
// with its unit and its reason, as all others in runtime/limits.h, whose
// namespace they share.
//
// For users. Constants only: any thread, for ever.

#include "runtime/limits.h"

namespace sluice::runtime::limits {

/// How often a node that is watched reports, and a page is told: what the eye
/// follows, and a fiftieth of what a busy page would cost.
inline constexpr std::chrono::milliseconds observe_interval = 500ms;

/// How often a watching node says that it still watches, and after which
/// silence it is not reported to any more: three lost words.
inline constexpr std::chrono::milliseconds observe_renew = 1'000ms;
inline constexpr std::chrono::milliseconds observe_lease = 4'000ms;

/// How long a node keeps on watching when its last page was closed: a reload,
/// or a person who asks again with curl.
inline constexpr std::chrono::milliseconds observe_linger = 10'000ms;

/// A report that is older is not shown as what is so: three have not come.
inline constexpr std::chrono::milliseconds observe_report_old = 2'000ms;

/// How long a report may take until the reports to that node are shortened.
inline constexpr std::chrono::milliseconds observe_slow_reader = 1'000ms;

/// How long the loops of a process may take to say how they are, before the
/// report goes without those that did not.
inline constexpr std::chrono::milliseconds observe_survey = 200ms;

/// A link over which something was sent, and nothing taken for so long, is
/// shown as stalled: longer than `channel_ping_interval`, at which a receiver
/// says what it has taken.
inline constexpr std::chrono::milliseconds observe_stall =
    channel_ping_interval + 1'000ms;

/// Pressure counts as over for the event log when it did not return for so
/// long, so that a queue that flaps makes two events and not four a second.
inline constexpr std::chrono::milliseconds observe_calm = 2'000ms;

/// Between two events of one kind about one thing, e.g. closed connections.
inline constexpr std::chrono::milliseconds observe_event_pause = 5'000ms;

/// What a node does for a page has to be answered within this, which is more
/// than a garbage collection and less than a person's patience; a launcher may
/// have to wait for a process to end, or for one to be a member.
inline constexpr std::chrono::milliseconds observe_control = 3'000ms;
inline constexpr std::chrono::milliseconds observe_launcher = 60'000ms;

/// A node that was asked to cut itself off from the one that asks answers
/// first, and then waits for so long: many round trips.
inline constexpr std::chrono::milliseconds observe_cut_delay = 200ms;

/// What one report has: links to each of the other nodes of a large cluster,
/// and rows as a page shows them. With full texts it stays below a quarter of
/// what a message of a channel may have.
inline constexpr std::size_t observe_links_max = 256;
inline constexpr std::size_t observe_holds_max = 64;
inline constexpr std::size_t observe_rows_max = 100;
inline constexpr std::size_t observe_rows_quiet_min = 10; // not under pressure
inline constexpr std::size_t observe_reasons_max = 32;
inline constexpr std::size_t observe_text_bytes_max = 128;

/// The page: two minutes of history, the last events, and rows of the cluster.
inline constexpr std::size_t observe_history_frames = 240;
inline constexpr std::size_t observe_events_max = 200;

/// The history as the text that a page gets first: fifty nodes in good health
/// take 4 MB.
inline constexpr std::size_t observe_history_bytes_max = 6 * 1024 * 1024;

/// Members of a former life that are still shown, as left or down.
inline constexpr std::size_t observe_gone_max = 64;

/// Pages that are open at one node at once, nodes that watch one node, and
/// controls under way: a class room, a large cluster, an impatient person.
inline constexpr std::size_t observe_pages_max = 64;
inline constexpr std::size_t observe_watchers_max = 256;
inline constexpr std::size_t observe_controls_max = 32;

/// Controls of one page under way, and what waits for a browser: a hello with
/// all the history, and some frames.
inline constexpr std::size_t observe_page_commands_max = 8;
inline constexpr std::size_t observe_page_queue_bytes_max = 16 * 1024 * 1024;

/// A text that a page sends: one control.
inline constexpr std::size_t observe_command_bytes_max = 4 * 1024;

} // namespace sluice::runtime::limits
