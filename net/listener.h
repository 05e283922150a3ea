#pragma once

// listener: the actor of a listening socket. It accepts connections, spawns a
// broker for each, and deals them out over the loops. It survives running out
// of descriptors: then it stops accepting for `limits::accept_pause`, while the
// open connections go on; those that wait stay in the kernel's queue.
//
// For users through `listen` (net/listen.h). Thread rule: messages from any
// thread. Lifetime: until it is sent an exit or `net::close`; its connections
// live on.

#include "net/broker.h"
#include "net/commands.h"
#include "net/net_totals.h"
#include "net/socket_file.h"
#include "net/stream_broker.h"

#include <caf/actor.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace sluice::net {

/// Told to `listen_options::observer` when accept fails for want of
/// descriptors or memory, and when the listener tries again.
struct accept_paused {
  int os_error = 0;
};
struct accept_resumed {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, accept_paused& x) {
  return f(caf::meta::type_name("sluice.accept_paused"), x.os_error);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, accept_resumed&) {
  return f(caf::meta::type_name("sluice.accept_resumed"));
}

struct listen_options {
  /// For the connections.
  stream_options stream = {};
  /// Connections that may wait in the kernel.
  int backlog = runtime::limits::listen_backlog_connections;
  /// Gets accept_paused and accept_resumed.
  caf::actor observer = {};
};

/// Spawns the broker of one connection on a loop.
using stream_factory = std::function<void(event_loop&, stream_setup)>;

struct listener_report;

class listener : public broker {
public:
  listener(caf::actor_config& cfg, event_loop& loop, socket bound,
           std::vector<event_loop*> loops, stream_factory factory,
           listen_options options);
  ~listener() override;

  bool is_open() const noexcept { return watched(); }

  /// What it says of itself, see net/reports.h.
  listener_report report() const;

  const char* name() const override { return "listener"; }
  runtime::resident_kind kind() const noexcept final {
    return runtime::resident_kind::listener;
  }

protected:
  caf::behavior make_behavior() override;
  void on_start() override;
  void on_terminate() override;
  void settle() override;
  void on_timeout(timeout which) override;
  void on_event(readiness what) override;

private:
  void pause(int error);
  listener_totals& totals() { return totals_of(loop()).listeners; }

  socket socket_;
  std::vector<event_loop*> loops_;
  std::size_t next_loop_ = 0;
  stream_factory factory_;
  std::shared_ptr<const stream_options> stream_options_;
  caf::actor observer_;
  socket_file file_;
  std::uint64_t accepted_ = 0;
  std::uint64_t times_paused_ = 0;
  bool paused_ = false;
};

} // namespace sluice::net
