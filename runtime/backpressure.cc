#include "runtime/backpressure.h"

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

const backpressure* signal_in(const caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.type_token() != caf::make_type_token<backpressure>()
      || !content.match_elements<backpressure>())
    return nullptr;
  return &content.get_as<backpressure>(0);
}

} // namespace sluice::runtime
