#pragma once

// supervised_child: what a supervisor knows of one child.
//
// Internal. Thread rule: the supervisor's. Lifetime: from the spec until the
// child is taken off the list.

#include "actors/child_spec.h"
#include "actors/supervisor_messages.h"
#include "runtime/clock.h"

#include <caf/actor.hpp>
#include <caf/atom.hpp>
#include <caf/error.hpp>
#include <caf/response_promise.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::actors {

/// What a supervisor sends to itself when a deadline is due.
using supervisor_tick = caf::atom_constant<caf::atom("sl_tick")>;

enum class life : std::uint8_t {
  none,   // no incarnation is alive
  up,     // started, and not told to end
  asked,  // told to end, until `deadline`
  killed, // killed, until `deadline`
  stuck,  // killed, and nobody waits any more
};

struct supervised_child {
  explicit supervised_child(child_spec x) : spec(std::move(x)) {}

  child_spec spec;
  caf::actor handle; // null if and only if phase is none
  life phase = life::none;

  // What shall become of it.
  bool wanted = true;   // up in the end
  bool again = false;   // but down before that
  bool leaving = false; // off the list once it is down
  bool trial = true; // a failed start is only of interest to who asked for it

  bool finished = false; // down since it ended in order
  runtime::time_point deadline{};
  runtime::time_point not_before{}; // for the next start
  runtime::time_point up_since{};
  unsigned attempt = 0; // number of the last restart in a row
  std::uint64_t starts = 0;
  caf::error last_reason;
  std::vector<caf::response_promise> on_up;
  std::vector<caf::response_promise> on_down;

  bool alive() const noexcept { return phase != life::none; }

  /// True from the decision to end it until it is down or stuck.
  bool has_to_end() const noexcept {
    return phase == life::asked || phase == life::killed
           || (phase == life::up && (again || !wanted));
  }

  child_state state() const noexcept {
    if (phase == life::stuck)
      return child_state::stuck;
    if (has_to_end())
      return child_state::stopping;
    if (phase == life::up)
      return child_state::running;
    if (wanted)
      return child_state::waiting;
    return finished ? child_state::finished : child_state::stopped;
  }
};

/// Answers all of `promises`, those of requests only, and forgets them.
template <class T>
void fulfil(std::vector<caf::response_promise>& promises, const T& with) {
  for (auto& x : std::exchange(promises, {}))
    if (x.pending() && !x.async())
      x.deliver(with);
}

} // namespace sluice::actors
