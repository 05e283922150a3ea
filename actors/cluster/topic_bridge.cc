#include "actors/cluster/topic_bridge.h"

#include "runtime/limits.h"

#include <caf/result.hpp>
#include <caf/unit.hpp>

#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;
using channel::end_reason;

namespace {

using go_on = caf::atom_constant<caf::atom("go on")>;

class bridge_state {
public:
  bridge_state(flow_actor* self, bridge_setup setup)
      : self_(self), setup_(std::move(setup)) {}

  /// A new stream. What comes meanwhile waits in it, or in the mailbox.
  void open() {
    std::lock_guard guard{setup_.channels->mutex};
    if (setup_.channels->host == nullptr)
      return;
    channel::outlet_options options;
    options.pending_marks = {limits::write_high_bytes, limits::write_low_bytes};
    auto out = setup_.channels->host->open_outlet<topic_item>(
        self_, setup_.where, setup_.inlet, options);
    if (!out)
      return try_later();
    out_ = std::move(*out);
    self_->release_mailbox();
  }

  void push(const topic_item& x) {
    if (out_.push(x))
      ++setup_.tally->dropped; // too long, or its inspect says so
    else
      ++setup_.tally->sent;
    setup_.tally->confirmed = before_ + out_.confirmed();
  }

  void on_opened(const channel::outlet_opened& x) {
    if (x.id == out_.id())
      setup_.tally->connected = true;
  }

  void on_closed(const channel::outlet_closed& x) {
    if (x.id != out_.id())
      return;
    setup_.tally->connected = false;
    switch (x.reason) {
    case end_reason::position_lost:
    case end_reason::malformed_message:
    case end_reason::cancelled:
    case end_reason::owner_ended:
    case end_reason::type_mismatch:
      // The other end cannot go on with this stream, and may with a new one.
      give_up();
      break;
    default:
      break; // goes on where it was
    }
    try_later();
  }

  void retry() {
    retrying_ = false;
    if (!out_)
      return open();
    if (!out_.reopen()) {
      self_->release_mailbox(); // from now on the outlet holds it
      return;
    }
    give_up();
    try_later();
  }

  void tally() {
    setup_.tally->confirmed = before_ + out_.confirmed();
    setup_.tally->queued = self_->flow().queued();
  }

  void end() {
    give_up();
    setup_.tally->dropped += self_->flow().queued();
    setup_.tally->queued = 0;
  }

private:
  void try_later() {
    self_->hold_mailbox();
    if (!std::exchange(retrying_, true))
      self_->delayed_send<caf::message_priority::high>(
          self_, limits::topic_retry, go_on::value);
  }

  void give_up() {
    if (!out_)
      return;
    self_->hold_mailbox(); // its own hold ends with it
    before_ += out_.confirmed();
    setup_.tally->confirmed = before_;
    setup_.tally->dropped += out_.position() - out_.confirmed();
    setup_.tally->connected = false;
    out_ = {};
  }

  flow_actor* self_;
  bridge_setup setup_;
  channel::outlet<topic_item> out_;
  std::uint64_t before_ = 0; // confirmed of earlier streams
  bool retrying_ = false;
};

} // namespace

caf::behavior topic_bridge(flow_actor* self, const bridge_setup& setup) {
  auto state = std::make_shared<bridge_state>(self, setup);
  self->set_error_handler([](const caf::error&) {});
  state->open();
  return {
      [=](const topic_item& x) { state->push(x); },
      [=](const channel::outlet_opened& x) { state->on_opened(x); },
      [=](const channel::outlet_closed& x) { state->on_closed(x); },
      [=](go_on) { state->retry(); },
      [=](tally_bridge) { state->tally(); },
      [=](end_bridge) {
        state->end();
        self->quit();
        return caf::unit;
      },
      [](const unsubscribed&) {},
  };
}

} // namespace sluice::actors::cluster
