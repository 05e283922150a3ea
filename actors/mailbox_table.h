#pragma once

// mailbox_table: the flow-controlled actors of this process, so that their
// mailboxes can be counted and listed. What those that ended have counted stays
// in the sums of their name.
//
// Names are those that the actors' classes give themselves. At most
// limits::mailbox_names_max are told apart; the others share the name "other":
// a name that is made of something that comes from outside must not make the
// metrics grow.
//
// Internal; for users through actors/metrics. Thread rule: any thread. The list
// stands in pieces with a lock each, so that whoever walks it keeps few others
// waiting. Lock order: a piece of the table, then the locks of a flow_control.
// Lifetime: the process.

#include "runtime/clock.h"

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::actors {

/// What one mailbox says of itself.
struct mailbox_report {
  caf::actor_id id = 0;
  std::string name{};
  /// Messages that wait, and the most that ever did (as seen when one left).
  std::uint64_t queued = 0;
  std::uint64_t peak = 0;
  /// At how many senders are told to slow down.
  std::uint64_t high = 0;
  /// Past the high mark now; how often it was, and for how long it has held
  /// senders.
  bool overloaded = false;
  std::uint64_t overloads = 0;
  runtime::duration holding_time{};
  /// Told to wait now; how often it was, and for how long.
  bool paused = false;
  std::uint64_t pauses = 0;
  runtime::duration paused_time{};
  /// Messages that were handled; over the cap; and those of them that had no
  /// sender to go back to.
  std::uint64_t handled = 0;
  std::uint64_t refused = 0;
  std::uint64_t dropped = 0;
};

/// The sums of all mailboxes of one name, since the process began; what is
/// *now* counts the actors that live.
struct mailbox_totals {
  std::string name{};
  std::uint64_t actors = 0;     // now
  std::uint64_t queued = 0;     // now
  std::uint64_t overloaded = 0; // now
  std::uint64_t paused = 0;     // now
  std::uint64_t peak = 0;       // the highest of any
  std::uint64_t overloads = 0;
  std::uint64_t pauses = 0;
  runtime::duration holding_time{};
  runtime::duration paused_time{};
  std::uint64_t handled = 0;
  std::uint64_t refused = 0;
  std::uint64_t dropped = 0;
};

class mailbox_table;

/// A mailbox that the table may ask, on any thread, while it is listed.
class listed_mailbox {
public:
  listed_mailbox() noexcept = default;
  listed_mailbox(const listed_mailbox&) = delete;
  listed_mailbox& operator=(const listed_mailbox&) = delete;

  /// All but the name.
  virtual mailbox_report report() const = 0;

protected:
  ~listed_mailbox() = default;

private:
  friend class mailbox_table;
  listed_mailbox* prev_ = nullptr;
  listed_mailbox* next_ = nullptr;
  std::size_t name_ = 0;
  bool listed_ = false;
};

class mailbox_table {
public:
  /// The one of this process.
  static mailbox_table& instance();

  /// Puts `x` on the list; does nothing if it is there.
  void add(listed_mailbox& x, const char* name);

  /// Takes `x` from the list, and keeps its counts; does nothing if it is not
  /// there. It must, before it goes.
  void remove(listed_mailbox& x);

  /// By name, in no particular order.
  std::vector<mailbox_totals> totals() const;

  /// Those in which the most waits, and first of all those that hold somebody;
  /// at most `count`.
  std::vector<mailbox_report> fullest(std::size_t count) const;

private:
  mailbox_table();
  ~mailbox_table() = delete;

  struct piece;
  struct state;

  std::size_t number_of(const char* name);
  piece& piece_of(const listed_mailbox& x) const noexcept;

  state& state_;
};

} // namespace sluice::actors
