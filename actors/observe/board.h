#pragma once

// board: what a node that watches knows of the whole cluster: who is a member,
// the last report of each and how old it is, and the log of events. Sans-I/O:
// it is told what happens, and says twice a second what a page shows.
//
// Invariants:
// 1. Ages are by the clock of this node alone: since a report arrived.
// 2. A node's figures are those of its present life; what it said in an
//    earlier one is forgotten when it goes.
// 3. Whatever comes, what is held is bounded: by the number of members, and by
//    the limits `observe_*`.
//
// Internal. Thread rule: one thread. Lifetime: the observer's.

#include "actors/cluster/member.h"
#include "actors/observe/event_log.h"
#include "actors/observe/pressure_log.h"
#include "actors/observe/report.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::observe {

enum class member_state : std::uint8_t { up, suspected, down, left };

const char* to_string(member_state x) noexcept;

/// A node as a page shows it.
struct node_view {
  std::string name;
  member_state state = member_state::up;
  std::int64_t since_ms = 0; // of the state; since the epoch
  std::string endpoint;
  std::vector<std::string> roles;
  /// Of `load`; none: there was no report, as in the first moments of a watch.
  std::optional<std::uint64_t> age_ms{};
  node_load load{};
};

struct link_view {
  std::string from;
  std::int64_t since_ms = 0; // of the pressure or state; since the epoch
  link_report what;
};

struct hold_view {
  std::string node;
  hold_report what;
};

struct row_view {
  std::string node;
  row_report what;
};

/// What is so at one moment. Old figures are in it, with their age; links,
/// holds and rows are only those of reports that are not old.
struct frame {
  std::int64_t now_ms = 0;
  std::vector<node_view> nodes{}; // by name
  std::vector<link_view> links{};
  std::vector<hold_view> holds{};
  std::vector<row_view> rows{}; // the most pressed of the cluster first
};

/// The times of a moment: by the loop's clock, and by the wall's.
struct moment {
  runtime::time_point now{};
  std::int64_t wall_ms = 0;
};

class board {
public:
  board();

  // -- what happens -----------------------------------------------------------

  void joined(const moment& at, const cluster::member& x);
  void suspected(const moment& at, const cluster::member& x);
  void trusted(const moment& at, const cluster::member& x);
  void left(const moment& at, const cluster::member& x);
  void down(const moment& at, const cluster::member& x);
  void membership_gained(const moment& at, const cluster::member& self);
  void membership_lost(const moment& at, std::string_view why);

  /// From the member in that life; of others nothing is taken. Returns what is
  /// wrong with it, or an empty text.
  std::string reported(const moment& at, std::string_view name,
                       std::uint64_t incarnation, node_report x);

  /// Somebody watches after a time in which nobody did, and nobody was asked:
  /// what was reported before that says nothing of now.
  void begin_watch();

  /// Somebody used a control.
  void control(const moment& at, const std::string& node, severity how_bad,
               std::string text);

  // -- what is so -------------------------------------------------------------

  /// What a page shows now.
  const frame& tick(const moment& at);

  /// The last one; without nodes before the first of this watch.
  const frame& last() const noexcept { return last_; }

  const event_log& events() const noexcept { return events_; }

  /// The member of that name, whatever its state; null if there is none.
  const cluster::member* find(std::string_view name) const;
  std::optional<member_state> state_of(std::string_view name) const;

  /// The name of the member at that endpoint, or an empty text.
  std::string name_at(std::string_view endpoint) const;

  /// All that a page shows; and of these the ones that are members now.
  std::vector<cluster::member> shown() const;
  std::vector<cluster::member> living() const;

private:
  struct entry {
    cluster::member who;
    member_state state = member_state::up;
    std::int64_t since_ms = 0;
    std::optional<runtime::time_point> reported_at;
    node_report report;
  };

  entry* find_life(const cluster::member& x);
  void ended(const moment& at, const cluster::member& x, member_state how);
  void forget_gone();
  node_view view(const moment& at, const entry& x) const;

  std::map<std::string, entry, std::less<>> nodes_;
  std::string self_;
  bool lost_ = false;
  frame last_;
  event_log events_{runtime::limits::observe_events_max};
  pressure_log pressure_{events_};
};

} // namespace sluice::actors::observe
