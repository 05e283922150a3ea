#include "runtime/backpressure.h"

#include <caf/mailbox_element.hpp>

namespace sluice::runtime {

std::string to_string(pressure x) {
  switch (x) {
  case pressure::applied:
    return "applied";
  case pressure::released:
    return "released";
  case pressure::stalled:
    return "stalled";
  }
  return "invalid";
}

void send_signal(caf::actor_control_block& receiver, backpressure signal,
                 caf::execution_unit* host) {
  receiver.enqueue(caf::make_mailbox_element(
                       nullptr,
                       caf::make_message_id(caf::message_priority::high), {},
                       std::move(signal)),
                   host);
}

} // namespace sluice::runtime
