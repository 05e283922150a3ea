#pragma once

// survey: what one process has counted, gathered where it may be read: of each
// loop on its own thread, and of all else anywhere. The observer's own loop is
// read at once; the others get a message, and those that have not answered
// after limits::observe_survey are gone without. Such a loop gets no second
// question before it has answered the first one.
//
// Internal. Thread rule: the observer's loop. Lifetime: the observer's, which
// the loops outlive.

#include "actors/channel/report.h"
#include "actors/cluster/node.h"
#include "actors/observe/meter.h"
#include "runtime/loop_actor.h"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sluice::actors::observe {

/// What a loop has counted.
struct loop_counters {
  loop_time time;
  std::uint64_t turns = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t connections = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t pressed = 0;
  std::vector<row_counters> rows;
  std::vector<closed_count> closed;
};

/// On the loop's thread.
loop_counters count_loop(runtime::event_loop& loop);

/// The ways to other hosts, by endpoint: all outlets that go there together.
/// The observers' own are not what anybody waits for, and what their links
/// carry is not the way's.
std::map<std::string, link_counters> ways_of(const channel::host_report& x);

/// To the observer, from one of the other loops.
struct loop_counted {
  std::size_t index = 0;
  loop_counters counters;
};

class survey {
public:
  using name_function = std::function<std::string(const std::string& endpoint)>;

  /// `name_of` gives the member's name for an endpoint, or an empty text.
  survey(runtime::loop_actor* self, cluster::node& node,
         const std::vector<runtime::event_loop*>& loops, name_function name_of,
         std::function<void(node_counters&)> more);

  /// Begins a round. True if it is complete already.
  bool begin();

  /// An answer, to a question of this round or of an earlier one: it says what
  /// is so now. True if the round is complete by that.
  bool add(loop_counted& x);

  /// Ends the round: what is missing counts as busy.
  node_counters take();

  std::uint64_t round() const noexcept { return round_; }
  bool is_complete() const noexcept { return missing_ == 0; }

private:
  /// A loop that is late keeps what it said last.
  struct surveyed_loop {
    runtime::event_loop* where = nullptr;
    loop_counters counted{};
    bool asked = false;    // and not answered yet
    bool answered = false; // in this round
  };

  void ask(std::size_t index);
  void add_process(node_counters& to) const;
  void add_holds(node_counters& to, const channel::host_report& channels) const;
  void add_channels(node_counters& to,
                    const channel::host_report& report) const;
  void add_mailboxes(node_counters& to) const;

  runtime::loop_actor* self_;
  cluster::node& node_;
  std::vector<surveyed_loop> loops_;
  name_function name_of_;
  std::function<void(node_counters&)> more_;
  std::uint64_t round_ = 0;
  std::size_t missing_ = 0; // answers of this round
};

} // namespace sluice::actors::observe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::observe::loop_counted)
