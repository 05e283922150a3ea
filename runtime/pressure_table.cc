#include "runtime/pressure_table.h"

#include <caf/actor_system.hpp>
#include <caf/local_actor.hpp>

#include <mutex>

namespace sluice::runtime {

namespace {

struct row {
  const pressure_source* queue;
  const caf::actor_system* system;
  caf::actor_clock::time_point start;
  pressure_entry entry;
};

/// Actors of other nodes have no name here.
std::string name_of(caf::actor_control_block& x) {
  auto self = dynamic_cast<const caf::local_actor*>(x.get());
  return self != nullptr ? self->name() : "remote actor";
}

} // namespace

struct pressure_table::state {
  std::mutex mutex;
  std::vector<row> rows;
};

pressure_table::pressure_table() : state_(*new state) {
}

pressure_table& pressure_table::instance() {
  // Never destroyed: actors may end after main has.
  static auto& table = *new pressure_table;
  return table;
}

void pressure_table::add(const pressure_source& queue,
                         caf::actor_control_block& holder,
                         caf::actor_control_block& held) {
  auto system = holder.home_system;
  row x{&queue, system, system->clock().now(), {}};
  x.entry.holder = holder.id();
  x.entry.holder_name = name_of(holder);
  x.entry.held = held.id();
  x.entry.held_name = name_of(held);
  x.entry.unit = queue.unit();
  std::lock_guard guard{state_.mutex};
  state_.rows.push_back(std::move(x));
}

void pressure_table::remove(const pressure_source& queue) noexcept {
  std::lock_guard guard{state_.mutex};
  std::erase_if(state_.rows, [&](const row& x) { return x.queue == &queue; });
}

void pressure_table::remove(const pressure_source& queue,
                            caf::actor_id held) noexcept {
  std::lock_guard guard{state_.mutex};
  std::erase_if(state_.rows, [&](const row& x) {
    return x.queue == &queue && x.entry.held == held;
  });
}

std::vector<pressure_entry>
pressure_table::entries(caf::actor_system& system) const {
  std::vector<pressure_entry> result;
  std::lock_guard guard{state_.mutex};
  for (auto& x : state_.rows) {
    if (x.system != &system)
      continue;
    result.push_back(x.entry);
    result.back().queued = x.queue->level();
    result.back().since = system.clock().now() - x.start;
  }
  return result;
}

} // namespace sluice::runtime
