#include "actors/cluster/sharding.h"

#include "actors/cluster/entity_region.h"
#include "runtime/error.h"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;

caf::error sharding_options::check() const {
  auto wrong = [](const char* what) {
    return make_error(errc::bad_setting,
                      std::string{"sharding_options."} + what);
  };
  runtime::duration zero{};
  if (name.empty() || name.size() > limits::name_bytes_max)
    return wrong("name: has 1 to limits::name_bytes_max bytes");
  if (shards == 0 || shards > limits::shards_max)
    return wrong("shards: 1 to limits::shards_max");
  if (copies != 1 && copies != 2)
    return wrong("copies: 1 or 2");
  if (idle_after < zero)
    return wrong("idle_after: is not negative");
  if (hold_max <= zero || answer_max <= zero || stop_max <= zero
      || hand_over_max <= zero || gone_after <= zero)
    return wrong("hold_max, answer_max, stop_max, hand_over_max and gone_after "
                 "are positive");
  if (waiting_max == 0 || under_way_max == 0 || entities_max == 0)
    return wrong("waiting_max, under_way_max and entities_max are positive");
  return {};
}

caf::expected<sharding> sharding::start(caf::actor_system& system,
                                        const node& here,
                                        sharding_options options,
                                        entity_factory make) {
  if (auto err = options.check())
    return err;
  auto failure = std::make_shared<caf::error>();
  sharding result;
  result.system_ = &system;
  result.region_ = system.spawn<entity_region>(
      region_setup{here.actor(), &here.channels(), here.lease(),
                   std::move(options), std::move(make), failure});
  // The answer comes when the region has opened its channels, or has failed to.
  caf::scoped_actor self{system};
  auto begun = false;
  self->request(result.region_, caf::infinite, count_entities{})
      .receive([&](const entity_counts&) { begun = true; },
               [](const caf::error&) {});
  if (!begun)
    return *failure ? *failure
                    : make_error(errc::channel_closed, "the node was stopped");
  return result;
}

sharding& sharding::operator=(sharding&& x) noexcept {
  if (this != &x) {
    stop();
    system_ = x.system_;
    region_ = std::move(x.region_);
  }
  return *this;
}

void sharding::stop() {
  auto region = std::exchange(region_, {});
  if (!region)
    return;
  // It uses the node's channels, which end with the node.
  caf::scoped_actor self{*system_};
  self->send_exit(region, caf::exit_reason::user_shutdown);
  self->wait_for(region);
}

} // namespace sluice::actors::cluster
