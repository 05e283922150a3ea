#include "runtime/backpressure.h"

#include <atomic>

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

std::uint64_t next_signal_sequence() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

const backpressure* signal_in(const caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.type_token() != caf::make_type_token<backpressure>()
      || !content.match_elements<backpressure>())
    return nullptr;
  return &content.get_as<backpressure>(0);
}

} // namespace sluice::runtime
