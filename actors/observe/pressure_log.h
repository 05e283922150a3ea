#pragma once

// pressure_log: turns what reports say, twice a second, of links, holds and
// closed connections into events. A link that is under pressure now and then is
// one event when it begins, and one when it has been calm for
// limits::observe_calm; likewise all queues inside of one node.
//
// Internal. Thread rule: one thread. Lifetime: the observer's; a node's part
// goes with `forget`.

#include "actors/observe/event_log.h"
#include "actors/observe/report.h"
#include "runtime/clock.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::actors::observe {

class pressure_log {
public:
  explicit pressure_log(event_log& out) : out_(out) {}

  /// What `node` reported, `now` by the loop's clock and `wall_ms` by the
  /// wall's. Of links only those to members count: that others are lost is no
  /// news, and they may have any name.
  void report(runtime::time_point now, std::int64_t wall_ms,
              const std::string& node, const node_report& x,
              const std::function<bool(const std::string&)>& is_member);

  /// Lets time pass for what is not reported any more.
  void tick(runtime::time_point now, std::int64_t wall_ms);

  /// The node is gone, in this life: nobody waits for it, and it waits for
  /// nobody.
  void forget(const std::string& node);

private:
  struct spell {
    link_pressure said = link_pressure::none;
    bool pressed = false; // when it was last reported
    std::uint64_t times = 0;
    runtime::time_point began{};
    runtime::time_point last{}; // was under pressure

    /// Under pressure now. True if that is to be said.
    bool begins(runtime::time_point now);
    /// True if its end is to be said.
    bool is_over(runtime::time_point now) const;
    runtime::duration lasted() const;
  };

  struct link {
    spell pressure;
    link_state state = link_state::open;
    runtime::time_point state_since{};
  };

  struct ended {
    std::uint64_t told = 0;
    runtime::time_point at{};
  };

  struct inside {
    spell pressure;
    std::string held; // of the event that said so
    std::string holder;
  };

  using pair = std::pair<std::string, std::string>;

  void look(runtime::time_point now, std::int64_t wall_ms,
            const std::string& from, const link_report& x);
  void look(runtime::time_point now, std::int64_t wall_ms,
            const std::string& node, const closed_count& x, bool is_first);
  void look_inside(runtime::time_point now, std::int64_t wall_ms,
                   const std::string& node,
                   const std::vector<hold_report>& holds);
  void look_at_state(runtime::time_point now, std::int64_t wall_ms,
                     const std::string& from, const link_report& x, link& at);

  event_log& out_;
  std::map<pair, link> links_; // from, to
  std::map<std::string, inside> insides_;
  std::map<std::string, std::map<std::string, ended>> closed_; // node, reason
};

} // namespace sluice::actors::observe
