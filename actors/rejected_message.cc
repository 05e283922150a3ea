#include "actors/rejected_message.h"

#include "actors/sure_element.h"
#include "net/events.h"
#include "runtime/error.h"

#include <caf/make_message.hpp>
#include <caf/system_messages.hpp>

#include <string>

namespace sluice::actors {

bool may_refuse(const caf::mailbox_element& x) {
  if (x.mid.is_response() || sure_element::is(x))
    return false;
  auto& content = x.content();
  switch (content.type_token()) {
  case caf::make_type_token<caf::exit_msg>():
  case caf::make_type_token<caf::down_msg>():
  case caf::make_type_token<caf::timeout_msg>():
    return false;
  default:
    // What a broker hands back has no sender that it could go back to: refused,
    // it would be lost. Each of these was a message that this actor sent.
    return content.size() != 1
           || !(content.match_element<net::rejected>(0)
                || content.match_element<net::written>(0));
  }
}

void hand_back(caf::mailbox_element& x, caf::actor_control_block& receiver,
               caf::execution_unit* host) {
  if (x.mid.is_request()) {
    auto full = runtime::make_error(
        runtime::errc::mailbox_full,
        "the mailbox of actor " + std::to_string(receiver.id())
            + " is full: it takes no further request");
    x.sender->enqueue(nullptr, x.mid.response_id(),
                      caf::make_message(std::move(full)), host);
    return;
  }
  rejected_message event{x.move_content_to_message(),
                         caf::strong_actor_ptr{&receiver}};
  x.sender->enqueue(caf::make_mailbox_element(
                        nullptr,
                        caf::make_message_id(caf::message_priority::high), {},
                        std::move(event)),
                    host);
}

} // namespace sluice::actors
