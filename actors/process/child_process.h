#pragma once

// child_process: an actor that is one child process. Its behavior gets the
// events of actors/process/events.h; its member functions, and for other actors
// the commands of actors/process/commands.h, drive it:
//
//   caf::behavior tail(child_process* self, caf::actor log) {
//     return {
//       [=](const process_output& x) { self->send(log, x.bytes); },
//       [=](const process_ended& x) { /* x.how, x.status */ },
//     };
//   }
//   auto child = spawn_process(
//       loop, {.program = "tail", .arguments = {"-f", "log"}}, tail);
//   if (!child)
//     ... to_text(child.error()) ...
//
// Output is flow-controlled. While an actor that this one sends to is under
// pressure, or reading is paused, the pipes are not read; they fill, and the
// child waits in write(2). For each stream this side holds no more than one
// read (limits::read_slab_bytes) and the start of a line. Output that the
// behavior does not handle is read and dropped.
//
// Input is queued up to limits::write_cap_bytes, with the marks and the signals
// of a connection, but without a stall deadline: a child may leave its input
// alone for as long as it likes. Unlike a connection's, a queue that is full
// does not stop the reading: a filter that waits for its output to be read
// would never read its input.
//
// The child:
// 1. It has its own process group, no signal blocked or ignored, and of our
//    descriptors none: 0 is /dev/null or a pipe, 1 and 2 are pipes.
// 2. If this process ends, in whatever way, the kernel kills the child
//    (PR_SET_PDEATHSIG; see process_keeper.h). That holds for the child alone,
//    not for its own children, and not for a program that is set-user-ID,
//    set-group-ID or has file capabilities: there the kernel forgets it.
// 3. If the actor ends before the child - it quits, throws, is killed, or its
//    loop ends - the whole group gets SIGKILL. The child is waited for
//    elsewhere, so that no zombie is left.
// 4. An exit with a reason other than `kill`, and a loop that stops, is `stop`
//    with process_options::stop_wait: the actor ends with that reason once the
//    child has. A behavior may set another exit handler.
// 5. When the child has ended, and before this is told, those who are left in
//    its group get SIGKILL, so that a new start never meets them. Whoever shall
//    live on has to leave the group (setsid(1)).
//
// The end is told once, after all output. Others may hold the output open:
// nobody waits for them for longer than process_options::drain_wait, or than
// the deadline of `stop` if that is later; what is in the pipes then is read.
// Only a behavior that takes no output, or actors that are under pressure, can
// hold the end back for longer. Then the actor ends, with process_ended::error;
// so a supervisor starts it again. A behavior that knows better quits in its
// handler of process_ended, with a reason of its own or none. If rule 3 applies
// there is no process_ended.
//
// The program must not wait for children that it does not know (wait(2)): then
// it is not known how this one ended. Nor may it ignore SIGCHLD: then none is
// started.
//
// For users. Thread rule: the member functions are for handlers of this actor
// (or of classes derived from it), on the loop's thread; other actors send
// commands. Lifetime: until the child has ended, and then as any actor.

#include "actors/process/commands.h"
#include "actors/process/events.h"
#include "actors/process/line_cutter.h"
#include "actors/process/process_api.h"
#include "net/broker.h"
#include "net/commands.h"
#include "net/mailbox_door.h"
#include "net/read_gate.h"
#include "net/write_queue.h"
#include "runtime/valve.h"

#include <caf/actor.hpp>
#include <caf/expected.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::actors::process {

/// How a child comes to its actor. Made by `spawn_process`.
struct process_setup {
  process_api* api = nullptr;
  launched child;
  std::shared_ptr<const process_options> options;
};

class child_process : public net::broker {
public:
  child_process(caf::actor_config& cfg, runtime::event_loop& loop,
                process_setup setup);
  ~child_process() override;

  // -- the child --------------------------------------------------------------

  /// Its number. Another process may have it once `process_ended` was told.
  pid_t pid() const noexcept { return child_.pid; }

  const process_options& options() const noexcept { return *options_; }

  /// Sends a signal to the child, not to its group. False if there is no such
  /// signal, the child has ended, or it belongs to somebody else by now (a
  /// set-user-ID program).
  bool signal(int number);

  /// Sends SIGTERM to the child and its group, and SIGCONT, in case they are
  /// stopped; SIGKILL after `deadline`, rounded up to limits::timer_tick. 0 or
  /// less: SIGKILL at once. Again: no second SIGTERM, and the earlier deadline
  /// holds. Once the child has ended it is for those that hold its output open.
  void stop(runtime::duration deadline);

  // -- its input, if it is piped ----------------------------------------------

  /// Queues `bytes` and writes them when the handler has returned, or at once
  /// if the high mark is reached. With a token other than 0 there will be a
  /// `written` when the pipe has them. False if they were refused: then they
  /// come back in `rejected`. What the child has not read when it ends is lost
  /// in the pipe; what is queued comes back.
  bool write_input(runtime::byte_slice bytes, std::uint64_t token = 0);

  /// Copies `text`.
  bool write_input(std::string_view text, std::uint64_t token = 0);

  /// Writes what is queued, then the child reads the end of its input.
  void close_input();

  /// Bytes that the pipe has not taken.
  std::uint64_t queued() const noexcept { return input_.bytes(); }

  // -- its output -------------------------------------------------------------

  /// As for a connection, see the commands of these names: `count` is of
  /// `process_output`. Whatever comes is delivered at the start.
  void read_credit(std::uint64_t count);
  void read_flowing();
  void read_paused();

  const char* name() const override { return "child_process"; }

