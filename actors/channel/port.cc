#include "actors/channel/port.h"

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/attachable.hpp>

namespace sluice::actors::channel {

namespace {

/// What an owner finds a port's watch by. CAF's own kinds are below 4.
struct watch_token {
  static constexpr std::size_t token_type = 0x510ce;
  const port* of;
};

class owner_watch final : public caf::attachable {
public:
  explicit owner_watch(const std::shared_ptr<port>& x)
      : of_(x.get()), port_(x) {}

  void actor_exited(const caf::error&, caf::execution_unit*) override {
    if (auto x = port_.lock())
      x->on_owner_ended();
  }

  bool matches(const token& what) override {
    return what.subtype == watch_token::token_type
           && static_cast<const watch_token*>(what.ptr)->of == of_;
  }

private:
  const port* of_;
  std::weak_ptr<port> port_;
};

} // namespace

port::port(end_setup setup, std::string name, std::string type)
    : host_(std::move(setup.host)),
      id_(setup.id),
      name_(std::move(name)),
      type_(std::move(type)),
      system_(*setup.owner->home_system),
      owner_(caf::actor_cast<caf::weak_actor_ptr>(setup.owner)) {
}

port::~port() {
  if (!watches_.load())
    return;
  if (auto strong = owner())
    strong->get()->detach(caf::attachable::token{watch_token{this}});
}

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
  watches_.store(true);
  if (auto strong = owner())
    strong->get()->attach(std::make_unique<owner_watch>(shared_from_this()));
}

} // namespace sluice::actors::channel
