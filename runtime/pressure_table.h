#pragma once

// pressure_table: who is holding whom, in this process: an entry for every
// actor that was told *applied* and not yet *released*, by whatever bounded
// queue. Signals are rare next to messages, so that one table with a lock does.
//
// Internal; users look at it through actors/pressure_graph.h. Thread rule: any
// thread. Its lock is a leaf. Lifetime: the process.

#include "runtime/duration_histogram.h"

#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::runtime {

/// What a queue is counted in.
enum class pressure_unit : std::uint8_t { messages, bytes };

/// Whose queue it is.
enum class pressure_kind : std::uint8_t {
  connection, // bytes that the operating system has not taken
  datagram,   // likewise
  mailbox,    // of a flow_actor
  outlet,     // bytes that wait for a channel's receiver
  remote,     // CAF's connections to other nodes, and their broker
  process,    // the input of a child process
};

inline constexpr std::size_t pressure_kinds = 6;

const char* to_string(pressure_kind x) noexcept;

/// What the queues of one kind have told since the process began.
struct pressure_totals {
  std::uint64_t applied = 0;
  std::uint64_t released = 0;
  std::uint64_t stalled = 0;
  /// From each *applied* to its *released*.
  duration_histogram held{};
};

/// How often and for how long one queue held anybody.
struct pressure_record {
  std::uint64_t times = 0;
  caf::actor_clock::duration_type total{}; // what goes on now included
  bool now = false;
};

/// A bounded queue that tells actors to slow down.
class pressure_source {
public:
  /// What waits in it now; any thread.
  virtual std::uint64_t level() const noexcept = 0;
  virtual pressure_unit unit() const noexcept = 0;
  virtual pressure_kind kind() const noexcept = 0;

protected:
  ~pressure_source() = default;
};

/// `holder` told `held` to slow down, and has not told it to go on.
struct pressure_entry {
  caf::actor_id holder = 0;
  std::string holder_name;
  caf::actor_id held = 0;
  std::string held_name;
  /// For how long, by the clock of the system.
  caf::actor_clock::duration_type since{};
  /// What waits in the holder's queue.
  std::uint64_t queued = 0;
  pressure_unit unit = pressure_unit::messages;
};

class pressure_table {
public:
  /// The one of this process.
  static pressure_table& instance();

  /// `queue`, which belongs to `holder`, told `held`.
  void add(const pressure_source& queue, caf::actor_control_block& holder,
           caf::actor_control_block& held);

  /// `queue` told everybody to go on. It must, before it goes.
  void remove(const pressure_source& queue) noexcept;

  /// `queue` told `held` to go on.
  void remove(const pressure_source& queue, caf::actor_id held) noexcept;

  /// `queue` told `count` actors that nothing moves.
  void stalled(const pressure_source& queue, std::size_t count) noexcept;

  /// The sums by kind; those who are held now are `applied - released`.
  std::array<pressure_totals, pressure_kinds> totals() const;

  /// The entries of one system, in the order in which they came.
  std::vector<pressure_entry> entries(caf::actor_system& system) const;

private:
  pressure_table();
  ~pressure_table() = delete;

  struct state;
  state& state_;
};

} // namespace sluice::runtime
