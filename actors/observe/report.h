#pragma once

// node_report: what one node says of itself, twice a second, to the nodes where
// somebody looks at the cluster's page. It tells rates and levels rather than
// counters, and for how long something is so rather than since when: the clocks
// of two machines are not compared.
//
// A report is bounded: `bound` cuts one that is made here, and `check` refuses
// one that came from elsewhere and is not.
//
// For users. Thread rule: values.

#include "runtime/clock.h"
#include "runtime/pressure_table.h"

#include <caf/meta/type_name.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace sluice::actors::observe {

using runtime::pressure_unit;

/// For a figure that is not known.
inline constexpr std::uint64_t unknown = ~std::uint64_t{0};

/// At least 0.
std::uint64_t whole_ms(runtime::duration x);

/// How a node does, in all.
struct node_load {
  std::uint64_t in_bps = 0; // bytes a second, of all its connections
  std::uint64_t out_bps = 0;
  std::uint64_t msgs_ps = 0;     // turns of its actors, a second
  std::uint64_t requests_ps = 0; // of its clients, a second
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_messages = 0;
  std::uint64_t connections = 0;
  std::uint64_t pressed = 0;       // queues past their high mark
  std::uint32_t busy_permille = 0; // of the busiest loop's thread
  std::uint64_t rss = 0;           // bytes
  std::uint64_t slow_bps = 0;      // the fault of that name; 0: not in force
  std::uint64_t p50_us = unknown;  // of the requests of the last seconds
  std::uint64_t p99_us = unknown;

  bool operator==(const node_load&) const = default;
};

enum class link_state : std::uint8_t {
  open,
  lost, // there is no connection
  cut,  // the fault of that name is in force
};

enum class link_pressure : std::uint8_t {
  none,
  applied, // what is sent has to wait
  stalled, // likewise, and nothing was taken for limits::observe_stall
};

/// The way from the node that reports to another one.
struct link_report {
  std::string to{};
  link_state state = link_state::open;
  link_pressure pressure = link_pressure::none;
  bool told = false;        // senders are told to slow down
  std::uint64_t for_ms = 0; // the pressure, or the state if there is none
  std::uint64_t queued = 0; // waits; under pressure with what was sent and is
                            // not known to have been taken
  pressure_unit unit = pressure_unit::messages;
  std::uint64_t msgs_ps = 0; // taken by the other node
  std::uint64_t bps = 0;

  bool operator==(const link_report&) const = default;
};

/// `held` was told by `holder` to slow down.
struct hold_report {
  std::string held{};
  std::string holder{};
  std::uint64_t for_ms = 0;
  std::uint64_t queued = 0; // at the holder
  pressure_unit unit = pressure_unit::messages;
  std::string to{}; // the node at the other end, if the holder is a link's end

  bool operator==(const hold_report&) const = default;
};

enum class row_kind : std::uint8_t { connection, actor, channel };

/// One connection, actor or channel.
struct row_report {
  row_kind kind = row_kind::connection;
  std::uint64_t id = 0;
  std::string name{};
  std::string local{};
  std::string remote{};
  std::string state{};
  bool pressed = false;
  std::uint64_t queued = 0;
  std::uint64_t peak = 0;
  pressure_unit unit = pressure_unit::bytes;
  std::uint64_t pressure_ms = 0; // in all
  std::uint64_t applied = 0;     // times
  std::uint64_t rejected = 0;
  std::uint64_t in_bps = 0;
  std::uint64_t out_bps = 0;

  bool operator==(const row_report&) const = default;
};

/// Connections that ended so, since the process began.
struct closed_count {
  std::string reason{};
  std::uint64_t count = 0;

  bool operator==(const closed_count&) const = default;
};

struct node_report {
  std::uint64_t number = 0; // grows; 0: none
  node_load load{};
  std::vector<link_report> links{};
  std::vector<hold_report> holds{};
  std::vector<row_report> rows{}; // the most pressed first
  std::vector<closed_count> closed{};

  bool operator==(const node_report&) const = default;
};

/// The row with the greatest is shown first: those under pressure, then by what
/// waits and by their traffic.
inline auto urgency(const row_report& x) {
  return std::tuple{x.pressed, x.queued, x.pressure_ms, x.in_bps + x.out_bps};
}

void sort_rows(std::vector<row_report>& rows);

/// Cuts lists and texts to what a report may have.
void bound(node_report& x);

/// Of the rows, which are sorted, those under pressure stay, and so many
/// others: a page shows limits::observe_rows_max of the whole cluster.
void keep_rows(node_report& x, std::size_t quiet);

/// Leaves only what the picture and the log need: for a reader that is slow to
/// take reports. A report without holds says that nobody waits.
void shorten(node_report& x);

/// What breaks the bounds, or an empty text.
std::string check(const node_report& x);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_load& x) {
  return f(caf::meta::type_name("sluice.node_load"), x.in_bps, x.out_bps,
           x.msgs_ps, x.requests_ps, x.queued_bytes, x.queued_messages,
           x.connections, x.pressed, x.busy_permille, x.rss, x.slow_bps,
           x.p50_us, x.p99_us);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_report& x) {
  return f(caf::meta::type_name("sluice.link_report"), x.to, x.state,
           x.pressure, x.told, x.for_ms, x.queued, x.unit, x.msgs_ps, x.bps);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hold_report& x) {
  return f(caf::meta::type_name("sluice.hold_report"), x.held, x.holder,
           x.for_ms, x.queued, x.unit, x.to);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, row_report& x) {
  return f(caf::meta::type_name("sluice.row_report"), x.kind, x.id, x.name,
           x.local, x.remote, x.state, x.pressed, x.queued, x.peak, x.unit,
           x.pressure_ms, x.applied, x.rejected, x.in_bps, x.out_bps);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, closed_count& x) {
  return f(caf::meta::type_name("sluice.closed_count"), x.reason, x.count);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_report& x) {
  return f(caf::meta::type_name("sluice.node_report"), x.number, x.load,
           x.links, x.holds, x.rows, x.closed);
}

} // namespace sluice::actors::observe