  /// The door of the mailbox: writes that are on their way in it count, too,
  /// with the same marks and the same cap, as for a connection.
  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override;

protected:
  bool intercept(caf::mailbox_element& x) override;
  void on_undelivered(caf::mailbox_element& x) const override;
  bool may_ignore(const caf::mailbox_element& x) const override;
  void on_start() override;
  void on_terminate() override;
  void on_caught_up() override;
  void on_loop_stopping() override;
  void settle() override;
  void on_timeout(net::timeout which) override;
  void on_event(runtime::readiness what) override;

private:
  enum class state : std::uint8_t {
    idle,     // not started: the behavior is not made yet
    running,  // the child runs
    draining, // it has ended; there may be more output
    over,
  };

  /// One end of a pipe in the poller, or not.
  struct pipe_end : runtime::io_handler {
    using reaction = void (child_process::*)(pipe_end&);

    pipe_end(child_process& o, reaction f) : owner(o), on_ready_(f) {}
    void on_ready(runtime::readiness) override;

    child_process& owner;
    descriptor fd;
    bool watched = false;

  private:
    reaction on_ready_;
  };

  struct output_end : pipe_end {
    output_end(child_process& o, output_stream s)
        : pipe_end(o, &child_process::on_output_ready), stream(s) {}

    /// Nothing may come any more.
    bool done() const noexcept { return !fd.is_open() && !pending; }

    output_stream stream;
    std::unique_ptr<line_cutter> lines; // null: raw
    std::optional<std::size_t> left;    // of the last bytes to be read
    bool pending = false; // there may be lines that nobody wanted yet
    bool cut = false;     // there may have been more
  };

  // child_process.cc: the child, and the order of things
  void start();
  void begin_drain(exit_status how);
  void kill_group();
  void cut_drain();
  void finish();
  void conclude(caf::error reason);
  void let_go();
  caf::error ending_error() const;
  void watch_end(pipe_end& x, bool wanted, runtime::interest what);
  void close_end(pipe_end& x);
  void begin_stop(caf::error reason);

  // child_output.cc: pipes to events
  void on_output_ready(pipe_end& x);
  void read_some(output_end& x);
  void read_rest(output_end& x);
  ssize_t read_once(output_end& x, std::span<char> room);
  void on_bytes(output_end& x, runtime::byte_slice bytes);
  void on_end(output_end& x);
  void pump(output_end& x);
  bool deliver_output(output_end& x, runtime::byte_slice bytes, bool more);

  // child_input.cc: writes to a pipe
  void on_input_ready(pipe_end& x);
  bool submit(const caf::strong_actor_ptr& from, runtime::byte_slice bytes,
              std::uint64_t token);
  std::optional<net::reject_reason> refuses(std::size_t size);
  bool fits(std::size_t size) const noexcept;
  void flush_input();
  void end_input(int os_error);
  void admitted(const caf::mailbox_element& x);

  process_api& api_;
  launched child_; // its pipes have moved into the ends below
  std::shared_ptr<const process_options> options_;
  state state_ = state::idle;
  bool stopping_ = false; // `stop` was called
  bool asked_ = false;    // while the child ran
  bool exiting_ = false;  // ends with `exit_reason_`
  bool cut_ = false;      // the wait for the output is over
  caf::error exit_reason_;
  std::optional<caf::error> last_reason_; // the end is told but not handled
  exit_status how_;
  runtime::time_point started_at_{};
  runtime::time_point ended_at_{};
  runtime::time_point stop_due_{};

  std::array<output_end, 2> outputs_;
  net::read_gate gate_;

  pipe_end input_end_;
  net::write_queue input_;
  runtime::valve valve_;
  net::mailbox_door door_;
  bool blocked_ = false;     // the pipe takes no more; ask for *writable*
  bool input_ended_ = false; // close_input was called
};

/// What `spawn_process` does first: checks the options and starts the child.
/// Any thread.
caf::expected<process_setup> start_process(process_api& api,
                                           process_options options);

/// The real children.
process_api& default_process_api() noexcept;

/// Starts a child, and an actor for it with the behavior
/// `f(child_process*, args...)`. It waits until the system has found the
/// program and has begun to run it: one to a few milliseconds. Errors:
/// errc::bad_setting, see process_options::check; errc::process_not_started,
/// with the program and the reason, e.g. "process
/// '/no/such': execve: No such file or directory (ENOENT)". Any thread.
template <class F, class... Args>
requires(std::is_invocable_v<F&, child_process*, std::decay_t<Args>&...>)
    caf::expected<caf::actor> spawn_process(runtime::event_loop& loop,
                                            process_options options, F f,
                                            Args&&... args) {
  auto setup = start_process(default_process_api(), std::move(options));
  if (!setup)
    return std::move(setup.error());
  caf::actor_config cfg{&loop};
  cfg.init_fun =
      runtime::make_init_function<child_process, F, std::decay_t<Args>...>(
          std::move(f), std::forward<Args>(args)...);
  return caf::actor{
      loop.system().spawn_impl<child_process, caf::no_spawn_options>(
          cfg, loop, std::move(*setup))};
}

/// The same with an actor of class T, made as T{cfg, loop, setup, args...}.
template <class T, class... Args>
caf::expected<caf::actor> spawn_process(runtime::event_loop& loop,
                                        process_options options,
                                        Args&&... args) {
  static_assert(std::is_base_of_v<child_process, T>);
  auto setup = start_process(default_process_api(), std::move(options));
  if (!setup)
    return std::move(setup.error());
  return runtime::spawn_on<T>(loop, std::move(*setup),
                              std::forward<Args>(args)...);
}

} // namespace sluice::actors::process
