#pragma once

// tcp_socket: a TCP socket of the simulated kernel: the handshake, the window,
// FIN and RST, as Linux does them.
//
// Facts modelled here, beyond those of stream_socket:
// 1. A byte leaves the send buffer when the peer's kernel has acknowledged it,
//    and is only sent when the peer's receive buffer has room for it.
// 2. close sends FIN behind the last byte; with unread bytes, or with `reset`,
//    it drops what is unsent and sends RST.
// 3. Bytes that reach a closed socket are answered with RST: the first write
//    to a peer that is gone succeeds, a later one fails with EPIPE if its FIN
//    had arrived, else with ECONNRESET.
// 4. A SYN that finds the listener's queue full, or a cut, is sent again after
//    1, 2, 4, ... seconds; after 127 s connect fails with ETIMEDOUT (tcp(7),
//    tcp_syn_retries = 6).
// 5. Segments at a cut wait until it heals; after 924.6 s the sender gives up
//    with ETIMEDOUT (tcp_retries2 = 15).
// Not modelled: a second connect on a socket whose first one failed,
// TIME_WAIT's hold on an address, keep-alive, TCP_USER_TIMEOUT, urgent data,
// IPv4 peers of an IPv6 listener.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: owned by its world.

#include "tests/support/event_queue.h"
#include "tests/support/stream_pipe.h"
#include "tests/support/stream_socket.h"

#include <optional>

namespace sluice::testing {

class tcp_socket final : public stream_socket {
public:
  tcp_socket(sim_host& host, int family) : stream_socket(host, family) {}

  int connect(const sim_address& address) override;
  int shutdown_write() override;
  void close(bool reset) override;
  void network_changed() override;

  /// Holds back what this end sends, or lets it go on.
  void hold(bool on);

  /// The other end, 0 before there is one.
  socket_id peer_id() const noexcept { return peer_; }

private:
  enum class fin_state { none, wanted, sent, acknowledged };

  int send_obstacle() override;
  void flush() override;
  void on_read(std::size_t n) override;
  int unconnected_error() const override { return ENOTCONN; }
  bool writable_at(std::size_t used) const override;
  void abandon() override { close(true); }

  // Opening, on the side that connects.
  void send_syn(unsigned attempt, runtime::duration wait);
  void syn_arrives(unsigned attempt);
  void syn_lost(unsigned attempt);
  void answer_later(int error);
  void establish(tcp_socket& child);

  // The wire.
  tcp_socket* peer() const;
  void emit(segment what);
  void schedule(runtime::time_point due);
  void segment_due();
  void deliver(segment what);
  bool is_blocked() const;
  void park();
  void arm_limit(runtime::duration length);
  void disarm_limit();
  void give_up();
  void receive(segment what);
  void receive_data(std::string bytes);
  void receive_fin();
  void receive_ack(const segment& what);
  void receive_reset();

  void finish_if_done();
  void fail(int error);
  void retire();

  sim_host* remote_host_ = nullptr;
  stream_pipe pipe_;                         // what we have sent
  std::optional<event_queue::ticket> limit_; // of connecting or of a cut
  std::size_t window_ = 0; // how many more bytes the peer has room for
  fin_state fin_ = fin_state::none;
  bool held_ = false;
  bool connect_told_ = false; // connect(2) has given its 0
};

} // namespace sluice::testing
