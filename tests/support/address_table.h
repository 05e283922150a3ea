#pragma once

// address_table: which sockets of one host are bound to which addresses. A
// host has one for streams, one for datagrams and one for the files of Unix
// sockets.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: belongs to its host.

#include "tests/support/sim_socket.h"

#include <cstdint>
#include <map>
#include <vector>

namespace sluice::testing {

class address_table {
public:
  /// False if the address is taken: by the same address or by a wildcard on
  /// the same port, unless both have SO_REUSEADDR and neither listens
  /// (socket(7)). A Unix path is taken until `unlink` (unix(7)).
  bool bind(const sim_address& address, socket_id id, bool reuse);

  /// Marks a bound socket as listening. False if another one listens there.
  bool listen(const sim_address& address, socket_id id);

  /// Frees the address; a Unix path stays behind without a socket.
  void unbind(const sim_address& address, socket_id id);

  /// Removes a Unix path. False if there is none.
  bool unlink(const sim_address& path);

  /// The sockets bound to exactly `address` and then those bound to its port
  /// on every address, each in the order of binding. A Unix path without a
  /// socket gives the id 0.
  std::vector<socket_id> bound_to(const sim_address& address) const;

  /// The socket that listens on `address`, or 0.
  socket_id listener(const sim_address& address) const;

  /// A free port, from 32768 to 60999 as Linux has it. Aborts if there is none.
  std::uint16_t unused();

private:
  struct entry {
    sim_address address;
    socket_id id;
    bool reuse;
    bool listening;
  };

  static bool overlap(const sim_address& a, const sim_address& b);

  std::uint16_t next_port_ = 0;
  std::map<std::uint16_t, std::vector<entry>> entries_; // by port
};

} // namespace sluice::testing
