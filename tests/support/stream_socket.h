#pragma once

// stream_socket: what TCP and Unix stream sockets have in common in the
// simulated kernel: buffers, the queue of a listener, half-close and flags.
//
// Facts modelled here, each with a test that also runs on the real kernel:
// 1. recv gives what was received before it tells an end or an error.
// 2. An error is told once, by whichever call comes first, SO_ERROR included;
//    afterwards recv gives 0 and send EPIPE.
// 3. *writable* waits until a good part of the send buffer is free, while send
//    takes what fits into any free byte.
// 4. A fresh socket and one that is shut in both directions are hung up.
// 5. A listener's queue holds one connection more than its backlog.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: owned by its world.

#include "tests/support/byte_queue.h"
#include "tests/support/sim_socket.h"

#include <cstddef>
#include <deque>

namespace sluice::testing {

enum class stream_state {
  fresh,       // neither connected nor listening
  listening,   // accepts connections
  connecting,  // a SYN was sent
  established, // also while either direction is shut
  closed,      // reset, timed out, refused, or both ends are done
};

class stream_socket : public sim_socket {
public:
  stream_socket(sim_host& host, int family);

  int listen(int backlog) override;
  int accept(socket_id& child) override;
  ssize_t recv(std::span<char> room) override;
  ssize_t send(std::span<const iovec> parts) override;
  ssize_t recv_from(std::span<char> room, sim_address& from) override;
  ssize_t send_to(std::span<const iovec> parts, const sim_address*) override;
  runtime::readiness ready() const override;
  runtime::readiness may_seem() const override;
  int peer_address(sim_address& out) const override;

  stream_state state() const noexcept { return state_; }

  /// Bytes that the application may still read.
  std::size_t unread() const noexcept { return received_.size(); }

  /// Bytes taken by send that the peer's kernel has not acknowledged.
  std::size_t unacknowledged() const noexcept {
    return unsent_.size() + in_flight_;
  }

  std::size_t send_capacity() const noexcept { return send_capacity_; }
  std::size_t receive_capacity() const noexcept { return receive_capacity_; }

  /// False once an unaccepted connection would not fit into the queue.
  bool has_room_in_queue() const noexcept { return queue_.size() <= backlog_; }

  /// Puts an established connection into a listener's queue.
  void enqueue(socket_id child);

protected:
  /// Why send cannot take bytes: a positive errno, or 0.
  virtual int send_obstacle() = 0;

  /// Bytes were added to `unsent_`.
  virtual void flush() = 0;

  /// The application has read `n` bytes.
  virtual void on_read(std::size_t n) = 0;

  /// What recv says on a socket that never was connected: a positive errno.
  virtual int unconnected_error() const = 0;

  /// Whether epoll says *writable* with `used` of `send_capacity_` bytes.
  virtual bool writable_at(std::size_t used) const = 0;

  /// Ends a connection that its listener will not accept any more.
  virtual void abandon() = 0;

  /// The socket no longer reacts to anything.
  void die();
  void abandon_queue();

  stream_state state_ = stream_state::fresh;
  bool send_shut_ = false; // SEND_SHUTDOWN
  bool recv_shut_ = false; // RCV_SHUTDOWN
  bool ended_ = false;     // SOCK_DONE: the peer ended orderly
  bool orphan_ = false;    // closed by the application
  bool dead_ = false;      // only what it has sent is still under way

  socket_id peer_ = 0; // the other end

  byte_queue unsent_;
  std::size_t in_flight_ = 0; // sent but not acknowledged
  std::size_t send_capacity_;
  byte_queue received_;
  std::size_t receive_capacity_;

private:
  std::size_t backlog_ = 0;
  std::deque<socket_id> queue_; // connections to accept
};

} // namespace sluice::testing
