#pragma once

// Exit reasons as values: what is said when supervised actors end or cannot be
// started. Each is a caf::error of Sluice's category (runtime/error.h): its
// code says what happened, its text also where, how often and why.
//
//   if (down.reason == make_error(errc::supervisor_gave_up, "")) ...
//   log(to_text(down.reason));
//     supervisor 'shop' gave up on child 'store' after 5 restarts in 30000 ms;
//     last reason: cannot open the file
//
// For users: `is_orderly` and the texts. Thread rule: pure functions.

#include "runtime/clock.h"
#include "runtime/error.h"

#include <caf/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::actors {

/// True if an actor that ended with `reason` ended as it was meant to: by
/// itself without a reason, or because it was asked to
/// (caf::exit_reason::user_shutdown). Everything else is a failure.
bool is_orderly(const caf::error& reason);

/// True if `reason` is the one of Sluice's errors that `code` names.
bool is(const caf::error& reason, runtime::errc code);

/// errc::supervisor_gave_up: a child failed once more than its supervisor puts
/// up with. The last reason may itself be this one, of a supervisor below.
caf::error gave_up(std::string_view supervisor, std::string_view child,
                   std::size_t restarts, runtime::duration window,
                   const caf::error& last_reason);

/// errc::child_start_failed: the factory threw, or gave no actor, or one that
/// cannot be a child. At most limits::error_excerpt_bytes of `why` are kept.
caf::error start_failed(std::string_view supervisor, std::string_view child,
                        std::string_view why);

/// errc::child_stuck: the child was killed and still has not ended.
caf::error stuck(std::string_view supervisor, std::string_view child,
                 runtime::duration since_kill);

/// `code` with the text "supervisor 'x': child 'y' {what}": the errors that
/// commands to a supervisor are answered with.
caf::error about_child(runtime::errc code, std::string_view supervisor,
                       std::string_view child, std::string_view what);

} // namespace sluice::actors
