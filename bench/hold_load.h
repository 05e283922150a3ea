// The load generator's quiet jobs: connections that are held open while the
// server's memory is measured from outside.
//
// One thread; each call owns every descriptor it opens. Progress goes to
// stdout, one word and a number a line; orders come from stdin, one a line.
#pragma once

#include <cstdint>

namespace sluice::bench {

// Opens `count` connections and prints `connected N`. On the order `speak`
// sends one 64-byte message on each, waits for its echo and prints `spoke N`.
// Returns at the end of stdin or after `limit_s`; false when an echo was wrong.
bool hold_idle(uint16_t port, unsigned count, double limit_s);

// Opens one connection, prints `connected 1` and never reads from it. Returns
// at the end of stdin or after `limit_s`.
void never_read(uint16_t port, double limit_s);

} // namespace sluice::bench
