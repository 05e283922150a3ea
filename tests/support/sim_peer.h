#pragma once

// sim_peer: the other end of a stream connection, played by the test. It acts
// at the moment at which something happens to its socket, has no descriptor
// and suffers no faults of its own: it does what it was told.
//
//   sim_peer peer{world};
//   peer.connect(at("127.0.0.1", 7000)); // the code under test listens there
//   peer.send("hello");
//   peer.stop_reading();                 // its window will close
//   ...
//   EXPECT_EQ(peer.received(), "HELLO");
//   peer.reset();
//
// For tests. Thread rule: the world's. Lifetime: within that of the world. A
// peer that dies closes its connection.

#include "tests/support/sim_world.h"
#include "tests/support/stream_socket.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace sluice::testing {

class sim_peer final : private socket_observer {
public:
  explicit sim_peer(sim_world& world) : sim_peer(world.host()) {}
  explicit sim_peer(sim_host& host) : world_(host.world()), host_(host) {}
  ~sim_peer();

  sim_peer(const sim_peer&) = delete;
  sim_peer& operator=(const sim_peer&) = delete;

  // -- what it does -----------------------------------------------------------

  /// Dials. May be called once. Returns what connect(2) would.
  int connect(const runtime::socket_address& to);

  /// Takes over an established connection (for sim_server).
  void adopt(stream_socket& socket);

  /// Sends, now or as soon as there is room, behind what was sent before.
  void send(std::string_view bytes);

  /// Reads whatever comes, as at the start.
  void read_all() { read_more(unbounded); }

  /// Reads `n` bytes more than it was allowed to so far.
  void read_more(std::size_t n);

  /// Leaves what comes in the kernel's buffer.
  void stop_reading() { allowance_ = 0; }

  /// Ends its stream behind the last byte of `send`; goes on reading.
  void half_close();

  /// close(2): FIN, or RST if something was left unread. Bytes that the kernel
  /// has not taken are dropped.
  void close() { end(false); }

  /// close(2) with SO_LINGER 0: RST.
  void reset() { end(true); }

  /// The link goes dead in both directions until `release` (TCP only). May be
  /// released after `close` or `reset`, whose FIN or RST then arrives.
  void hold() { set_held(true); }
  void release() { set_held(false); }

  // -- what it saw ------------------------------------------------------------

  /// The connection stands or stood.
  bool connected() const noexcept { return connected_; }

  /// All that was read so far.
  const std::string& received() const noexcept { return received_; }

  /// Gives what was read so far and forgets it.
  std::string take_received() { return std::exchange(received_, {}); }

  /// recv has given 0.
  bool saw_end() const noexcept { return ended_; }

  /// The first error of the connection as a positive errno, or 0.
  int error() const noexcept { return error_; }

  /// close or reset was called.
  bool closed() const noexcept { return closed_; }

  /// Neither closed here nor failed nor ended in both directions.
  bool open() const noexcept;

  /// Bytes of `send` that the kernel has not taken.
  std::size_t unsent() const noexcept { return outbox_.size(); }

  /// Bytes that the kernel has taken in all.
  std::size_t sent() const noexcept { return sent_; }

  /// Bytes that were received but not read.
  std::size_t unread() const;

  /// The socket while there is one, else null.
  stream_socket* socket() const;

  /// Is called after anything of the above has changed.
  std::function<void()> on_progress;

private:
  static constexpr auto unbounded = std::numeric_limits<std::size_t>::max();

  void on_change() override { progress(); }
  void progress();
  bool step(stream_socket& socket);
  bool read_some(stream_socket& socket);
  bool write_some(stream_socket& socket);
  void note_error(int error);
  void end(bool reset);
  void set_held(bool on);

  sim_world& world_;
  sim_host& host_;
  socket_id id_ = 0;
  socket_id other_ = 0; // the other end, once it is known
  bool connected_ = false;
  bool in_progress_ = false;
  bool again_ = false;
  bool half_close_wanted_ = false;
  bool half_closed_ = false;
  bool ended_ = false;
  bool closed_ = false;
  int error_ = 0;
  std::size_t allowance_ = unbounded;
  std::size_t sent_ = 0;
  byte_queue outbox_;
  std::string received_;
};

} // namespace sluice::testing
