#pragma once

// write_budget: what an actor has handed to a writer, and the writer not
// written. The writer could say when it is too much, but its loop would have to
// have a turn before: the actor holds its own mailbox, and the next message
// waits there.
//
// Thread rule and lifetime: its actor's.

#include "examples/support/chunk.h"
#include "examples/support/transfer.h"
#include "net/commands.h"

#include <caf/actor.hpp>

#include <utility>

namespace sluice::examples::support {

/// Bytes that wait for the descriptor: as for a connection.
inline constexpr std::size_t write_high_bytes = 64 * 1024;
inline constexpr std::size_t write_low_bytes = 32 * 1024;

template <class FlowActor>
class write_budget {
public:
  write_budget(FlowActor* self, caf::actor writer, transfer* shared)
      : self_(self), writer_(std::move(writer)), shared_(shared) {}

  void send(byte_slice bytes) {
    count_ += bytes.size();
    self_->send(writer_, net::write{std::move(bytes)});
    if (count_ >= write_high_bytes && !held_) {
      held_ = true;
      ++shared_->sink_held;
      self_->hold_mailbox();
    }
    show();
  }

  void send(end_of_input x) { self_->send(writer_, x); }

  /// The writer says so, with high priority.
  void took(taken x) {
    count_ -= x.bytes;
    if (count_ <= write_low_bytes && held_) {
      held_ = false;
      self_->release_mailbox();
    }
    show();
  }

private:
  void show() {
    shared_->bytes_waiting = count_;
    if (count_ > shared_->bytes_waiting_peak)
      shared_->bytes_waiting_peak = count_;
  }

  FlowActor* self_;
  caf::actor writer_;
  transfer* shared_;
  std::size_t count_ = 0;
  bool held_ = false;
};

} // namespace sluice::examples::support
