#pragma once

// fake_etcd: what a roster needs of etcd, without sockets and in virtual time:
// keys, revisions, leases that end to the moment, a history, and compaction.
// Answers as etcd's JSON gateway does; the tests of the provider hold it
// against the real one.
//
// Tests only. Thread rule: one thread at a time. Lifetime: a value.

#include "actors/cluster/etcd/wire.h"
#include "actors/cluster/member.h"
#include "actors/cluster/view.h"
#include "runtime/clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::testing {

namespace cluster = actors::cluster;
using runtime::time_point;

class fake_etcd {
public:
  struct reply {
    long status = 200;
    std::string text;
  };

  /// One that watches; `next` is the first revision it has not been told.
  struct watcher {
    std::uint64_t next = 0;
    bool told = false; // that it was created
  };

  /// Carries out a question that arrives at `now`.
  reply post(time_point now, const cluster::etcd::question& what);

  /// The lines that the watch has now; `over` if it ends with them.
  std::vector<std::string> lines(watcher& x, bool& over) const;

  watcher watch(const cluster::etcd::question& what) const;

  /// Ends leases.
  void pass(time_point now);

  /// As after a failure: all leases have their full time again.
  void restart(time_point now);

  void compact() { compacted_ = revision_; }

  /// Deletes a key past its owner.
  void remove(const std::string& key);

  /// The life of the key, 0 if there is none.
  std::uint64_t life(const std::string& key) const;

  /// What holds the key, 0 if there is none.
  cluster::etcd::lease_id lease_of(const std::string& key) const;

  std::uint64_t revision() const noexcept { return revision_; }

  /// All that has happened to members, and who is there now.
  const std::vector<cluster::change>& truth() const noexcept { return truth_; }
  std::vector<std::string> names() const;

private:
  struct lease {
    std::int64_t seconds = 0;
    time_point end;
  };

  std::string header() const;
  std::string text_of(const cluster::etcd::key_value& x) const;
  void put(const std::string& key, const std::string& value,
           cluster::etcd::lease_id id);
  void end_lease(cluster::etcd::lease_id id);

  std::uint64_t revision_ = 1;
  std::uint64_t compacted_ = 0;
  cluster::etcd::lease_id last_lease_ = 100;
  std::map<std::string, cluster::etcd::key_value> keys_;
  std::map<cluster::etcd::lease_id, lease> leases_;
  std::vector<cluster::etcd::key_event> history_;
  std::vector<cluster::change> truth_;
};

} // namespace sluice::testing
