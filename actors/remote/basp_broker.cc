#include "actors/remote/basp_broker.h"

#include "actors/rejected_message.h"
#include "actors/remote/remote_signal.h"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/defaults.hpp>
#include <caf/exit_reason.hpp>
#include <caf/io/system_messages.hpp>

#include <algorithm>

namespace sluice::actors::remote {

basp_broker::basp_broker(caf::actor_config& cfg)
    : caf::io::basp_broker(cfg),
      limits_(remote_limits::of(config())),
      silence_(caf::get_or(config(), "middleman.connection-timeout",
                           caf::defaults::middleman::connection_timeout)),
      beats_(caf::get_or(config(), "middleman.heartbeat-interval",
                         caf::defaults::middleman::heartbeat_interval)
                 .count()
             > 0),
      counters_(std::make_shared<remote_counters>()),
      valve_({limits_.high_bytes, limits_.low_bytes},
             runtime::pressure_kind::remote),
      average_bytes_(runtime::limits::remote_overhead_bytes) {
  for (auto name : {caf::atom("SpawnServ"), caf::atom("ConfigServ")})
    if (auto found = system().registry().get(name))
      cafs_own_.push_back(found->id());
}

// -- any thread: a message comes
// ------------------------------------------------

void basp_broker::enqueue(caf::strong_actor_ptr from, caf::message_id id,
                          caf::message content, caf::execution_unit* host) {
  auto found = forward_in(content);
  if (!found)
    return caf::io::basp_broker::enqueue(std::move(from), id,
                                         std::move(content), host);
  if (!has_room_for(*found))
    return hand_back(*found, host);
  caf::strong_actor_ptr to_tell;
  auto charge = std::max(average_bytes_.load(std::memory_order_relaxed),
                         runtime::limits::remote_overhead_bytes);
  inside_messages_.fetch_add(1, std::memory_order_relaxed);
  auto level =
      inside_bytes_.fetch_add(charge, std::memory_order_seq_cst) + charge;
  if (level >= limits_.high_bytes && has_to_be_told(*found))
    to_tell = found->sender;
  auto disobeys = level >= 2 * limits_.high_bytes;
  caf::mailbox_element_ptr x{
      new forward_element{std::move(content), charge, disobeys}};
  caf::io::basp_broker::enqueue(std::move(x), host);
  // After the push: so whoever lowers the level to the low mark has seen it.
  if (to_tell)
    valve_.mailbox_rose(inside_bytes_, to_tell, ctrl(), host);
}

bool basp_broker::is_cafs_own(const caf::strong_actor_ptr& x) const noexcept {
  return std::ranges::find(cafs_own_, x->id()) != cafs_own_.end();
}

bool basp_broker::has_to_be_told(const forward& x) const noexcept {
  return x.sender && !x.is_link() && !is_cafs_own(x.sender);
}

bool basp_broker::may_hand_back(const forward& x) {
  return may_refuse(x) && (!x.sender || !is_cafs_own(x.sender));
}

bool basp_broker::has_room_for(const forward& x) {
  auto inside = inside_messages_.load(std::memory_order_relaxed);
  if (inside >= limits_.cap_messages
      || (inside >= runtime::limits::remote_sure_messages
          && inside * average_bytes_.load(std::memory_order_relaxed)
                 >= limits_.cap_bytes))
    return !may_hand_back(x);
  return !is_full_for(x) || !may_hand_back(x);
}

bool basp_broker::is_full_for(const forward& x) {
  if (!any_full_.load(std::memory_order_relaxed) || !x.receiver)
    return false;
  // `instance` lives while the set is not empty.
  std::lock_guard guard{full_mutex_};
  if (full_.empty())
    return false;
  auto way = instance.tbl().lookup(x.receiver->node());
  return way && full_.contains(way->hdl);
}

void basp_broker::hand_back(const forward& x, caf::execution_unit* host) {
  if (!x.sender) {
    counters_->dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  counters_->handed_back.fetch_add(1, std::memory_order_relaxed);
  actors::hand_back(*x.element(), *x.receiver, host);
}

// -- the network thread
// ---------------------------------------------------------

caf::invoke_message_result basp_broker::consume(caf::mailbox_element& x) {
  if (auto found = forward_element::cast(x)) {
    auto what = found->view();
    if (found->disobeys() && is_full_for(what) && may_hand_back(what))
      hand_back(what, context());
    else
      write(what);
    inside_messages_.fetch_sub(1, std::memory_order_relaxed);
    inside_bytes_.fetch_sub(found->charge(), std::memory_order_seq_cst);
    valve_.mailbox_fell(inside_bytes_, ctrl(), context());
    return caf::invoke_message_result::consumed;
  }
  // Bytes that came in, by far the most of the rest.
  using bytes_element = caf::mailbox_element_vals<caf::io::new_data_msg>;
  if (typeid(x) == typeid(bytes_element))
    return caf::io::basp_broker::consume(x);
  auto& content = x.content();
  if (content.match_elements<caf::io::new_connection_msg>())
    set_context(content.get_as<caf::io::new_connection_msg>(0).handle);
  else if (content.match_elements<caf::atom_value, caf::actor_clock::time_point,
                                  caf::timespan, caf::timespan>())
    before_tick(x);
  return caf::io::basp_broker::consume(x);
}

void basp_broker::write(const forward& x) {
  if (!x.receiver || x.receiver->node() == this_node())
    return; // as CAF does
  auto& node = x.receiver->node();
  if (x.may_be_signal() && x.content.match_elements<runtime::backpressure>())
    return send_to_desk(x, x.content.get_as<runtime::backpressure>(0));
  // The receiver knows a sender by its id, so that it must be registered. CAF
  // does that for each message, with a lock and a search.
  if (x.sender && x.sender->node() == this_node()
      && x.sender->id() != last_registered_) {
    last_registered_ = x.sender->id();
    system().registry().put(x.sender->id(), x.sender);
  }
  if (has_to_be_told(x))
    writing_for_ = &x.sender;
  writing_ = true;
  auto written = instance.dispatch(context(), x.sender, x.stages, node,
                                   x.receiver->id(), 0, x.id, x.content);
  writing_ = false;
  writing_for_ = nullptr;
  if (!written)
    no_way(x);
}

void basp_broker::wrote(std::size_t bytes) noexcept {
  // Flushes without a message, and what the nodes tell each other, say nothing
  // about the messages that wait.
  if (!writing_)
    return;
  // Moves by an eighth of the difference: a few messages of another size do
  // not upset it, and a stream of them is known after some ten.
  auto average = average_bytes_.load(std::memory_order_relaxed);
  average_bytes_.store(average - average / 8 + bytes / 8,
                       std::memory_order_relaxed);
}

void basp_broker::send_to_desk(const forward& x,
                               const runtime::backpressure& signal) {
  // If there is no way, the receiver is about to hear that its node is lost.
  instance.dispatch(context(), nullptr, {}, x.receiver->node(),
                    static_cast<std::uint64_t>(signal_desk_name),
                    caf::io::basp::header::named_receiver_flag, x.id,
                    caf::make_message(remote_signal{x.receiver, signal}));
}

void basp_broker::no_way(const forward& x) {
  if (!may_hand_back(x))
    return;
  if (!x.id.is_request() || !x.sender)
    return hand_back(x, context());
  counters_->handed_back.fetch_add(1, std::memory_order_relaxed);
  // As CAF answers it.
  x.sender->enqueue(nullptr, x.id.response_id(),
                    caf::make_message(caf::make_error(
                        caf::exit_reason::remote_link_unreachable)),
                    context());
}

void basp_broker::on_exit() {
  {
    std::lock_guard guard{full_mutex_};
    full_.clear();
    any_full_ = false;
  }
  caf::io::basp_broker::on_exit();
}

bool basp_broker::cleanup(caf::error&& reason, caf::execution_unit* host) {
  valve_.end(ctrl(), host);
  return caf::io::basp_broker::cleanup(std::move(reason), host);
}

// -- silent peers
// ---------------------------------------------------------------

/// Says at once that there will be heartbeats: a node that falls silent before
/// its first one would be taken for one that sends none.
void basp_broker::learned_new_node_directly(const caf::node_id& node,
                                            bool was_known) {
  caf::io::basp_broker::learned_new_node_directly(node, was_known);
  auto connection = instance.tbl().lookup_direct(node);
  if (beats_ && connection) {
    instance.write_heartbeat(context(), get_buffer(*connection));
    flush(*connection);
  }
}

void basp_broker::handle_heartbeat() {
  beating_.insert(this_context->hdl);
}

/// See 3. in the header.
void basp_broker::before_tick(const caf::mailbox_element& x) {
  auto due = x.content().get_as<caf::actor_clock::time_point>(1);
  auto interval = x.content().get_as<caf::timespan>(2);
  auto now = clock().now();
  auto was_stopped = now >= due + interval;
  for (auto& [handle, peer] : ctx)
    if (was_stopped
        || (!beating_.contains(handle) && instance.tbl().lookup_direct(handle)))
      peer.last_seen = now;
}

// -- connections
// ----------------------------------------------------------------

const caf::strong_actor_ptr& basp_broker::writing_for() const noexcept {
  static const caf::strong_actor_ptr nobody;
  return writing_for_ != nullptr ? *writing_for_ : nobody;
}

void basp_broker::filled(caf::io::connection_handle which, bool full) {
  std::lock_guard guard{full_mutex_};
  if (full)
    full_.insert(which);
  else
    full_.erase(which);
  any_full_ = !full_.empty();
}

void basp_broker::oversized() {
  counters_->oversized.fetch_add(1, std::memory_order_relaxed);
}

void basp_broker::ended(caf::io::connection_handle which, std::size_t unsent) {
  filled(which, false);
  beating_.erase(which);
  counters_->lost_bytes.fetch_add(unsent, std::memory_order_relaxed);
}

} // namespace sluice::actors::remote
