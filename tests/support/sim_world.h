#pragma once

// sim_world: a kernel and its network, made from one seed, in virtual time.
// The same seed and the same calls give the same world, event for event.
//
//   sim_world world{seed};              // sizes, delays, faults: from the seed
//   sim_world world{seed, sim_settings::calm()};
//   sim_socket_api api{world};          // the seam for the code under test
//   sim_poller poller{world};
//   sim_clock clock{world};
//   sim_peer peer{world};               // the test's own end of a connection
//   ...
//   while (world.run_one()) { ... }     // time jumps from event to event
//
// For tests. Thread rule: one thread at a time, whatever the seam allows; only
// sim_poller::wake may be called by others. Lifetime: outlives everything that
// is made with it.

#include "runtime/clock.h"
#include "tests/support/event_queue.h"
#include "tests/support/random_source.h"
#include "tests/support/sim_host.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_settings.h"
#include "tests/support/sim_socket.h"
#include "tests/support/trace.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::testing {

class sim_world {
public:
  /// A world whose settings are drawn from the seed too.
  explicit sim_world(std::uint64_t seed);

  sim_world(std::uint64_t seed, const sim_settings& settings);

  ~sim_world();

  sim_world(const sim_world&) = delete;
  sim_world& operator=(const sim_world&) = delete;

  // -- time -------------------------------------------------------------------

  runtime::time_point now() const noexcept { return events_.now(); }

  /// True if nothing will happen unless somebody makes a call.
  bool idle() const noexcept { return events_.empty(); }

  /// When the next thing happens.
  std::optional<runtime::time_point> next_event_time() const noexcept {
    return events_.next();
  }

  /// Lets the next thing happen, at its time. False if the world is idle.
  bool run_one();

  /// Lets everything happen that is due until `t`, and ends at `t`. A time
  /// that has passed counts as now.
  void advance_to(runtime::time_point t);
  void advance(runtime::duration d) { advance_to(now() + d); }

  /// Lets everything happen until the world is idle. Aborts after a million
  /// events: something goes round in circles.
  void settle();

  /// Queues an action of the test's.
  event_queue::ticket at(runtime::time_point due, event_queue::action what) {
    return events_.at(due, std::move(what));
  }
  event_queue::ticket after(runtime::duration d, event_queue::action what) {
    return events_.at(now() + d, std::move(what));
  }
  void cancel(const event_queue::ticket& which) { events_.cancel(which); }

  // -- parts ------------------------------------------------------------------

  std::uint64_t seed() const noexcept { return seed_; }

  /// For the test's own choices; the kernel draws from another source, so that
  /// the two do not disturb each other.
  random_source& random() noexcept { return random_; }

  sim_settings& settings() noexcept { return settings_; }
  trace& log() noexcept { return trace_; }
  sim_network& network() noexcept { return network_; }

  /// The first host, which has no address but the loopback's.
  sim_host& host() noexcept { return *host_; }

  // -- for the parts of the world ---------------------------------------------

  random_source& kernel_random() noexcept { return kernel_random_; }

  void note(std::string_view what, std::int64_t a = 0, std::int64_t b = 0,
            std::int64_t c = 0) {
    trace_.note(now(), what, a, b, c);
  }

  /// Takes a socket in and gives it its id.
  template <class T>
  T& adopt(std::unique_ptr<T> socket) {
    auto& result = *socket;
    take(std::move(socket));
    return result;
  }

  /// The socket with this id if it still exists and is a T.
  template <class T = sim_socket>
  T* find(socket_id id) const noexcept {
    return id < sockets_.size() ? dynamic_cast<T*>(sockets_[id].get())
                                : nullptr;
  }

  /// Destroys a socket when the current event, or the next one, is over.
  void bury(socket_id id) { dead_.push_back(id); }

  /// Destroys what was buried, unless an event runs. For the end of a call.
  void sweep();

  /// How many sockets exist, closed ones that linger included.
  std::size_t sockets() const noexcept;

  /// Tells all sockets that a cut or hold ended.
  void network_changed();

private:
  sim_world(std::uint64_t seed, random_source kernel,
            const sim_settings* settings);

  void take(std::unique_ptr<sim_socket> socket);

  std::uint64_t seed_;
  random_source kernel_random_;
  random_source random_;
  sim_settings settings_;
  event_queue events_;
  trace trace_;
  sim_network network_;
  sim_host* host_;
  bool running_ = false;                             // inside run_one
  std::vector<std::unique_ptr<sim_socket>> sockets_; // by id
  std::vector<socket_id> dead_;
};

} // namespace sluice::testing
