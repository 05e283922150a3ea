#pragma once

// etcd_options: which etcd keeps the list of a cluster's members, and how long
// a member that is not heard of counts.
//
// For users. Thread rule: a value.

#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace sluice::actors::cluster::etcd {

struct etcd_options {
  /// Where etcd listens for clients: `http://host:port` or `host:port`, several
  /// separated by commas; if one does not answer, the next one is asked.
  std::string endpoints = "http://127.0.0.1:2379";

  /// Several clusters may share one etcd. No slash, at most
  /// limits::name_bytes_max long.
  std::string cluster = "default";

  /// A member that etcd has not heard of for this long is down. Whole seconds,
  /// at least limits::etcd_lease_min; etcd may give more, and never less than
  /// one and a half of its election timeouts.
  std::chrono::seconds lease_ttl = runtime::limits::etcd_lease;

  /// How long a node tries to become a member at its start before it gives up.
  runtime::duration start_deadline = runtime::limits::etcd_start;

  /// How long it takes at most to leave in order.
  runtime::duration leave_deadline = runtime::limits::etcd_leave;

  /// Between two attempts at first, and at most.
  runtime::duration retry = runtime::limits::cluster_retry;
  runtime::duration retry_max = runtime::limits::etcd_retry_max;

  /// Errors: errc::bad_setting, or errc::bad_endpoint; they say which part.
  caf::error check() const;

  /// How long an answer may take: so that a renewal can be tried at another
  /// endpoint, and once more, before the lease ends.
  runtime::duration answer_deadline() const noexcept;
};

/// One endpoint of etcd.
struct etcd_server {
  std::string url; // scheme, host and port, no path
  std::string host;
  std::uint16_t port = 0;
  bool is_numeric = false;
};

/// Reads etcd_options::endpoints. Errors: errc::bad_endpoint, errc::bad_setting
/// if there is none.
caf::expected<std::vector<etcd_server>> read_servers(std::string_view text);

} // namespace sluice::actors::cluster::etcd
