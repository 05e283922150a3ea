#pragma once

// basp_broker: CAF's broker for connections to other nodes, with a valve on its
// mailbox, a cap on what it takes, and an eye on silent peers. The protocol on
// the wire is CAF's.
//
// What a send to a remote actor goes through: the actor's proxy (on the
// sender's thread) -> `enqueue` (still there: here the sender is told, or the
// message refused) -> mailbox -> `consume` (CAF's network thread: here it is
// written) -> connection (see there) -> socket.
//
// What a message takes is known when it is written. Until then it counts what
// the last ones took on average. What was let into a mailbox below twice the
// high mark is written, also if that takes a connection over its cap: so an
// actor that obeys the signals is not refused for what was on its way already.
//
// Depends on CAF 0.17.6:
// 1. Whatever runs in the broker goes through `consume`, also bytes that came
//    in: they are delivered without the mailbox.
// 2. `instance.dispatch` writes a message and flushes; false if there is no way
//    to the node. `instance.tbl()` knows the ways.
// 3. Its tick ends the connections whose `ctx[...].last_seen` is too long ago.
//    It cannot know that a peer without heartbeats (CAF's default) is well, nor
//    that this process was stopped itself: both are mended just before.
// 4. A connection that was accepted has no `ctx` until bytes come; it gets one
//    at once, so that a handshake has a deadline as well.
//
// Internal. Thread rule: CAF's network thread, except for `enqueue`. Lifetime:
// the middleman's.

#include "actors/remote/connection.h"
#include "actors/remote/forward.h"
#include "actors/remote/remote_counts.h"
#include "actors/remote/remote_limits.h"
#include "runtime/valve.h"

#include <caf/io/basp_broker.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace sluice::actors::remote {

class basp_broker final : public caf::io::basp_broker, public connection_owner {
public:
  explicit basp_broker(caf::actor_config& cfg);

  /// Outlives the broker.
  std::shared_ptr<const remote_counters> counters() const { return counters_; }

  using caf::io::basp_broker::enqueue;
  /// This is what proxies call.
  void enqueue(caf::strong_actor_ptr sender, caf::message_id id,
               caf::message content, caf::execution_unit* host) override;

  caf::invoke_message_result consume(caf::mailbox_element& x) override;
  void on_exit() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;
  void handle_heartbeat() override;
  void learned_new_node_directly(const caf::node_id& node,
                                 bool was_known) override;

private:
  // -- connection_owner
  const remote_limits& limits() const noexcept override { return limits_; }
  std::chrono::nanoseconds silence() const noexcept override {
    return silence_;
  }
  const caf::strong_actor_ptr& writing_for() const noexcept override;
  void wrote(std::size_t bytes) noexcept override;
  void filled(caf::io::connection_handle which, bool full) override;
  void oversized() override;
  void ended(caf::io::connection_handle which, std::size_t unsent) override;

  bool is_cafs_own(const caf::strong_actor_ptr& x) const noexcept;
  bool has_to_be_told(const forward& x) const noexcept;
  bool may_hand_back(const forward& x);
  bool has_room_for(const forward& x);
  bool is_full_for(const forward& x);
  void write(const forward& x);
  void send_to_desk(const forward& x, const runtime::backpressure& signal);
  void hand_back(const forward& x, caf::execution_unit* host);
  void no_way(const forward& x);
  void before_tick(const caf::mailbox_element& x);

  remote_limits limits_;
  std::chrono::nanoseconds silence_;
  bool beats_;
  std::shared_ptr<remote_counters> counters_;

  // Actors that tell other nodes what there is here: control traffic.
  std::vector<caf::actor_id> cafs_own_;

  runtime::valve valve_; // on the mailbox
  bool writing_ = false; // a message
  const caf::strong_actor_ptr* writing_for_ = nullptr;
  caf::actor_id last_registered_ = caf::invalid_actor_id;
  std::set<caf::io::connection_handle> beating_; // that sent a heartbeat

  // Senders look whether there is something in the set, and hardly ever into
  // it.
  std::mutex full_mutex_;
  std::set<caf::io::connection_handle> full_; // at their caps
  std::atomic<bool> any_full_{false};

  std::atomic<std::size_t> average_bytes_; // of a message, about
  // What waits in the mailbox.
  alignas(64) std::atomic<std::size_t> inside_bytes_{0};
  std::atomic<std::size_t> inside_messages_{0};
};

} // namespace sluice::actors::remote
