#pragma once

// inlet<T>: the receiving end of a channel. Its owner keeps it, and gets
// batches:
//
//   self->state.in = std::move(*host.open_inlet<line>(self, "lines"));
//   return {
//     [=](const channel::batch<line>& lines) { for (auto& x : lines) ... },
//     [=](const channel::inlet_ended&) { ... },
//   };
//
// What was received and is not freed counts against the window, and the outlet
// never sends more than that: a receiver that is slow, paused or keeps its
// batches makes the sender wait. A batch is freed when its handler has
// returned, unless it was moved elsewhere.
//
// The owner gets inlet_opened, batch<T>, and at the end inlet_ended, or
// inlet_closed if the stream failed; after a lost link inlet_interrupted
// (actors/channel/events.h). The name is taken until the inlet is closed. An
// inlet that is closed or dropped before the end, or whose owner ends, cancels
// the stream: the outlet's owner gets outlet_closed.
//
// For users. Thread rule: for the owner's handlers; one thread at a time.
// Lifetime: keeps its owner alive until the end of the stream; outlives its
// host, and is closed then.

#include "actors/channel/batch.h"
#include "actors/channel/inlet_port.h"
#include "actors/channel/item_codec.h"
#include "actors/channel/typed_inlet_port.h"

#include <memory>
#include <string>
#include <utility>

namespace sluice::actors::channel {

template <class T>
class inlet {
public:
  /// An inlet of nothing, to be assigned to.
  inlet() = default;

  explicit inlet(std::shared_ptr<inlet_port> port) noexcept
      : port_(std::move(port)) {}

  ~inlet() { close(); }

  inlet(inlet&& x) noexcept = default;
  inlet& operator=(inlet&& x) noexcept {
    if (this != &x) {
      close();
      port_ = std::move(x.port_);
    }
    return *this;
  }

  /// Which inlet the events are about.
  end_id id() const noexcept { return port_ ? port_->id() : 0; }

  /// False for one that was default-constructed, moved away or closed.
  explicit operator bool() const noexcept { return port_ != nullptr; }

  /// Lets go of the name; before the end of the stream this cancels it, and
  /// nothing more is delivered but what is in the owner's mailbox.
  void close() noexcept {
    if (auto port = std::exchange(port_, nullptr))
      port->cancel();
  }

  /// The position of the next message to be received: the owner has, or will
  /// get, everything up to it.
  std::uint64_t position() const { return port_ ? port_->position() : 0; }

  /// Everything up to here was freed.
  std::uint64_t confirmed() const { return port_ ? port_->confirmed() : 0; }

private:
  std::shared_ptr<inlet_port> port_;
};

} // namespace sluice::actors::channel
