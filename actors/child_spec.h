#pragma once

// child_spec and supervisor_options: whom a supervisor starts, how it ends
// them, and what it does when one of them fails.
//
// For users. Thread rule: values; a factory is called on the supervisor's
// thread. Lifetime: a supervisor keeps its specs, with what their factories
// hold, until it ends.

#include "actors/restart_policy.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sluice::actors {

/// When a child that ended by itself is started again. What counts as orderly:
/// `is_orderly` in actors/exit_reasons.h.
enum class restart : std::uint8_t {
  permanent, // always
  transient, // if its end was not orderly
  temporary, // never; it is taken off the list
};

std::string to_string(restart x);

/// Who is started again together with a child that failed.
enum class strategy : std::uint8_t {
  one_for_one,  // nobody
  one_for_all,  // all children
  rest_for_one, // those that were started after it
};

std::string to_string(strategy x);

/// Makes an actor, or says why it cannot. `parent` is the supervisor: spawn
/// with it (`parent->spawn(...)`), with its system, or on a loop. Must not
/// block, nor do anything else to `parent`. What it throws is a failed start.
using child_factory =
    std::function<caf::expected<caf::actor>(caf::event_based_actor* parent)>;

struct child_spec {
  /// Not empty; no two children of a supervisor have the same.
  std::string name{};

  child_factory start{};

  restart type = restart::permanent;

  /// How long the child has to end after it was sent an exit with
  /// caf::exit_reason::user_shutdown; then it is killed. 0: it is killed at
  /// once. Without a value there is no deadline: only for children that are
  /// sure to end, as supervisors are, whose own children have deadlines.
  std::optional<runtime::duration> shutdown = runtime::limits::child_shutdown;
};

/// errc::bad_setting, with the name, unless the fields are as they shall be.
caf::error check(const child_spec& x);

struct supervisor_options {
  /// Shown in events and reasons.
  std::string name = "supervisor";

  actors::strategy strategy = strategy::one_for_one;

  /// How many restarts, of all children together, are too many.
  restart_limits limits{};

  actors::backoff backoff{};

  /// 64 random bits a call, for the jitter; one call a restart. Empty: a source
  /// that is seeded by the system. For runs that can be repeated, e.g.
  /// `std::mt19937_64{seed}`.
  std::function<std::uint64_t()> random{};

  /// Whoever is told the events of actors/supervisor_messages.h from the start.
  std::vector<caf::actor> observers{};
};

/// errc::bad_setting unless the limits and the backoff are in their ranges.
caf::error check(const supervisor_options& x);

} // namespace sluice::actors
