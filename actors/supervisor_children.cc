#include "actors/exit_reasons.h"
#include "actors/supervised_child.h"
#include "actors/supervisor.h"
#include "runtime/limits.h"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace sluice::actors {

namespace limits = runtime::limits;

template <class Event>
void supervisor::tell(const Event& event) {
  for (auto& x : observers_)
    caf::anon_send(x, event);
}

// -- starting -----------------------------------------------------------------

void supervisor::start(child& x) {
  auto made = make(x);
  if (!made) {
    on_start_failed(x, made.error());
    return;
  }
  x.handle = std::move(*made);
  x.phase = life::up;
  x.again = x.trial = x.finished = false;
  x.up_since = now_;
  ++x.starts;
  // A link would tell of its end a second time, perhaps after the next start.
  unlink_from(x.handle.address());
  monitor(x.handle);
  tell(child_started{options_.name, x.spec.name, x.handle, x.starts});
  fulfil(x.on_up, x.handle);
}

caf::expected<caf::actor> supervisor::make(const child& x) {
  auto failed = [&](std::string_view why) {
    return start_failed(options_.name, x.spec.name, why);
  };
  try {
    auto made = x.spec.start(this);
    if (!made)
      return failed(runtime::to_text(made.error()));
    if (!*made)
      return failed("its factory returned no actor");
    if (*made == this || find(made->address()) != nullptr)
      return failed("its factory returned an actor that has another place");
    return made;
  } catch (const std::exception& e) {
    return failed(std::string{"its factory threw: "} + e.what());
  } catch (...) {
    return failed("its factory threw something that is no std::exception");
  }
}

void supervisor::on_start_failed(child& x, const caf::error& why) {
  fulfil(x.on_up, why);
  if (x.trial) {
    x.wanted = false;
    x.leaving = true;
    return;
  }
  x.last_reason = why;
  tell(child_down{options_.name, x.spec.name, why});
  on_failed(x, why, runtime::duration::zero());
  // Not in this turn, even if there is no wait.
  x.not_before = std::max(x.not_before, now_ + runtime::duration{1});
}

// -- ending -------------------------------------------------------------------

void supervisor::end(child& x) {
  if (x.spec.shutdown == runtime::duration::zero()) {
    kill(x);
    return;
  }
  x.phase = life::asked;
  x.deadline = now_ + x.spec.shutdown.value_or(runtime::duration::zero());
  send_exit(x.handle, caf::exit_reason::user_shutdown);
}

/// Ahead of what is in its mailbox. Without a context: see on_exit.
void supervisor::kill(child& x) {
  x.phase = life::killed;
  x.deadline = now_ + limits::child_kill_wait;
  x.handle->eq_impl(caf::make_message_id(caf::message_priority::high), nullptr,
                    nullptr, caf::exit_msg{address(), caf::exit_reason::kill});
}

void supervisor::abandon(child& x) {
  auto why = stuck(options_.name, x.spec.name, limits::child_kill_wait);
  x.phase = life::stuck;
  tell(child_stuck{options_.name, x.spec.name});
  fulfil(x.on_down, why);
  if (x.wanted)
    give_up(x, std::move(why));
}

void supervisor::on_down(const caf::down_msg& down) {
  on_unobserve(down.source);
  auto found = find(down.source);
  if (found == nullptr)
    return;
  auto& x = *found;
  auto meant_to = x.has_to_end();
  x.phase = life::none;
  x.handle = nullptr;
  x.last_reason = down.reason;
  x.leaving |= !x.wanted && x.spec.type == restart::temporary;
  tell(child_down{options_.name, x.spec.name, down.reason});
  fulfil(x.on_down, caf::unit);
  if (x.wanted && !meant_to)
    on_failed(x, down.reason, now_ - x.up_since);
}

// -- failures -----------------------------------------------------------------

/// A child ended by itself, or could not be started.
void supervisor::on_failed(child& x, const caf::error& reason,
                           runtime::duration lived) {
  auto in_order = is_orderly(reason);
  if (x.spec.type == restart::temporary
      || (x.spec.type == restart::transient && in_order)) {
    x.wanted = false;
    x.finished = in_order;
    x.leaving |= x.spec.type == restart::temporary;
    return;
  }
  if (!window_.note(now_)) {
    give_up(x, gave_up(options_.name, x.spec.name, options_.limits.restarts,
                       options_.limits.window, reason));
    return;
  }
  x.attempt = next_attempt(options_.backoff, x.attempt, lived);
  auto wait = backoff_delay(options_.backoff, x.attempt, options_.random());
  tell(child_restarting{options_.name, x.spec.name, wait, x.attempt});
  recycle_group_of(x, now_ + wait);
}

/// `x` and those that the strategy starts again with it.
std::span<const std::unique_ptr<supervised_child>>
supervisor::group_of(const child& x) const {
  std::span all{children_};
  if (options_.strategy == strategy::one_for_all)
    return all;
  auto found = std::find_if(children_.begin(), children_.end(),
                            [&](auto& y) { return y.get() == &x; });
  auto place = static_cast<std::size_t>(found - children_.begin());
  return options_.strategy == strategy::one_for_one ? all.subspan(place, 1)
                                                    : all.subspan(place);
}

/// Has `x`, which is wanted, and those that the strategy names with it end, and
/// start from `due` on.
void supervisor::recycle_group_of(const child& x, runtime::time_point due) {
  for (auto& y : group_of(x)) {
    if (!y->wanted)
      continue;
    y->not_before = due;
    if (y->phase != life::up)
      continue;
    y->again = y.get() == &x || y->spec.type != restart::temporary;
    y->wanted = y->again;
  }
}

void supervisor::give_up(const child& x, caf::error reason) {
  if (stopping_)
    return;
  tell(supervisor_gave_up{options_.name, x.spec.name, reason});
  begin_stop(std::move(reason));
}

} // namespace sluice::actors
