// What every peer server shares: the length of its run. The servers themselves
// are written in the idiom of their library and share nothing else.
//
// Call from the main thread before any other thread starts.
#pragma once

namespace sluice::bench {

// Blocks SIGTERM and SIGINT in this thread and those it starts, ignores
// SIGPIPE, and returns a descriptor that becomes readable at the first of them
// (signalfd(2)).
int open_stop_signal();

// Waits until a descriptor of open_stop_signal() becomes readable.
void await_stop_signal(int fd);

} // namespace sluice::bench
