// Sockets on 127.0.0.0/8 for the benchmark programs: plain system calls and no
// code of Sluice's, so that the peers and the load generator judge it from
// outside.
//
// Any thread. Failures end the program with a message (exit code 1): without
// its socket a benchmark has nothing left to do.
#pragma once

#include <cstdint>

namespace sluice::bench {

// Opens a non-blocking listening socket on 127.0.0.1; port 0 lets the system
// choose.
int listen_loopback(uint16_t port);

// The port that `fd` is bound to.
uint16_t local_port(int fd);

// Prints `listening PORT` on a line of its own: the harness waits for it.
void announce(uint16_t port);

// Opens a blocking connection to 127.0.0.1:`port` with TCP_NODELAY. `index` is
// the connection's running number: each block of 10,000 gets a source address
// of its own (127.0.0.1, 127.0.0.2, ...), so that ephemeral ports suffice.
int connect_loopback(uint16_t port, unsigned index);

void set_nonblocking(int fd);
void set_nodelay(int fd);

// Raises the descriptor limit to the hard limit; returns the new limit.
uint64_t raise_descriptor_limit();

// Monotonic time in nanoseconds.
uint64_t now_ns();

// Prints `what` with errno's text and ends the program with exit code 1.
[[noreturn]] void die(const char* what);

} // namespace sluice::bench
