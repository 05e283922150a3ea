#include "tools/sluice/up.h"

#include "net/config.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"
#include "tools/sluice/console.h"
#include "tools/sluice/launcher.h"
#include "tools/sluice/place.h"
#include "tools/sluice/table.h"
#include "tools/sluice/text.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace sluice::tools {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

exit_code fail(exit_code code, const std::string& why) {
  std::fflush(stdout);
  std::fprintf(stderr, "sluice: %s\n", printable(why).c_str());
  return code;
}

namespace {

// -- the background -----------------------------------------------------------

/// The one byte that the launcher sends to the process that waits for it.
class starter {
public:
  starter() = default;
  explicit starter(int fd) : fd_(fd) {}

  bool waits() const noexcept { return fd_ >= 0; }

  void tell(exit_code code) {
    if (fd_ < 0)
      return;
    auto byte = static_cast<char>(code);
    while (::write(fd_, &byte, 1) < 0 && errno == EINTR) {
      // again
    }
    ::close(std::exchange(fd_, -1));
  }

private:
  int fd_ = -1;
};

void redirect(const char* path, int flags, int fd) {
  auto file = ::open(path, flags | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  ::dup2(file, fd);
  ::close(file);
}

exit_code wait_for_launcher(int fd) {
  char byte = 0;
  ssize_t n = 0;
  while ((n = ::read(fd, &byte, 1)) < 0 && errno == EINTR) {
    // again
  }
  ::close(fd);
  if (n != 1)
    return fail(exit_code::failed, "the launcher has ended without a word");
  return static_cast<exit_code>(byte);
}

// -- what people read ---------------------------------------------------------

std::string welcome(const up_options& options, const place& where,
                    const std::vector<node_plan>& nodes,
                    const std::vector<pid_t>& pids, const std::string& page,
                    steady_clock::duration took) {
  table all{{"NODE"}, {"PID", align::right}, {"RESP"}, {"LOG"}};
  for (std::size_t i = 0; i < nodes.size(); ++i)
    all.add({nodes[i].name, std::to_string(pids[i]),
             "127.0.0.1:" + std::to_string(nodes[i].resp_port), nodes[i].log});
  auto tool = where.dir() == place{}.dir()
                  ? options.tool + " "
                  : options.tool + " --dir " + where.dir() + " ";
  auto& last = nodes.back();
  using std::chrono::milliseconds;
  auto result =
      "\n" + all.text() + "\n"
      + (nodes.size() == 1 ? "1 node is"
                           : std::to_string(nodes.size()) + " nodes are")
      + " up after "
      + duration_text(std::chrono::duration_cast<milliseconds>(took))
      + ". Any of them answers for any key:\n" + "  redis-cli -p "
      + std::to_string(nodes.front().resp_port) + " set greeting hello\n"
      + "  redis-cli -p " + std::to_string(last.resp_port) + " get greeting\n"
      + "  " + tool + "status --watch\n";
  if (!page.empty())
    result += "In a browser, whichever node's page it is:\n  " + page + "\n";
  if (nodes.size() > 1)
    result += "  " + tool + "kill " + last.name + "; " + tool + "start "
              + last.name + "\n";
  return result
         + (options.detach ? "  " + tool + "down      ends them\n"
                           : std::string{"Ctrl-C ends them.\n"});
}

// -- the launcher's process ---------------------------------------------------

class host {
public:
  host(up_options options, place& where, starter parent)
      : options_(std::move(options)), where_(where), parent_(parent) {}

  exit_code run();

private:
  struct ending {
    exit_code code = exit_code::ok;
    std::string why;
  };

  launcher_hooks hooks();
  void on_ready(const std::string& page);
  ending serve();
  ending wait(const caf::actor& nodes);
  void go_to_background();

  up_options options_;
  place& where_;
  starter parent_;
  std::vector<node_plan> nodes_;
  std::vector<pid_t> pids_;
  console out_{STDOUT_FILENO};
  steady_clock::time_point began_ = steady_clock::now();
  std::atomic<bool> ready_{false};
  std::atomic<bool> over_{false};
  ending ending_; // written before `over_`
};

launcher_hooks host::hooks() {
  launcher_hooks result;
  result.say = [this](std::string_view who, std::string_view line) {
    if (options_.detach && who != "sluice")
      return; // it is in the node's log
    std::string text{who};
    text.resize(std::max<std::size_t>(text.size(), 6), ' ');
    out_.line(text + " | " + printable(line));
  };
  result.started = [this](std::size_t index, pid_t pid) { pids_[index] = pid; };
  result.ready = [this](const std::string& page) { on_ready(page); };
  result.done = [this](exit_code code, const std::string& why) {
    ending_ = {code, why};
    over_ = true;
    ::kill(::getpid(), SIGUSR1); // wakes the main thread
  };
  return result;
}

void host::on_ready(const std::string& page) {
  ready_ = true;
  out_.line(welcome(options_, where_, nodes_, pids_, page,
                    steady_clock::now() - began_));
  if (parent_.waits())
    go_to_background();
}

void host::go_to_background() {
  out_.flush();
  redirect(where_.file("sluice.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC,
           STDOUT_FILENO);
  ::dup2(STDOUT_FILENO, STDERR_FILENO);
  parent_.tell(exit_code::ok);
}

/// Until all nodes have ended; signals ask for that.
host::ending host::wait(const caf::actor& nodes) {
  sigset_t signals;
  sigemptyset(&signals);
  for (auto x : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    sigaddset(&signals, x);
  auto asked = false;
  while (!over_) {
    auto number = ::sigwaitinfo(&signals, nullptr);
    if (number <= 0 || number == SIGUSR1)
      continue;
    if (std::exchange(asked, true)) {
      out_.line("sluice | killed: the nodes end with their launcher");
      out_.flush();
      ::_exit(static_cast<int>(exit_code::failed));
    }
    out_.line("sluice | stopping the nodes; once more kills them");
    caf::anon_send(nodes, stop_cluster{});
  }
  return ending_;
}

host::ending host::serve() {
  net::config cfg;
  cfg.set("scheduler.max-threads", 1); // only the supervisors run there
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto nodes = runtime::spawn_on<launcher>(
      loops.at(0), launcher_setup{options_, where_.dir(), nodes_, hooks()});
  auto control = actors::admin::serve(
      loops.at(0), "unix://" + where_.control_path(), launcher::verbs(nodes));
  if (!control)
    caf::anon_send(nodes, stop_cluster{});
  auto result = wait(nodes);
  if (!control)
    result = {exit_code::failed, runtime::to_text(control.error())};
  nodes = nullptr;
  loops.stop();
  return result;
}

exit_code host::run() {
  nodes_ = plan_nodes(options_, where_.dir());
  pids_.resize(nodes_.size());
  if (auto why = port_in_use(nodes_); !why.empty())
    return fail(exit_code::failed, why);
  auto result = serve();
  for (auto& x : nodes_)
    ::unlink(where_.file(x.name + ".sock").c_str());
  if (result.code == exit_code::ok && !ready_)
    result = {exit_code::failed, "stopped before all nodes were members"};
  if (result.code == exit_code::ok) {
    out_.line("sluice | all nodes have ended");
    return exit_code::ok;
  }
  out_.flush();
  return fail(result.code, result.why);
}

/// Blocked for all threads, so that the main thread gets them; and whoever
/// stops to read the output is no reason to die.
void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (auto x : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    sigaddset(&signals, x);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

exit_code run_host(const up_options& options, place& where, starter parent) {
  switch (where.lock()) {
  case place::lock_result::taken:
    break;
  case place::lock_result::held_by_another: {
    auto pid = where.launcher_pid();
    return fail(exit_code::no_cluster,
                "a cluster runs in " + where.dir() + " already"
                    + (pid ? ", launcher pid " + std::to_string(*pid) : "")
                    + "; `sluice down` ends it, --dir takes another place");
  }
  case place::lock_result::failed:
    return fail(exit_code::failed, "cannot lock " + where.dir() + ": "
                                       + runtime::errno_text(errno));
  }
  block_signals();
  auto result = host{options, where, parent}.run();
  where.unlock();
  return result;
}

std::string find_program(up_options& options) {
  if (options.program.empty()) {
    options.program = find_node_program();
    return options.program.empty()
               ? "there is no program `kv_cluster` here; name one with "
                 "--program"
               : "";
  }
  if (options.program.find('/') == std::string::npos)
    return {}; // looked for on the PATH when it is started
  std::error_code err;
  if (!fs::is_regular_file(options.program, err)
      || ::access(options.program.c_str(), X_OK) != 0)
    return options.program + " is no program";
  options.program = fs::absolute(options.program, err).string();
  return {};
}

} // namespace

exit_code run_up(up_options options) {
  if (auto why = check(options); !why.empty())
    return fail(exit_code::bad_command_line, why);
  if (auto why = find_program(options); !why.empty())
    return fail(exit_code::bad_command_line, why);
  place where{options.dir};
  if (auto why = where.make(); !why.empty())
    return fail(exit_code::failed, why);
  if (!options.detach)
    return run_host(options, where, {});
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(exit_code::failed, "pipe: " + runtime::errno_text(errno));
  std::fflush(nullptr);
  auto pid = ::fork();
  if (pid < 0)
    return fail(exit_code::failed, "fork: " + runtime::errno_text(errno));
  if (pid > 0) {
    ::close(ends[1]);
    return wait_for_launcher(ends[0]);
  }
  ::close(ends[0]);
  ::setsid();
  redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  starter parent{ends[1]};
  auto code = run_host(options, where, parent);
  parent.tell(code);
  return code;
}

} // namespace sluice::tools
