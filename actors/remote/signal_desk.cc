#include "actors/remote/signal_desk.h"

#include "runtime/actor_set.h"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>

#include <map>
#include <mutex>
#include <utility>

namespace sluice::actors::remote {

using runtime::backpressure;
using runtime::pressure;

namespace {

/// Names a source without keeping it.
using source_key = std::pair<caf::actor_id, caf::node_id>;

source_key key_of(const caf::strong_actor_ptr& x) {
  return {x->id(), x->node()};
}

bool has_ended(const caf::strong_actor_ptr& x) {
  return x->get()->getf(caf::abstract_actor::is_terminated_flag);
}

} // namespace

class signal_desk::table {
public:
  /// True if this is the first *applied* of the source: it is to be watched.
  bool pass(const remote_signal& x, caf::execution_unit* host) {
    std::vector<caf::strong_actor_ptr> gone; // dropped without the lock
    std::lock_guard guard{mutex_};
    auto key = key_of(x.signal.source);
    auto found = sources_.find(key);
    auto is_new = false;
    if (x.signal.state != pressure::released) {
      if (found == sources_.end()) {
        is_new = true;
        found = sources_.emplace(std::move(key), held{}).first;
      }
      auto& entry = found->second;
      sweep(entry, gone);
      entry.source = x.signal.source;
      entry.receivers.insert(x.receiver);
    } else if (found != sources_.end()) {
      auto& entry = found->second;
      gone.push_back(x.receiver);
      entry.receivers.erase(x.receiver);
      if (entry.receivers.empty())
        gone.push_back(std::exchange(entry.source, nullptr));
    }
    runtime::send_signal(*x.receiver, x.signal, host);
    return is_new;
  }

  void end(const source_key& key, caf::execution_unit* host) {
    held last;
    std::lock_guard guard{mutex_};
    auto found = sources_.find(key);
    if (found == sources_.end())
      return;
    last = std::move(found->second);
    sources_.erase(found);
    for (auto& x : last.receivers)
      runtime::send_signal(
          *x,
          {pressure::released, last.source, 0, runtime::next_signal_sequence()},
          host);
  }

  std::size_t holding() const {
    std::lock_guard guard{mutex_};
    std::size_t sum = 0;
    for (auto& [key, entry] : sources_)
      sum += entry.receivers.size();
    return sum;
  }

private:
  struct held {
    caf::strong_actor_ptr source; // while there are receivers
    runtime::actor_set receivers;
    std::size_t sweep_at = 64;
  };

  /// Receivers end without a word to us. When there are twice as many as were
  /// left the last time, those that have ended are let go.
  static void sweep(held& entry, std::vector<caf::strong_actor_ptr>& gone) {
    if (entry.receivers.size() < entry.sweep_at)
      return;
    for (auto& x : entry.receivers)
      if (has_ended(x))
        gone.push_back(x);
    for (auto& x : gone)
      entry.receivers.erase(x);
    entry.sweep_at = std::max<std::size_t>(64, 2 * entry.receivers.size());
  }

  mutable std::mutex mutex_;
  std::map<source_key, held> sources_;
};

signal_desk::signal_desk(caf::actor_config& cfg)
    : monitorable_actor(cfg), table_(std::make_shared<table>()) {
}

signal_desk::~signal_desk() = default;

caf::strong_actor_ptr signal_desk::open(caf::actor_system& system) {
  caf::actor_config cfg;
  auto result = caf::make_actor<signal_desk, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg);
  system.registry().put(signal_desk_name, result);
  return result;
}

void signal_desk::close(caf::actor_system& system) {
  system.registry().erase(signal_desk_name);
}

void signal_desk::enqueue(caf::mailbox_element_ptr x,
                          caf::execution_unit* host) {
  auto& content = x->content();
  if (!content.match_elements<remote_signal>())
    return;
  auto& what = content.get_as<remote_signal>(0);
  auto& source = what.signal.source;
  if (!what.receiver || what.receiver->node() != node() || !source
      || source->node() == node())
    return;
  if (!table_->pass(what, host))
    return;
  // Without the lock: if the source has ended already, this runs at once.
  source->get()->attach_functor(
      [kept = table_, key = key_of(source)] { kept->end(key, nullptr); });
}

std::size_t signal_desk::holding() const {
  return table_->holding();
}

} // namespace sluice::actors::remote
