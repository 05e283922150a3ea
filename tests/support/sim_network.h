#pragma once

// sim_network: what lies between the hosts of a simulated world: which host
// has which address, how long a message takes, and what is cut.
//
// For tests. Thread rule: one thread at a time. Lifetime: belongs to its world.

#include "runtime/clock.h"
#include "tests/support/sim_host.h"

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

/// What becomes of a message to an address that no host has.
enum class absence {
  no_route,    // ENETUNREACH at once
  unreachable, // a router says so: EHOSTUNREACH after a while
  silent,      // nothing ever comes back
};

class sim_network {
public:
  explicit sim_network(sim_world& world) noexcept : world_(world) {}

  /// Adds a host with these IP addresses, which no other host may have.
  sim_host& add_host(const std::vector<std::string>& addresses);

  /// The host that has `address`, seen from `from`; null if there is none.
  sim_host* host_of(const sim_host& from, const sim_address& address) const;

  /// What an address without a host does; `unreachable` unless set.
  void set_absence(const std::string& address, absence what);
  absence absence_of(const sim_address& address) const;

  // -- cuts -------------------------------------------------------------------
  // Streams hold back what crosses a cut and deliver it in order after it
  // heals, as TCP's retransmissions do; datagrams are lost. A host can be cut
  // from itself: then its loopback is cut.

  /// Both directions.
  void cut(const sim_host& a, const sim_host& b);
  void heal(const sim_host& a, const sim_host& b);

  /// One direction: what `from` sends no longer reaches `to`.
  void cut_one_way(const sim_host& from, const sim_host& to);

  /// Cuts both directions and heals them after `length`.
  void stall(const sim_host& a, const sim_host& b, runtime::duration length);

  bool is_cut(const sim_host& from, const sim_host& to) const {
    return !cuts_.empty() && cuts_.contains({from.index(), to.index()});
  }

  // -- time -------------------------------------------------------------------

  /// How long the next message takes.
  runtime::duration latency();

private:
  sim_world& world_;
  std::vector<std::unique_ptr<sim_host>> hosts_;
  std::map<std::string, absence> absences_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_; // host indexes
};

} // namespace sluice::testing
