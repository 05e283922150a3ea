#pragma once

// collector: the metrics of a process as Prometheus' text: its event loops,
// connections, datagram sockets, listeners, backpressure, bounded mailboxes,
// channels and membership, the process itself, and what the program counts in
// registries of its own (prometheus-cpp). docs/metrics.md says what there is.
//
//   metrics::collector metrics{sys, {.loops = {&loops.at(0), &loops.at(1)},
//                                    .channels = {node.channels().reporter()},
//                                    .node = node.actor()}};
//   metrics.collect([](caf::expected<std::string> text) { ... });
//
// Each loop is read on its own thread, in about 2 us and without a lock; all
// else happens on a worker of CAF's scheduler. So nobody waits for a scrape. A
// loop that does not answer in time has `sluice_loop_up` 0 and none of its
// other series; the figures of the others come without it. It gets no second
// question before it has answered the first one.
//
// For users. Thread rule: any thread; callbacks run on a worker of the
// scheduler. Lifetime: the loops outlive the collector.

#include "actors/channel/report.h"
#include "runtime/clock.h"
#include "runtime/event_loop.h"
#include "runtime/limits.h"

#include <caf/actor.hpp>
#include <caf/expected.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::actors::metrics {

struct collector_options {
  /// At least those that the program's brokers live on. They are told apart by
  /// their names; of those that share one the second is called "loop-0 (2)".
  std::vector<runtime::event_loop*> loops{};

  /// What channel::host::reporter gives, for each host.
  std::vector<std::function<channel::host_report()>> channels{};

  /// The actor of a cluster::node; none: no metrics of membership.
  caf::actor node{};

  /// Counters of the program itself, most often prometheus::Registry. Collect
  /// is called on a worker of the scheduler. A family whose name is taken, by
  /// Sluice or by an earlier one, is left out.
  std::vector<std::shared_ptr<prometheus::Collectable>> registries{};

  /// How long a loop may take to answer. Prometheus waits for scrape_timeout,
  /// 10 s by default.
  runtime::duration answer = runtime::limits::metrics_answer;
};

/// Asks the collector's actor; the answer is the text, a std::string. Fails
/// with errc::too_many_waiting as `collect` does.
struct collect_metrics {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, collect_metrics&) {
  return f(caf::meta::type_name("sluice.collect_metrics"));
}

class collector {
public:
  using callback = std::function<void(const caf::expected<std::string>&)>;

  /// What the text is to be announced as: version 0.0.4 of Prometheus' format.
  static constexpr const char* content_type =
      "text/plain; version=0.0.4; charset=utf-8";

  collector(caf::actor_system& system, collector_options options);

  /// Those who wait get an error.
  ~collector();

  collector(const collector&) = delete;
  collector& operator=(const collector&) = delete;

  /// Calls `done` once, with the text or an error: errc::too_many_waiting if
  /// limits::metrics_waiting_max wait already. Who comes while a collection is
  /// under way gets its result.
  void collect(callback done) const;

  /// Answers collect_metrics.
  const caf::actor& actor() const noexcept { return actor_; }

private:
  caf::actor actor_;
};

} // namespace sluice::actors::metrics
