#include "tests/support/sim_world.h"

#include "runtime/panic.h"

#include <utility>

namespace sluice::testing {

namespace {

// An arbitrary moment: code that takes the epoch for "no time" shall fail.
constexpr runtime::time_point beginning{std::chrono::hours{1}};

constexpr std::size_t settle_events_max = 1'000'000;

} // namespace

sim_world::sim_world(std::uint64_t seed)
    : sim_world(seed, random_source{seed}, nullptr) {
}

sim_world::sim_world(std::uint64_t seed, const sim_settings& settings)
    : sim_world(seed, random_source{seed}, &settings) {
}

sim_world::sim_world(std::uint64_t seed, random_source kernel,
                     const sim_settings* settings)
    : seed_(seed),
      kernel_random_(kernel),
      random_(kernel_random_.fork()),
      events_(beginning),
      trace_(beginning),
      network_(*this),
      host_(&network_.add_host({})) {
  sockets_.emplace_back(); // the id 0 is none
  settings_ = settings ? *settings : sim_settings::drawn(kernel_random_);
}

sim_world::~sim_world() = default;

bool sim_world::run_one() {
  runtime::check(!running_, "an event of the simulated world runs it");
  running_ = true;
  auto result = events_.run_one();
  running_ = false;
  sweep();
  return result;
}

void sim_world::advance_to(runtime::time_point t) {
  while (auto next = events_.next()) {
    if (*next > t)
      break;
    run_one();
  }
  events_.move_to(t);
}

void sim_world::settle() {
  std::size_t count = 0;
  while (run_one())
    runtime::check(++count < settle_events_max,
                   "the simulated world does not settle");
}

std::size_t sim_world::sockets() const noexcept {
  std::size_t result = 0;
  for (const auto& socket : sockets_)
    result += socket != nullptr;
  return result;
}

void sim_world::network_changed() {
  // By index: a socket may come into being meanwhile.
  for (std::size_t id = 0; id < sockets_.size(); ++id)
    if (sockets_[id])
      sockets_[id]->network_changed();
}

void sim_world::take(std::unique_ptr<sim_socket> socket) {
  socket->id_ = sockets_.size();
  sockets_.push_back(std::move(socket));
}

void sim_world::sweep() {
  // Sockets on the stack of an event or of a call must not go.
  if (running_)
    return;
  for (auto id : std::exchange(dead_, {}))
    sockets_[id].reset();
}

} // namespace sluice::testing
