#pragma once

// broker_commands: the commands that mean the same to every broker that reads
// and ends.
//
// Internal. Thread rule: the broker's loop.

#include "net/commands.h"

#include <caf/type_erased_tuple.hpp>

namespace sluice::net {

/// Carries out `content`, which has one element. False if it is none of them.
template <class Broker>
bool carry_out(Broker& broker, const caf::type_erased_tuple& content) {
  if (content.match_element<read_credit>(0))
    broker.read_credit(content.get_as<read_credit>(0).count);
  else if (content.match_element<read_flowing>(0))
    broker.read_flowing();
  else if (content.match_element<read_paused>(0))
    broker.read_paused();
  else if (!content.match_element<close>(0))
    return false;
  else if (content.get_as<close>(0).mode == close_mode::drain)
    broker.close();
  else
    broker.abort();
  return true;
}

} // namespace sluice::net
