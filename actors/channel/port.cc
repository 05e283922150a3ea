#include "actors/channel/port.h"

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>

namespace sluice::actors::channel {

port::port(end_setup setup, std::string name, std::string type)
    : host_(std::move(setup.host)),
      id_(setup.id),
      name_(std::move(name)),
      type_(std::move(type)),
      system_(*setup.owner->home_system),
      owner_(caf::actor_cast<caf::weak_actor_ptr>(setup.owner)) {
}

port::~port() = default;

caf::strong_actor_ptr port::owner() const {
  return owner_.lock();
}

bool port::owner_ending() const {
  using caf::abstract_actor;
  auto strong = owner();
  return !strong
         || strong->get()->getf(abstract_actor::is_shutting_down_flag
                                | abstract_actor::is_terminated_flag
                                | abstract_actor::is_cleaned_up_flag);
}

void port::watch_owner() {
  if (auto strong = owner())
    strong->get()->attach_functor([weak = weak_from_this()] {
      if (auto self = weak.lock())
        self->on_owner_ended();
    });
}

} // namespace sluice::actors::channel
