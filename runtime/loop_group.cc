#include "runtime/loop_group.h"

#include "runtime/epoll_poller.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <thread>

namespace sluice::runtime {

namespace {

const monotonic_clock the_clock;

loop_group_options from_config(const caf::actor_system_config& cfg) {
  loop_group_options result;
  result.loops = caf::get_or(cfg, "sluice.loops", result.loops);
  auto spin = caf::get_or(cfg, "sluice.spin", caf::timespan{0});
  result.spin = std::chrono::duration_cast<std::chrono::microseconds>(spin);
  return result;
}

} // namespace

loop_group::loop_group(caf::actor_system& system)
    : loop_group(system, from_config(system.config())) {
}

loop_group::loop_group(caf::actor_system& system, loop_group_options options)
    : system_(system) {
  auto count = options.loops;
  if (count == 0)
    count = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i)
    loops_.push_back(std::make_unique<event_loop>(
        system,
        loop_seam{&the_clock, std::make_unique<epoll_poller>(),
                  &posix_socket_api::instance()},
        loop_options{"loop-" + std::to_string(i), options.spin,
                     options.stop_drain}));
  for (auto& loop : loops_)
    loop->start();
}

loop_group::~loop_group() {
  stop();
}

event_loop& loop_group::next() noexcept {
  auto turn = next_.fetch_add(1, std::memory_order_relaxed);
  return *loops_[turn % loops_.size()];
}

event_loop* loop_group::find(std::string_view name) const noexcept {
  for (auto& loop : loops_)
    if (loop->name() == name)
      return loop.get();
  return nullptr;
}

void loop_group::stop() {
  for (auto& loop : loops_)
    loop->request_stop();
  for (auto& loop : loops_)
    loop->join();
}

} // namespace sluice::runtime
