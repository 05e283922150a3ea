#include "net/writers.h"

namespace sluice::net {

void give_back(runtime::loop_actor& broker, const caf::strong_actor_ptr& writer,
               rejected what) {
  if (!writer || writer == broker.ctrl())
    deliver_or_send(broker, std::move(what));
  else
    tell_writer(writer, std::move(what), &broker.loop());
}

} // namespace sluice::net
