#include "actors/supervisor.h"

#include "actors/supervised_child.h"

#include <caf/actor_clock.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace sluice::actors {

using runtime::errc;

namespace {

std::function<std::uint64_t()> system_random() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  return std::mt19937_64{seed};
}

} // namespace

// -- birth and death ----------------------------------------------------------

supervisor::supervisor(caf::actor_config& cfg, supervisor_options options,
                       std::vector<child_spec> children)
    : caf::event_based_actor(cfg),
      options_(std::move(options)),
      first_(std::move(children)),
      window_(options_.limits) {
  if (!options_.random)
    options_.random = system_random();
}

supervisor::~supervisor() = default;

caf::behavior supervisor::make_behavior() {
  now_ = clock().now();
  for (auto& x : std::exchange(options_.observers, {}))
    on_observe(x);
  if (auto err = first_children()) {
    quit(std::move(err));
    return {};
  }
  set_down_handler([this](caf::down_msg& x) {
    now_ = clock().now();
    on_down(x);
    settle();
  });
  set_exit_handler([this](caf::exit_msg& x) {
    now_ = clock().now();
    // A child that is linked to us: its end is told by its down message.
    if (!x.reason || find(x.source) != nullptr)
      return;
    begin_stop(std::move(x.reason));
    settle();
  });
  // An answer to something that a factory sent in our name.
  set_error_handler([](caf::error&) {});
  settle();
  return commands();
}

/// Runs on every kind of death, even on the thread that drops the last
/// reference: no message from here may hold one, or use our context.
void supervisor::on_exit() {
  for (auto& x : std::exchange(children_, {})) {
    if (x->alive())
      kill(*x);
    auto why = about(errc::supervisor_stopping, x->spec.name,
                     "was killed: the supervisor is dead");
    fulfil(x->on_up, why);
    fulfil(x->on_down, why);
  }
  // They may hold a reference to us.
  observers_.clear();
  first_.clear();
  options_ = {};
}

// -- what is to be done next --------------------------------------------------

bool supervisor::ordered() const noexcept {
  return stopping_ || options_.strategy != strategy::one_for_one;
}

/// Ends and starts whom it can by now. Everything else decides what shall
/// become of children (`wanted`, `again`, `not_before`) and leaves it to this.
void supervisor::settle() {
  while (end_one() || start_one())
    ;
  std::erase_if(children_, [](auto& x) { return x->leaving && !x->alive(); });
  auto has_to_end = [](auto& x) { return x->has_to_end(); };
  if (stopping_ && std::none_of(children_.begin(), children_.end(), has_to_end))
    quit(end_reason_);
  else
    arm_timer();
}

/// Tells one child to end, from the last to the first. False if none is left,
/// or if those before have to wait for one that is still about to.
bool supervisor::end_one() {
  for (auto i = children_.rbegin(); i != children_.rend(); ++i) {
    auto& x = **i;
    if (!x.has_to_end())
      continue;
    if (x.phase == life::up) {
      end(x);
      return true;
    }
    if (ordered())
      return false;
  }
  return false;
}

/// Starts one child, from the first to the last. False if none is left, or if
/// those after have to wait.
bool supervisor::start_one() {
  if (stopping_)
    return false;
  auto has_to_end = [](auto& x) { return x->has_to_end(); };
  if (ordered() && std::any_of(children_.begin(), children_.end(), has_to_end))
    return false;
  for (auto& x : children_) {
    if (!x->wanted || x->alive())
      continue;
    if (x->not_before <= now_) {
      start(*x);
      return true;
    }
    if (ordered())
      return false;
  }
  return false;
}

/// One tick under way is enough; one that comes too early does no harm.
void supervisor::arm_timer() {
  std::optional<runtime::time_point> next;
  auto consider = [&](runtime::time_point t) {
    next = next ? std::min(*next, t) : t;
  };
  for (auto& x : children_) {
    if (x->phase == life::killed
        || (x->phase == life::asked && x->spec.shutdown))
      consider(x->deadline);
    else if (!x->alive() && x->wanted && x->not_before > now_)
      consider(x->not_before);
  }
  if (!next || (alarm_ && *alarm_ <= *next))
    return;
  alarm_ = next;
  // A nanosecond at least: others shall have a turn before.
  auto wait = std::max(*next - now_, runtime::duration{1});
  delayed_send(this, wait, supervisor_tick::value);
}

void supervisor::on_tick() {
  now_ = clock().now();
  alarm_.reset();
  for (auto& x : children_) {
    if (x->deadline > now_)
      continue;
    if (x->phase == life::asked && x->spec.shutdown)
      kill(*x);
    else if (x->phase == life::killed)
      abandon(*x);
  }
  settle();
}

void supervisor::begin_stop(caf::error reason) {
  if (stopping_)
    return;
  stopping_ = true;
  end_reason_ = std::move(reason);
  for (auto& x : children_) {
    x->wanted = false;
    fulfil(x->on_up, about(errc::supervisor_stopping, x->spec.name,
                           "is not started any more"));
  }
}

} // namespace sluice::actors
