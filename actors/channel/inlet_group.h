#pragma once

// inlet_group<T>: one name, and an inlet for each outlet that opens it. For an
// actor that anybody may send to:
//
//   self->state.in = std::move(*host.open_inlets<vote>(self, "votes"));
//   return {
//     [=](const channel::inlet_opened& x) { ... x.id is a new stream ... },
//     [=](const channel::batch<vote>& votes) { ... votes.id says whose ... },
//     [=](const channel::inlet_ended& x) { ... },
//   };
//
// Its owner gets the events and batches of all of them, as of an inlet<T>, told
// apart by their id. Each has a window of its own. Nothing holds them: one that
// has ended or was closed is gone by itself. One that is interrupted waits for
// its outlet to come back, until `close`; there may be
// limits::channel_group_resting_max of those, then the oldest gets
// inlet_closed.
//
// For users. Thread rule: for the owner's handlers; one thread at a time.
// Lifetime: as of an inlet: it outlives its host, and is closed then; when it
// is closed or dropped, or its owner ends, all its inlets are closed.

#include "actors/channel/inlet_group_state.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace sluice::actors::channel {

template <class T>
class inlet_group {
public:
  /// A group of nothing, to be assigned to.
  inlet_group() = default;

  explicit inlet_group(std::shared_ptr<inlet_group_state> state) noexcept
      : state_(std::move(state)) {}

  ~inlet_group() { close(); }

  inlet_group(inlet_group&& x) noexcept = default;
  inlet_group& operator=(inlet_group&& x) noexcept {
    if (this != &x) {
      close();
      state_ = std::move(x.state_);
    }
    return *this;
  }

  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Closes one inlet: before the end of its stream this cancels it.
  void close(end_id x) {
    if (state_)
      state_->close(x);
  }

  /// Lets go of the name, and closes all inlets.
  void close() noexcept {
    if (auto state = std::exchange(state_, nullptr))
      state->close_all();
  }

  /// Inlets that are open, interrupted, or remembered for having finished.
  std::size_t size() const { return state_ ? state_->size() : 0; }

private:
  std::shared_ptr<inlet_group_state> state_;
};

} // namespace sluice::actors::channel
