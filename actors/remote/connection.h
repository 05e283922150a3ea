#pragma once

// connection: one connection between two nodes, with a valve on the bytes that
// the operating system has not taken. Whoever sends there while it is closed is
// told to slow down; the signal's source is an actor of the connection's own,
// so that pressure on one connection is not taken for that on another.
//
// Depends on CAF 0.17.6:
// 1. Its multiplexer makes all scribes, also for brokers of users. A connection
//    finds out whose it is when it is first written to: for nodes that is the
//    handshake, before anything else. For others it does nothing of its own.
// 2. A stream has two buffers: one that is being written, and `wr_buf`, which
//    takes its place when that is done. `flush` moves the one to the other only
//    when nothing is being written. `data_transferred` says what is left of
//    both, if it is asked for by `ack_writes`.
// 3. Whatever ends a connection (an error, the peer, the broker, a timeout)
//    calls `remove_from_loop`, once or more.
//
// Internal. Thread rule: CAF's network thread. Lifetime: as any scribe: its
// broker, and the multiplexer while it writes.

#include "actors/remote/remote_limits.h"
#include "runtime/valve.h"

#include <caf/io/connection_handle.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/scribe_impl.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace sluice::actors::remote {

/// The broker of connections to other nodes.
class connection_owner {
public:
  virtual const remote_limits& limits() const noexcept = 0;

  /// How long a peer may be silent; 0: for ever.
  virtual std::chrono::nanoseconds silence() const noexcept = 0;

  /// Who sent what is being written; null for control traffic.
  virtual const caf::strong_actor_ptr& writing_for() const noexcept = 0;

  /// What was being written has so many bytes, with its header.
  virtual void wrote(std::size_t bytes) noexcept = 0;

  /// The connection has reached the cap, or is below its low mark again.
  virtual void filled(caf::io::connection_handle which, bool full) = 0;

  /// A message larger than limits().message_bytes_max was announced.
  virtual void oversized() = 0;

  /// The connection ended; that many bytes were not taken.
  virtual void ended(caf::io::connection_handle which, std::size_t unsent) = 0;

protected:
  ~connection_owner() = default;
};

class connection final : public caf::io::network::scribe_impl {
public:
  connection(caf::io::network::default_multiplexer& multiplexer,
             caf::io::network::native_socket socket);
  ~connection() override;

  void configure_read(caf::io::receive_policy::config how) override;
  void flush() override;
  void data_transferred(caf::execution_unit* host, std::size_t written,
                        std::size_t remaining) override;
  void remove_from_loop() override;

private:
  void adopt();
  void rose();
  void end();
  const caf::strong_actor_ptr& source();
  std::size_t level() { return in_transit_ + wr_buf().size(); }

  caf::io::network::default_multiplexer& multiplexer_;
  connection_owner* owner_ = nullptr;
  bool adopted_ = false; // it is known whose it is
  bool full_ = false;
  std::size_t in_transit_ = 0;          // of the buffer that is being written
  std::size_t flushed_ = 0;             // of the other one
  std::optional<runtime::valve> valve_; // if the owner is a connection_owner
  caf::strong_actor_ptr source_;        // made when it is first needed
};

} // namespace sluice::actors::remote
