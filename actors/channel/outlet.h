#pragma once

// outlet<T>: the sending end of a channel to an inlet<T> of another host.
//
//   auto out = host.open_outlet<line>(self, "tcp://10.0.0.2:7000", "lines");
//   ...
//   out->push(x);  // from a handler of `self`
//   out->close();  // the end, after all that was pushed
//
// What is pushed waits in the outlet until the receiver has given credit for
// it. When a good deal waits, the owner is told *applied*, inside of its own
// `push`: a flow_actor is paused by that, another actor gets the signal as a
// message (runtime::backpressure), and `push` refuses what goes over the cap.
// So nothing grows; and nothing is lost: what was not confirmed is kept, sent
// again after `reopen`, or handed back by `take_unconfirmed`. While the link is
// lost there is no credit: the outlet goes on to take messages up to its cap,
// and the owner was told to slow down.
//
// The owner gets outlet_opened and outlet_closed (actors/channel/events.h). An
// outlet that is dropped without `close`, or whose owner ends, fails: the
// receiver gets inlet_closed and does not take the stream for whole.
//
// For users. Thread rule: for the owner's handlers; one thread at a time.
// Lifetime: keeps its owner alive until it has finished, was failed, drained or
// dropped, or its host is stopped; it may outlive the host.

#include "actors/channel/item_codec.h"
#include "actors/channel/outlet_port.h"

#include <caf/expected.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace sluice::actors::channel {

template <class T>
class outlet {
public:
  /// An outlet to nowhere, to be assigned to.
  outlet() = default;

  explicit outlet(std::shared_ptr<outlet_port> port) noexcept
      : port_(std::move(port)) {}

  ~outlet() { drop(); }

  outlet(outlet&& x) noexcept = default;
  outlet& operator=(outlet&& x) noexcept {
    if (this != &x) {
      drop();
      port_ = std::move(x.port_);
    }
    return *this;
  }

  /// Which outlet the events are about.
  end_id id() const noexcept { return port_ ? port_->id() : 0; }

  /// False for one that was default-constructed or moved away.
  explicit operator bool() const noexcept { return port_ != nullptr; }

  /// Sends `x` after what was pushed before. If an error comes back, `x` was
  /// not taken: errc::channel_full over the cap (wait for *released*),
  /// errc::channel_closed after `close`, `fail`, `take_unconfirmed` or the end
  /// of the host, errc::message_too_long over
  /// limits::channel_message_bytes_max, or what the type's own inspect says.
  /// While the outlet is not open messages wait.
  caf::error push(const T& x) {
    return port_ ? item_codec<T>::push(*port_, x) : outlet_port::no_port();
  }

  /// The end of the stream, after what was pushed. The owner gets
  /// outlet_closed{finished} when the receiver has handled everything.
  void close() {
    if (port_)
      port_->close();
  }

  /// Gives the stream up: the receiver gets inlet_closed{dropped}, the owner
  /// nothing. What was not confirmed can still be taken.
  void fail() {
    if (port_)
      port_->drop();
  }

  /// Opens the outlet again after outlet_closed, to the same endpoint. Errors:
  /// errc::channel_closed if it is open, or failed, or the host is gone;
  /// errc::bad_channel if it finished.
  caf::error reopen() {
    return port_ ? port_->reopen() : outlet_port::no_port();
  }

  /// Hands back, once, what was pushed and not confirmed, in order, and gives
  /// the stream up. The receiver may have handled some of it:
  /// outlet_closed::confirmed is what it is known to have handled. Empty, and
  /// nothing changes, while the outlet is open or being opened.
  std::vector<T> take_unconfirmed() {
    std::vector<T> result;
    if (port_)
      for (auto& item : port_->take_unconfirmed())
        if (T x{}; !item_codec<T>::read(port_->system(), item, item.view(), x))
          result.push_back(std::move(x));
    return result;
  }

  /// The position of the next message that is pushed.
  std::uint64_t position() const { return port_ ? port_->position() : 0; }

  /// What the receiver is known to have handled.
  std::uint64_t confirmed() const { return port_ ? port_->confirmed() : 0; }

  /// Bytes that wait for credit.
  std::size_t pending_bytes() const {
    return port_ ? port_->pending_bytes() : 0;
  }

  /// Whether the owner was told to slow down.
  bool pressed() const { return port_ && port_->pressed(); }

private:
  void drop() noexcept {
    if (auto port = std::exchange(port_, nullptr))
      port->drop();
  }

  std::shared_ptr<outlet_port> port_;
};

} // namespace sluice::actors::channel
