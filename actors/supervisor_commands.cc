#include "actors/exit_reasons.h"
#include "actors/supervised_child.h"
#include "actors/supervisor.h"
#include "runtime/backpressure.h"
#include "runtime/limits.h"

#include <caf/actor_clock.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <utility>

namespace sluice::actors {

using runtime::errc;
namespace limits = runtime::limits;

caf::behavior supervisor::commands() {
  return {
      [this](add_child& x) { return on_add(std::move(x.spec)); },
      [this](const stop_child& x) { return on_stop(x.name, false); },
      [this](const remove_child& x) { return on_stop(x.name, true); },
      [this](const restart_child& x) { return on_restart(x.name); },
      [this](const find_child& x) { return on_find(x.name); },
      [this](const list_children&) { return on_list(); },
      [this](const observe& x) { on_observe(x.who); },
      [this](const unobserve& x) { on_unobserve(x.who.address()); },
      [this](supervisor_tick) { on_tick(); },
      // To a factory that sends in our name.
      [](const runtime::backpressure&) {},
  };
}

// -- looking ------------------------------------------------------------------

supervised_child* supervisor::find(const std::string& name) const {
  for (auto& x : children_)
    if (x->spec.name == name)
      return x.get();
  return nullptr;
}

supervised_child* supervisor::find(const caf::actor_addr& who) const {
  for (auto& x : children_)
    if (x->alive() && x->handle == who)
      return x.get();
  return nullptr;
}

caf::error supervisor::about(errc code, const std::string& name,
                             const char* what) const {
  return about_child(code, options_.name, name, what);
}

caf::result<caf::actor> supervisor::on_find(const std::string& name) const {
  auto x = find(name);
  if (x == nullptr)
    return about(errc::unknown_child, name, "is unknown");
  if (x->state() != child_state::running)
    return about(errc::child_not_running, name,
                 ("is " + to_string(x->state())).c_str());
  return x->handle;
}

std::vector<child_info> supervisor::on_list() const {
  std::vector<child_info> result;
  for (auto& x : children_)
    result.push_back({x->spec.name, x->spec.type, x->state(), x->handle,
                      x->starts, x->last_reason});
  return result;
}

// -- observers ----------------------------------------------------------------

void supervisor::on_observe(const caf::actor& who) {
  if (!who || who == this
      || std::find(observers_.begin(), observers_.end(), who)
             != observers_.end())
    return;
  observers_.push_back(who);
  monitor(who);
}

void supervisor::on_unobserve(const caf::actor_addr& who) {
  auto gone = std::erase_if(observers_, [&](auto& x) { return x == who; });
  // CAF does not tell one monitor from another: that of a child stays.
  if (gone > 0 && find(who) == nullptr)
    demonitor(who);
}

// -- more, fewer, again -------------------------------------------------------

/// Why there cannot be such a child.
caf::error supervisor::admit(const child_spec& x) const {
  if (auto err = check(x))
    return err;
  if (find(x.name) != nullptr)
    return about(errc::duplicate_child, x.name, "is there already");
  if (children_.size() >= limits::supervisor_children_max)
    return about(errc::too_many_children, x.name, "is one too many");
  return {};
}

caf::error supervisor::first_children() {
  if (auto err = check(options_))
    return err;
  for (auto& x : std::exchange(first_, {})) {
    if (auto err = admit(x))
      return err;
    children_.push_back(std::make_unique<child>(std::move(x)));
    children_.back()->trial = false;
  }
  return {};
}

supervisor::answer supervisor::on_add(child_spec spec) {
  now_ = clock().now();
  auto promise = make_response_promise();
  std::vector<answer> waiting{promise};
  if (stopping_) {
    fulfil(waiting, about(errc::supervisor_stopping, spec.name,
                          "is not started any more"));
  } else if (auto err = admit(spec)) {
    fulfil(waiting, err);
  } else {
    children_.push_back(std::make_unique<child>(std::move(spec)));
    children_.back()->on_up.push_back(promise);
    settle();
  }
  return promise;
}

supervisor::answer supervisor::on_stop(const std::string& name, bool remove) {
  now_ = clock().now();
  auto promise = make_response_promise();
  std::vector<answer> waiting{promise};
  auto x = find(name);
  if (x == nullptr) {
    fulfil(waiting, about(errc::unknown_child, name, "is unknown"));
    return promise;
  }
  x->wanted = false;
  x->leaving |= remove || x->spec.type == restart::temporary;
  fulfil(x->on_up, about(errc::child_not_running, name, "was stopped"));
  if (x->phase == life::stuck)
    fulfil(waiting, about(errc::child_stuck, name, "is stuck"));
  else if (!x->alive())
    fulfil(waiting, caf::unit);
  else
    x->on_down.push_back(promise);
  settle();
  return promise;
}

supervisor::answer supervisor::on_restart(const std::string& name) {
  now_ = clock().now();
  auto promise = make_response_promise();
  std::vector<answer> waiting{promise};
  auto x = find(name);
  if (x == nullptr || x->leaving) {
    fulfil(waiting, about(errc::unknown_child, name, "is unknown"));
    return promise;
  }
  if (stopping_ || x->phase == life::stuck) {
    auto code = stopping_ ? errc::supervisor_stopping : errc::child_stuck;
    fulfil(waiting, about(code, name, "cannot be started again"));
    return promise;
  }
  x->on_up.push_back(promise);
  x->attempt = 0;
  x->wanted = true;
  if (x->phase == life::up)
    recycle_group_of(*x, now_);
  for (auto& y : group_of(*x))
    y->not_before = now_;
  settle();
  return promise;
}

// -- what others need ---------------------------------------------------------

child_spec nested(std::string name, supervisor_options options,
                  std::vector<child_spec> children) {
  options.name = name;
  return {
      .name = std::move(name),
      .start =
          [options = std::move(options), children = std::move(children)](
              caf::event_based_actor* parent) -> caf::expected<caf::actor> {
        return parent->spawn<supervisor>(options, children);
      },
      .shutdown = std::nullopt,
  };
}

void add_supervisor_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<stop_child>("sluice.stop_child");
  cfg.add_message_type<remove_child>("sluice.remove_child");
  cfg.add_message_type<restart_child>("sluice.restart_child");
  cfg.add_message_type<find_child>("sluice.find_child");
  cfg.add_message_type<list_children>("sluice.list_children");
  cfg.add_message_type<observe>("sluice.observe");
  cfg.add_message_type<unobserve>("sluice.unobserve");
  cfg.add_message_type<child_info>("sluice.child_info");
  cfg.add_message_type<child_started>("sluice.child_started");
  cfg.add_message_type<child_down>("sluice.child_down");
  cfg.add_message_type<child_restarting>("sluice.child_restarting");
  cfg.add_message_type<child_stuck>("sluice.child_stuck");
  cfg.add_message_type<supervisor_gave_up>("sluice.supervisor_gave_up");
}

} // namespace sluice::actors
