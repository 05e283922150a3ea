#include "actors/cluster/names.h"

#include "actors/cluster/name_keeper.h"
#include "runtime/error.h"

#include <caf/actor_registry.hpp>
#include <caf/send.hpp>

#include <utility>

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;

caf::expected<cluster_registry>
cluster_registry::start(caf::actor_system& system, const node& here) {
  if (here.self().remote.empty())
    return make_error(errc::bad_setting,
                      "node_options.remote_port: names need it, since handles "
                      "travel by CAF's remote actors");
  if (system.registry().get(name_keeper::registered))
    return make_error(errc::name_taken,
                      "the actor system has a cluster_registry already");
  auto cache = std::make_shared<name_cache>(here.self().name);
  cluster_registry result;
  result.cache_ = cache;
  result.server_ = system.spawn<name_keeper>(name_keeper_setup{
      here.self(), here.actor(), here.lease(), std::move(cache)});
  system.registry().put(name_keeper::registered,
                        caf::actor_cast<caf::strong_actor_ptr>(result.server_));
  return result;
}

cluster_registry& cluster_registry::operator=(cluster_registry&& x) noexcept {
  if (this != &x) {
    stop();
    server_ = std::move(x.server_);
    cache_ = std::move(x.cache_);
  }
  return *this;
}

void cluster_registry::stop() {
  if (auto server = std::exchange(server_, {}))
    caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
}

} // namespace sluice::actors::cluster
