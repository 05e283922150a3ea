#include "runtime/pressure_table.h"

#include <caf/actor_system.hpp>
#include <caf/local_actor.hpp>

#include <mutex>

namespace sluice::runtime {

namespace {

struct row {
  const pressure_source* queue;
  caf::actor_system* system;
  caf::actor_clock::time_point start;
  pressure_entry entry;
};

/// Actors of other nodes have no name here.
std::string name_of(caf::actor_control_block& x) {
  auto self = dynamic_cast<const caf::local_actor*>(x.get());
  return self != nullptr ? self->name() : "remote actor";
}

} // namespace

const char* to_string(pressure_kind x) noexcept {
  switch (x) {
  case pressure_kind::connection:
    return "connection";
  case pressure_kind::datagram:
    return "datagram";
  case pressure_kind::mailbox:
    return "mailbox";
  case pressure_kind::outlet:
    return "outlet";
  case pressure_kind::remote:
    return "remote";
  case pressure_kind::process:
    return "process";
  }
  return "invalid";
}

struct pressure_table::state {
  std::mutex mutex;
  std::vector<row> rows;
  std::array<pressure_totals, pressure_kinds> totals;

  pressure_totals& of(const pressure_source& queue) noexcept {
    return totals[static_cast<std::size_t>(queue.kind())];
  }

  /// Under the lock. Removes the rows of `queue` for which `f` holds.
  template <class F>
  void remove(const pressure_source& queue, F f) noexcept {
    auto& sums = of(queue);
    std::erase_if(rows, [&](const row& x) {
      if (x.queue != &queue || !f(x))
        return false;
      ++sums.released;
      sums.held.record(x.system->clock().now() - x.start);
      return true;
    });
  }
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
  ++state_.of(queue).applied;
}

void pressure_table::remove(const pressure_source& queue) noexcept {
  std::lock_guard guard{state_.mutex};
  state_.remove(queue, [](const row&) { return true; });
}

void pressure_table::remove(const pressure_source& queue,
                            caf::actor_id held) noexcept {
  std::lock_guard guard{state_.mutex};
  state_.remove(queue, [held](const row& x) { return x.entry.held == held; });
}

void pressure_table::stalled(const pressure_source& queue,
                             std::size_t count) noexcept {
  std::lock_guard guard{state_.mutex};
  state_.of(queue).stalled += count;
}

std::array<pressure_totals, pressure_kinds> pressure_table::totals() const {
  std::lock_guard guard{state_.mutex};
  return state_.totals;
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
