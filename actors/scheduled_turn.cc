#include "actors/scheduled_turn.h"

namespace sluice::actors {

namespace {

using caf::intrusive::task_result;
using result = caf::scheduled_actor::activation_result;

/// Handles messages until the turn is over or the actor is paused.
struct ordinary_visitor {
  caf::scheduled_actor& self;
  flow_control& flow;
  std::size_t messages_max;
  std::size_t messages = 0; // that a handler ran for
  std::size_t counted = 0;  // that left the mailbox since the last report

  task_result operator()(caf::mailbox_element& x) {
    auto counts = flow.counts(x);
    auto is_exit = counts && flow.is_exit(x);
    auto outcome = self.reactivate(x);
    if (outcome == result::skipped)
      return task_result::skip;
    counted += counts ? 1 : 0;
    if (is_exit)
      flow.exit_handled();
    if (outcome == result::terminated)
      return task_result::stop_all;
    if (outcome != result::success)
      return task_result::resume;
    ++messages;
    if (messages >= messages_max || flow.paused())
      return task_result::stop_all;
    // CAF's queue keeps what a round that was stopped has left, for the next
    // one: after many pauses a round would take all that waits.
    return counted >= runtime::limits::mailbox_round_messages
               ? task_result::stop
               : task_result::resume;
  }

  template <class Queue>
  task_result operator()(std::size_t, Queue&, caf::mailbox_element& x) {
    return (*this)(x);
  }

  // CAF's streams have a flow control of their own.
  task_result operator()(std::size_t i,
                         caf::scheduled_actor::upstream_queue& queue,
                         caf::mailbox_element& x) {
    return caf_visitor()(i, queue, x);
  }

  task_result
  operator()(std::size_t i, caf::scheduled_actor::downstream_queue& queue,
             caf::stream_slot slot,
             caf::policy::downstream_messages::nested_queue_type& nested,
             caf::mailbox_element& x) {
    return caf_visitor()(i, queue, slot, nested, x);
  }

  caf::scheduled_actor::mailbox_visitor caf_visitor() {
    return {&self, messages, messages_max};
  }
};

/// Handles urgent messages, paused or not.
struct urgent_visitor {
  caf::scheduled_actor& self;
  std::size_t& messages;

  task_result operator()(caf::mailbox_element& x) {
    switch (self.reactivate(x)) {
    case result::skipped:
      return task_result::skip;
    case result::terminated:
      return task_result::stop_all;
    case result::success:
      ++messages;
      return task_result::resume;
    default:
      return task_result::resume;
    }
  }
};

} // namespace

caf::resumable::resume_result run_turn(caf::scheduled_actor& self,
                                       flow_control& flow,
                                       caf::execution_unit* host,
                                       std::size_t messages) {
  using caf::resumable;
  if (!self.activate(host))
    return resumable::done;
  ordinary_visitor visitor{self, flow, messages};
  // CAF's receive timeout starts anew when a handler ran.
  auto rearm = [&] {
    if (visitor.messages > 0)
      self.set_receive_timeout();
  };
  for (;;) {
    if (flow.paused()) {
      auto mark = flow.urgent_mark();
      self.mailbox().fetch_more();
      urgent_visitor urgent{self, visitor.messages};
      self.get_urgent_queue().new_round(runtime::limits::actor_turn_messages,
                                        urgent);
      if (self.finalize())
        return resumable::done;
      rearm();
      if (!self.get_urgent_queue().empty()) {
        // They were too many for one round.
        if (visitor.messages >= messages)
          return resumable::resume_later;
        continue;
      }
      if (flow.park(mark))
        return resumable::awaiting_message;
      continue;
    }
    auto round = self.mailbox().new_round(
        runtime::limits::mailbox_round_messages, visitor);
    auto counted = std::exchange(visitor.counted, 0);
    flow.handled(counted, host);
    if (self.finalize())
      return resumable::done;
    if (counted == 0 && !self.get_normal_queue().cache().empty())
      flow.nothing_to_handle(host);
    // CAF tries skipped messages again when one of the same priority was
    // handled; they may have waited for one of the other.
    if (round.consumed_items > 0)
      self.mailbox().flush_cache();
    if (round.consumed_items == 0) {
      if (flow.paused())
        continue;
      rearm();
      if (self.mailbox().try_block())
        return resumable::awaiting_message;
    }
    if (visitor.messages >= messages) {
      rearm();
      if (flow.paused())
        continue;
      return self.mailbox().try_block() ? resumable::awaiting_message
                                        : resumable::resume_later;
    }
  }
}

} // namespace sluice::actors
