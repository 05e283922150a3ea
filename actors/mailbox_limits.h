#pragma once

// mailbox_limits: how much may wait in the mailbox of a flow-controlled actor,
// and whether the actor obeys the signals of others by itself.
//
// For users. A value.

#include "runtime/limits.h"

#include <cstddef>

namespace sluice::actors {

struct mailbox_limits {
  /// Messages at which senders are told to slow down, and at which they are
  /// told to go on; low < high. How to size them: docs/flow_control.md.
  std::size_t high = runtime::limits::mailbox_high_messages;
  std::size_t low = runtime::limits::mailbox_low_messages;

  /// Messages that the mailbox takes at most, above high. What comes then goes
  /// back to its sender: a request is answered with errc::mailbox_full, another
  /// message comes back in `rejected_message`.
  std::size_t cap = runtime::limits::mailbox_cap_messages;

  /// True: an actor that is told to slow down handles no ordinary message until
  /// it may go on. False: the signals go to its behavior, which decides.
  bool pause = true;
};

} // namespace sluice::actors
