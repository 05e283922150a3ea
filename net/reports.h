#pragma once

// reports: what the open connections, datagram sockets and listeners of a loop
// say of themselves, to be shown to people. Sums over all of them, those that
// ended included, are in net_totals, which costs less.
//
// For users. Thread rule: the thread of the loop that is asked; spawn an actor
// there to ask. Reports are values. The cost goes with the number of
// connections, about 70 ns each, and 1 us for each that is reported.

#include "net/endpoint.h"
#include "net/net_totals.h"
#include "net/stream_state.h"
#include "runtime/clock.h"
#include "runtime/event_loop.h"

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::net {

/// One open connection.
struct connection_report {
  caf::actor_id id = 0;
  std::string name; // of the broker's class
  endpoint local;
  endpoint remote;
  stream_state state = stream_state::open;
  /// Bytes that the operating system has not taken; the most there ever were
  /// once the high mark had been reached.
  std::uint64_t queued = 0;
  std::uint64_t peak = 0;
  /// Holds those who write to it; how often, and for how long in all.
  bool pressed = false;
  std::uint64_t times_pressed = 0;
  runtime::duration pressed_time{};
  /// Does not read, since an actor that it sends to is under pressure.
  bool held = false;
  /// Writes that came back.
  std::uint64_t rejected = 0;
  /// Bytes: taken over from actors, taken by the operating system, handed back,
  /// read.
  std::uint64_t accepted = 0;
  std::uint64_t written = 0;
  std::uint64_t returned = 0;
  std::uint64_t received = 0;
};

/// One open datagram socket.
struct datagram_report {
  caf::actor_id id = 0;
  std::string name;
  endpoint local;
  endpoint remote; // default if it is not connected
  std::uint64_t queued_datagrams = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t peak = 0; // by what a datagram costs in the queue
  bool pressed = false;
  std::uint64_t times_pressed = 0;
  runtime::duration pressed_time{};
  std::uint64_t written = 0; // datagrams
  std::uint64_t received = 0;
  std::uint64_t truncated = 0;
};

/// One listener.
struct listener_report {
  caf::actor_id id = 0;
  endpoint local;
  std::uint64_t accepted = 0;
  std::uint64_t times_paused = 0;
  bool paused = false;
};

/// The open connections of `loop`, at most `count`: first those that hold
/// somebody, then those in which the most waits.
std::vector<connection_report> report_connections(runtime::event_loop& loop,
                                                  std::size_t count);

/// How many open connections of `loop` hold somebody.
std::size_t count_pressed_connections(runtime::event_loop& loop);

/// The open datagram sockets and the listeners of `loop`, at most `count`.
std::vector<datagram_report> report_datagrams(runtime::event_loop& loop,
                                              std::size_t count);
std::vector<listener_report> report_listeners(runtime::event_loop& loop,
                                              std::size_t count);

} // namespace sluice::net
