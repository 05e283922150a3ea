#pragma once

// datagram_socket: a UDP or Unix datagram socket of the simulated kernel.
//
// Facts modelled here:
// 1. UDP: a datagram arrives whole, late, twice, out of order or not at all; a
//    full receive queue drops it in silence. What is under way is charged to
//    the sender, who gets EAGAIN when that is too much.
// 2. A datagram longer than the room given is cut, and its full length told.
// 3. UDP: a connected socket hears only its peer. If nobody is bound there,
//    the error ECONNREFUSED comes back after a while; the next call gets it.
// 4. Unix: nothing is lost. A queue with more than 10 datagrams gives EAGAIN
//    (net.unix.max_dgram_qlen), a closed receiver ECONNREFUSED, no such path
//    ENOENT.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: owned by its world.

#include "tests/support/sim_socket.h"

#include <cstddef>
#include <deque>
#include <string>

namespace sluice::testing {

class datagram_socket final : public sim_socket {
public:
  datagram_socket(sim_host& host, int family);

  int connect(const sim_address& address) override;
  ssize_t recv(std::span<char> room) override;
  ssize_t send(std::span<const iovec> parts) override;
  ssize_t recv_from(std::span<char> room, sim_address& from) override;
  ssize_t send_to(std::span<const iovec> parts, const sim_address* to) override;
  int shutdown_write() override;
  void close(bool reset) override;
  runtime::readiness ready() const override;
  runtime::readiness may_seem() const override;
  int peer_address(sim_address& out) const override;

  /// Datagrams that wait to be read.
  std::size_t waiting() const noexcept { return received_.size(); }

private:
  struct datagram {
    sim_address from;
    std::string bytes;
  };

  ssize_t send_ip(std::string bytes, const sim_address& to);
  ssize_t send_unix(std::string bytes, const sim_address& to);
  void launch(const datagram& what, const sim_address& to);
  void arrive(datagram what, const sim_address& to);
  datagram_socket* receiver(const sim_address& from, const sim_address& to,
                            sim_host& there) const;
  datagram_socket* unix_receiver(const sim_address& to) const;
  bool is_full_for(const datagram& what) const;
  void take_in(datagram what);

  bool closed_ = false;
  bool send_shut_ = false;
  std::deque<datagram> received_;
  std::size_t received_size_ = 0; // charged, see `charge`
  std::size_t under_way_ = 0;     // charged
  std::size_t capacity_;
};

} // namespace sluice::testing
