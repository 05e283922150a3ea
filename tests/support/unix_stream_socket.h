#pragma once

// unix_stream_socket: a Unix stream socket of the simulated kernel. Nothing
// takes time: bytes stand in the peer's queue as soon as send has returned.
//
// Facts modelled here, beyond those of stream_socket:
// 1. connect is decided at once: 0, ECONNREFUSED, ENOENT, or EAGAIN when the
//    listener's queue is full.
// 2. A byte counts as in the sender's buffer until the peer's application has
//    read it.
// 3. close shuts the peer in both directions at once: its next send fails with
//    EPIPE, its recv ends with 0, or once with ECONNRESET if we had not read
//    everything. There is no RST and SO_LINGER means nothing.
// 4. A path stays when its socket is closed, until it is unlinked.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: owned by its world.

#include "tests/support/stream_socket.h"

namespace sluice::testing {

class unix_stream_socket final : public stream_socket {
public:
  explicit unix_stream_socket(sim_host& host) : stream_socket(host, AF_UNIX) {}

  int connect(const sim_address& address) override;
  int shutdown_write() override;
  void close(bool reset) override;
  int peer_address(sim_address& out) const override;

private:
  int send_obstacle() override;
  void flush() override;
  void on_read(std::size_t n) override;
  int unconnected_error() const override { return EINVAL; }
  bool writable_at(std::size_t used) const override;
  void abandon() override;

  unix_stream_socket* peer() const;
  void hang_up(bool unread);
};

} // namespace sluice::testing
