#pragma once

// What a supervisor is asked for, and what it tells.
//
// Commands are requests: any actor sends them to a supervisor, which answers.
// Sent without asking for an answer they do the same. An answer that has to
// wait (for a start, for an end) comes when that has happened, however long it
// takes; at the latest when the supervisor ends.
//
// Events go to observers, in the order in which things happen, without an
// envelope sender. An observer that has no handler for one has CAF print it:
// give it caf::drop as the default handler.
//
// For users. Thread rule: values. An `add_child` stays on its node: a factory
// cannot travel.

#include "actors/child_spec.h"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::actors {

// -- commands -----------------------------------------------------------------

/// Starts another child, last in order. Answer: its handle, once it is started.
/// errc::duplicate_child, errc::bad_setting, errc::too_many_children (over
/// limits::supervisor_children_max), or why it cannot be started; then there is
/// no such child, and nothing else happens to the others.
struct add_child {
  child_spec spec;
};

/// Ends a child and keeps it on the list, for `restart_child`; a temporary one
/// is taken off. Others are left alone, whatever the strategy. Answer: nothing,
/// once it has ended; at once if it is not running. errc::unknown_child,
/// errc::child_stuck.
struct stop_child {
  std::string name;
};

/// Like `stop_child`, and takes it off the list: its name is free again.
struct remove_child {
  std::string name;
};

/// Starts a child that is down, now and not when its backoff is over; ends and
/// starts one that is up, and with it those that the strategy starts again with
/// a child that failed. Does not count as a restart, and its attempts count
/// from 1 again. Answer: the new handle, once it is started.
/// errc::unknown_child, errc::child_stuck, errc::child_not_running if it is
/// stopped before it was started, or why it cannot be started; then it is tried
/// again as any failed start.
struct restart_child {
  std::string name;
};

/// Answer: the handle of the child that is running under this name now.
/// errc::unknown_child, errc::child_not_running.
struct find_child {
  std::string name;
};

/// Answer: a std::vector<child_info>, in the order of the start.
struct list_children {};

/// `who` is told the events from now on, until it ends. Answer: nothing.
struct observe {
  caf::actor who;
};

/// `who` is told no more. Answer: nothing.
struct unobserve {
  caf::actor who;
};

enum class child_state : std::uint8_t {
  running,
  stopping, // it was told to end
  waiting,  // it is down and will be started
  stopped,  // by a command
  finished, // a transient child that ended in order
  stuck,    // it was killed and has not ended
};

std::string to_string(child_state x);

struct child_info {
  std::string name;
  restart type = restart::permanent;
  child_state state = child_state::waiting;
  /// While it is alive; else null.
  caf::actor handle{};
  /// How often it was started.
  std::uint64_t starts = 0;
  /// With what it ended the last time.
  caf::error last_reason{};
};

// -- events -------------------------------------------------------------------

/// The child was spawned. What it does first may not have run yet.
struct child_started {
  std::string supervisor;
  std::string name;
  caf::actor handle;
  /// 1 for the first time.
  std::uint64_t starts = 0;
};

/// The child has ended, or could not be started (errc::child_start_failed).
struct child_down {
  std::string supervisor;
  std::string name;
  caf::error reason;
};

/// The child failed and will be started again.
struct child_restarting {
  std::string supervisor;
  std::string name;
  /// In how long at the earliest; others may have to end before.
  runtime::duration delay{};
  /// How often in a row, see backoff::settled.
  std::uint32_t attempt = 0;
};

/// The child was killed and does not end; the supervisor waits no longer.
struct child_stuck {
  std::string supervisor;
  std::string name;
};

/// The supervisor ends all children, and then itself with `reason`:
/// errc::supervisor_gave_up or errc::child_stuck.
struct supervisor_gave_up {
  std::string supervisor;
  /// The child on which it gave up.
  std::string name;
  caf::error reason;
};

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stop_child& x) {
  return f(caf::meta::type_name("sluice.stop_child"), x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remove_child& x) {
  return f(caf::meta::type_name("sluice.remove_child"), x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, restart_child& x) {
  return f(caf::meta::type_name("sluice.restart_child"), x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, find_child& x) {
  return f(caf::meta::type_name("sluice.find_child"), x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, list_children&) {
  return f(caf::meta::type_name("sluice.list_children"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, observe& x) {
  return f(caf::meta::type_name("sluice.observe"), x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unobserve& x) {
  return f(caf::meta::type_name("sluice.unobserve"), x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, child_info& x) {
  return f(caf::meta::type_name("sluice.child_info"), x.name, x.type, x.state,
           x.handle, x.starts, x.last_reason);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, child_started& x) {
  return f(caf::meta::type_name("sluice.child_started"), x.supervisor, x.name,
           x.handle, x.starts);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, child_down& x) {
  return f(caf::meta::type_name("sluice.child_down"), x.supervisor, x.name,
           x.reason);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, child_restarting& x) {
  return f(caf::meta::type_name("sluice.child_restarting"), x.supervisor,
           x.name, x.delay, x.attempt);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, child_stuck& x) {
  return f(caf::meta::type_name("sluice.child_stuck"), x.supervisor, x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, supervisor_gave_up& x) {
  return f(caf::meta::type_name("sluice.supervisor_gave_up"), x.supervisor,
           x.name, x.reason);
}

} // namespace sluice::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::add_child)
