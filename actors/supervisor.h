#pragma once

// supervisor: an actor that starts others, its children, and starts them again
// when they fail. It handles no data: what it does is written down in its specs
// and options, and who wants to know is sent events.
//
//   auto shop = sys.spawn<supervisor>(
//       supervisor_options{.name = "shop", .strategy = strategy::rest_for_one},
//       std::vector<child_spec>{
//           {.name = "store",
//            .start = [](auto* s) -> caf::actor { return s->spawn(store); }},
//           {.name = "door",
//            .start = [&](auto*) -> caf::actor {
//              return runtime::spawn_on(loop, door);
//            },
//            .type = restart::transient},
//           nested("tills", {}, tills),
//       });
//   self->request(shop, caf::infinite, find_child{"store"}).then(...);
//
// Any actor can be a child: on CAF's scheduler, detached, pinned to a loop, or
// on another node. A handle is good for one incarnation; the next one has
// another (`find_child`, `child_started`).
//
// Rules:
// 1. A child is started when all before it were. Started means spawned: what is
//    sent to it waits in its mailbox until it has initialized. With one_for_one
//    a child that waits for its restart holds up no other; with the other
//    strategies those after it wait for it.
// 2. Children end in the reverse order, one after the other: each is sent an
//    exit, behind what is in its mailbox already, and the next when it is down.
//    One that is not down at its deadline is killed. With one_for_one only the
//    end of the supervisor has this order.
// 3. A child is never started while an earlier incarnation of it is alive, and
//    with one_for_all and rest_for_one not while another one has yet to end.
// 4. A child that ends by itself, or cannot be started, and that its type says
//    to start again, is a failure: it is counted, those that the strategy names
//    end, and all of them are started in order when the wait of
//    actors/restart_policy.h is over. Who ends by itself in the meantime, for
//    whatever reason, is no other failure. A temporary child that ends with
//    others is not started again, and neither is one that was stopped or has
//    finished: in that it differs from OTP.
// 5. One failure too many and the supervisor gives up: it ends all children,
//    and then itself, with errc::supervisor_gave_up. To the supervisor above it
//    that is a child that failed.
// 6. CAF cannot end an actor that does not return from a handler, or that
//    awaits a response, not even by a kill. One that has not ended
//    limits::child_kill_wait after it was killed is *stuck*: nobody waits for
//    it any longer, and nothing is started in its place. If it was to be
//    started again, the supervisor gives up, with errc::child_stuck.
//
// How it ends: on an exit with a reason, from anybody but its children, it ends
// them by rule 2, and then itself with that reason; the first reason counts.
// When it dies in any other way (killed; nobody has its handle any more; a
// factory made it quit) it kills all children that are alive, and does not wait
// for them: who starts such a supervisor again may for a moment have two of
// everything below it.
//
// For users. Thread rule: as any actor; talk to it with the messages of
// actors/supervisor_messages.h. Lifetime: as any CAF actor; keep the handle of
// the topmost one. End it before the loops that its children are pinned to.

#include "actors/child_spec.h"
#include "actors/restart_policy.h"
#include "actors/supervisor_messages.h"
#include "runtime/error.h"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/result.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::actors {

struct supervised_child;

class supervisor : public caf::event_based_actor {
public:
  /// Ends at once, with errc::bad_setting or errc::duplicate_child, if
  /// `options` or `children` are not as they shall be, and with
  /// errc::too_many_children if there are more than
  /// limits::supervisor_children_max.
  supervisor(caf::actor_config& cfg, supervisor_options options,
             std::vector<child_spec> children);
  ~supervisor() override;

  const char* name() const override { return "supervisor"; }
  void on_exit() override;

protected:
  caf::behavior make_behavior() override;

private:
  using child = supervised_child;
  using answer = caf::response_promise;

  // supervisor.cc: what is to be done next
  bool ordered() const noexcept;
  void settle();
  bool end_one();
  bool start_one();
  void arm_timer();
  void on_tick();
  void begin_stop(caf::error reason);

  // supervisor_children.cc: what happens to a child
  void start(child& x);
  caf::expected<caf::actor> make(const child& x);
  void on_start_failed(child& x, const caf::error& why);
  void end(child& x);
  void kill(child& x);
  void abandon(child& x);
  void on_down(const caf::down_msg& down);
  void on_failed(child& x, const caf::error& reason, runtime::duration lived);
  std::span<const std::unique_ptr<child>> group_of(const child& x) const;
  void recycle_group_of(const child& x, runtime::time_point due);
  void give_up(const child& x, caf::error reason);

  // supervisor_commands.cc: what it is asked for
  caf::behavior commands();
  caf::error first_children();
  caf::error admit(const child_spec& x) const;
  answer on_add(child_spec spec);
  answer on_stop(const std::string& name, bool remove);
  answer on_restart(const std::string& name);
  caf::result<caf::actor> on_find(const std::string& name) const;
  std::vector<child_info> on_list() const;
  void on_observe(const caf::actor& who);
  void on_unobserve(const caf::actor_addr& who);
  child* find(const std::string& name) const;
  child* find(const caf::actor_addr& who) const;
  caf::error about(runtime::errc code, const std::string& name,
                   const char* what) const;

  template <class Event>
  void tell(const Event& event);

  supervisor_options options_;
  std::vector<child_spec> first_; // until they are started
  restart_window window_;
  std::vector<std::unique_ptr<child>> children_; // in the order of the start
  std::vector<caf::actor> observers_;
  std::optional<runtime::time_point> alarm_; // when the next tick is due
  runtime::time_point now_{};                // when this handler began
  bool stopping_ = false;
  caf::error end_reason_; // why it stops
};

/// A child that is a supervisor itself, without a shutdown deadline. It is
/// called `name`, whatever `options.name` is.
child_spec nested(std::string name, supervisor_options options,
                  std::vector<child_spec> children);

/// Makes the messages of supervisors known, so that all but `add_child` may
/// travel between nodes. For actors/config.
void add_supervisor_types(caf::actor_system_config& cfg);

} // namespace sluice::actors
