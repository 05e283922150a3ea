#pragma once

// writers: what a broker owes to the actors that write to it: what it does not
// take comes back, and whoever filled its queue hears of it.
//
// Internal. Thread rule: the broker's loop, but for what says otherwise.

#include "net/events.h"
#include "runtime/loop_actor.h"
#include "runtime/valve.h"

#include <cstddef>
#include <utility>

namespace sluice::net {

/// Sends `event` to the writer, without an envelope sender: an actor that does
/// not know it must not answer with an error. Any thread.
template <class Event>
void tell_writer(const caf::strong_actor_ptr& writer, Event event,
                 caf::execution_unit* host) {
  writer->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                            std::move(event)),
                  host);
}

/// Hands an event to the behavior of `broker`: in place or, from inside of a
/// handler, by its mailbox.
template <class Event>
void deliver_or_send(runtime::loop_actor& broker, Event event) {
  if (broker.in_handler())
    tell_writer(caf::strong_actor_ptr{broker.ctrl()}, std::move(event),
                &broker.loop());
  else
    broker.deliver(event);
}

/// Gives a write back to who wrote it. What nobody in particular wrote comes
/// back to the broker's own behavior.
void give_back(runtime::loop_actor& broker, const caf::strong_actor_ptr& writer,
               rejected what);

/// Closes the valve if the level is reached, and tells whom it concerns: all
/// who have something in the queue when it closes, and while it is closed
/// `writer`, who just wrote. True if the broker itself is among those that were
/// told.
template <class Queue>
bool press(runtime::loop_actor& broker, runtime::valve& valve,
           const Queue& queue, std::size_t level,
           const caf::strong_actor_ptr& writer) {
  caf::strong_actor_ptr me{broker.ctrl()};
  auto tell_one = [&](const caf::strong_actor_ptr& x) {
    valve.tell(x ? x : me, me, &broker.loop());
  };
  if (valve.rise(level))
    queue.for_each_sender(tell_one);
  if (!valve.closed())
    return false;
  tell_one(writer);
  return valve.holds(me);
}

} // namespace sluice::net
