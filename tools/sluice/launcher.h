#pragma once

// launcher: the actor that keeps the nodes of one cluster: child processes
// under a supervisor. It says when all of them are members and when one has
// ended, keeps what they write, and does what it is asked for at its control
// socket.
//
// One supervisor has all nodes, in order, and ends them in the reverse order. A
// node that ends stays down; with `restart` each node has a supervisor of its
// own below, which starts it again: so one that fails all the time gives up
// alone.
//
// Thread rule: everything on its loop; `stop_cluster` and `control_request` are
// messages from any thread. Lifetime: until the supervisor has ended, which is
// told by `launcher_hooks::done`.

#include "actors/admin/client.h"
#include "actors/admin/server.h"
#include "actors/process/events.h"
#include "actors/supervisor_messages.h"
#include "runtime/loop_actor.h"
#include "tools/sluice/exit_code.h"
#include "tools/sluice/node_log.h"
#include "tools/sluice/node_plan.h"

#include <nlohmann/json.hpp>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::tools {

/// To a launcher: end all nodes, and then yourself.
struct stop_cluster {};

/// To a launcher: what came in at its control socket.
struct control_request {
  nlohmann::json request;
  actors::admin::reply answer;
};

/// What a launcher tells its program, on its loop.
struct launcher_hooks {
  /// A line for people, with who says it: a node or "sluice".
  std::function<void(std::string_view who, std::string_view line)> say;
  /// The process of a node runs, for the first time or again.
  std::function<void(std::size_t index, pid_t pid)> started;
  /// All nodes are members; where a browser finds the page of the first one
  /// that has one, or an empty text.
  std::function<void(const std::string& page)> ready;
  /// All nodes have ended. With a reason if it is a failure.
  std::function<void(exit_code code, const std::string& why)> done;
};

struct launcher_setup {
  up_options options;
  std::string dir;
  std::vector<node_plan> nodes;
  launcher_hooks hooks;
};

class launcher : public runtime::loop_actor {
public:
  launcher(caf::actor_config& cfg, runtime::event_loop& loop,
           launcher_setup setup);

  const char* name() const override { return "launcher"; }

  /// The verbs of the control socket. `self` is a handle of a launcher.
  static actors::admin::verb_table verbs(const caf::actor& self);

  // -- from the node's actor, on the same loop --------------------------------

  void on_started(std::size_t index, const caf::actor& child, pid_t pid);
  void on_output(std::size_t index, std::string_view line);
  void on_ended(std::size_t index, const actors::process::process_ended& how);

protected:
  caf::behavior make_behavior() override;

private:
  enum class stage : std::uint8_t { starting, up, stopping };
  using reply = actors::admin::reply;
  using json = nlohmann::json;

  struct node {
    explicit node(const node_plan& x) : plan(x), log(x.log) {}

    node_plan plan;
    node_log log;
    caf::actor child; // null: it does not run
    pid_t pid = 0;
    std::string end;  // how it ended the last time
    std::string page; // where a browser finds it, as it says itself
    std::uint64_t starts = 0;
    runtime::time_point since{}; // when it was started or ended
    runtime::time_point last_answer{};
    bool gone = true;      // its supervisor has seen its end, too
    bool listed = false;   // among the children of the topmost supervisor
    bool returns = false;  // it will be started again
    bool member = false;   // it was one when it last said so
    bool expected = false; // somebody asked for its end
    bool polled = false;   // an answer is under way
    std::vector<reply> until_gone;
    std::vector<reply> until_member;
    struct state_wait {
      bool stopped;
      runtime::time_point due;
      reply answer;
    };
    std::optional<state_wait> until_state;
  };

  // launcher.cc: the nodes
  void start_all();
  actors::child_spec spec_of(std::size_t index);
  actors::child_spec process_of(std::size_t index, actors::restart type);
  void on_child_down(const actors::child_down& x);
  void on_gone(node& x);
  void poll();
  void poll(std::size_t index);
  void on_status(node& x, const json& answer);
  bool all_members() const;
  void fail_start(const std::string& why);
  void begin_stop(exit_code code, const std::string& why);
  void finish();
  void say(std::string_view line);
  node* find(std::string_view name);

  // launcher_verbs.cc: what it is asked for
  void execute(const control_request& x);
  void do_status(const json& request, const reply& asker);
  void do_signal(const json& request, const reply& asker);
  void do_start(const json& request, const reply& asker);
  void do_leave(const json& request, const reply& asker);
  void do_ask(const json& request, const reply& asker);
  void look_at_states();
  json describe(node& x) const;
  std::string unknown_node(std::string_view name) const;

  caf::actor self() { return caf::actor{this}; }

  up_options options_;
  std::string dir_;
  launcher_hooks hooks_;
  std::vector<std::unique_ptr<node>> nodes_;
  caf::actor supervisor_;
  stage stage_ = stage::starting;
  runtime::time_point began_{};
  unsigned polls_ = 0;
  exit_code code_ = exit_code::ok;
  std::string why_;
  std::vector<reply> until_down_;
};

/// How a failure begins that names a node which is not there.
inline constexpr std::string_view unknown_node_text = "there is no node ";

/// Whether a process is stopped (SIGSTOP), as ps(1) says.
bool is_stopped(pid_t pid);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stop_cluster&) {
  return f(caf::meta::type_name("sluice.stop_cluster"));
}

} // namespace sluice::tools

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::tools::control_request)
