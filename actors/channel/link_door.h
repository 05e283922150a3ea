#pragma once

// link_door: how other threads reach a link: a list of the ports that have
// something for it to do. The first one wakes the link; the others find that it
// is awake. So what many handlers push leaves in one batch, and nothing is
// allocated for a message.
//
// Internal. Thread rule: any thread, except for what says otherwise. Lifetime:
// shared by the link, its ports and the host; outlives the link, and is closed
// then.

#include "actors/channel/port.h"
#include "actors/channel/report.h"
#include "net/stream_broker.h"

#include <caf/actor_control_block.hpp>
#include <caf/meta/type_name.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runtime {
class event_loop;
}

namespace sluice::actors::channel {

/// Tells a link to look at its list.
struct link_wake {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_wake&) {
  return f(caf::meta::type_name("sluice.link_wake"));
}

/// Tells a link to end, because its host does.
struct link_stop {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_stop&) {
  return f(caf::meta::type_name("sluice.link_stop"));
}

/// Tells a link to look at the host's faults.
struct link_faults {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_faults&) {
  return f(caf::meta::type_name("sluice.link_faults"));
}

class link_door {
public:
  /// `where`: to which endpoint the link connects; empty if it was accepted.
  /// `channel`: the only one that uses it; empty if it is shared.
  explicit link_door(runtime::event_loop& loop, std::string where = {},
                     std::string channel = {}) noexcept
      : loop_(loop), where_(std::move(where)), channel_(std::move(channel)) {}

  const std::string& where() const noexcept { return where_; }

  /// Puts a port on the list, unless it is there. False if the link is over.
  bool add(std::shared_ptr<port> x);

  /// Sends link_stop.
  void stop();

  /// Sends link_faults.
  void look_at_faults();

  /// What the link said of itself last.
  link_report report() const;

  // -- the link's thread ------------------------------------------------------

  void open(link& x);

  /// The link says what it has done so far.
  void say(const net::stream_counts& counts, std::uint64_t queued, bool open,
           bool cut) noexcept;

  /// Swaps the list with `out`, which is empty.
  void take(std::vector<std::shared_ptr<port>>& out);

  /// Whether something is on the list.
  bool has_due();

  /// The link takes no more; what is on the list comes back.
  std::vector<std::shared_ptr<port>> close();

  /// Closes if nothing is on the list. False if something is.
  bool close_if_empty();

private:
  runtime::event_loop& loop_;
  const std::string where_;
  const std::string channel_;

  // For `report`: written by the link alone.
  std::atomic<std::uint64_t> queued_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<bool> is_open_{false};
  std::atomic<bool> is_cut_{false};

  std::mutex mutex_;
  std::vector<std::shared_ptr<port>> due_;
  caf::strong_actor_ptr actor_; // while the link is open
  link* link_ = nullptr;        // likewise; for the link's thread
  bool awake_ = false;
  bool closed_ = false;
  bool stop_wanted_ = false;
};

} // namespace sluice::actors::channel
