#pragma once

// member: one connection of the chat. It takes lines to the hall and writes
// what the hall tells it. All commands are the hall's matter.
//
// Thread rule: its own loop, whichever that is.

#include "net/stream_broker.h"

#include <caf/actor.hpp>

namespace sluice::examples::chat {

/// What becomes of a member that does not read as fast as the others talk.
enum class slow_members {
  lose_lines, // the oldest ones; it is told how many when it reads again
  leave,      // it is disconnected
};

net::stream_options member_options(slow_members policy);

/// The behavior of a connection.
caf::behavior member(net::stream_broker* self, const caf::actor& hall);

} // namespace sluice::examples::chat
