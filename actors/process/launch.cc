#include "actors/process/launch.h"

#include "actors/process/process_keeper.h"
#include "runtime/error.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

extern "C" { // which this header forgets in glibc 2.36
#include <sys/pidfd.h>
}

namespace sluice::actors::process {

using runtime::errc;
using runtime::errno_text;

namespace {

// -- in the child -------------------------------------------------------------

/// All that the child needs, made before it is: it shares our memory until it
/// runs its program, and may do nothing there but system calls.
struct plan {
  const char* program = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr; // null: stay
  std::array<int, 3> streams{};    // all above 2
  int report = -1;
  pid_t owner = -1;
};

/// Which call of the child failed.
enum class step : int {
  group,
  death_signal,
  streams,
  descriptors,
  directory,
  program
};

struct failure {
  step where = step::program;
  int error = 0;
};

[[noreturn]] void give_up(const plan& x, step where) noexcept {
  failure what{where, errno};
  // Fits into an empty pipe.
  [[maybe_unused]] auto written = ::write(x.report, &what, sizeof(what));
  ::_exit(127);
}

/// Ours may be ignored or handled, and all are blocked on this thread. What is
/// ignored would stay so in the program. By system calls: glibc would not touch
/// the two that it uses itself, which may have been inherited as ignored.
void reset_signals() noexcept {
  constexpr long set_bytes = 8; // of the kernel's set of 64 signals
  // All zero is the kernel's action SIG_DFL, and is the empty set.
  static constexpr unsigned long zero[8] = {};
  for (int i = 1; i <= 64; ++i)
    ::syscall(SYS_rt_sigaction, i, zero, nullptr, set_bytes); // not 9 and 19
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, zero, nullptr, set_bytes);
}

[[noreturn]] void become(const plan& x) noexcept {
  if (::setpgid(0, 0) != 0)
    give_up(x, step::group);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    give_up(x, step::death_signal);
  if (::getppid() != x.owner)
    ::_exit(127); // it died before we asked to be told
  for (int i = 0; i < 3; ++i)
    if (::dup2(x.streams[static_cast<std::size_t>(i)], i) < 0)
      give_up(x, step::streams);
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    give_up(x, step::descriptors);
  if (x.directory != nullptr && ::chdir(x.directory) != 0)
    give_up(x, step::directory);
  reset_signals();
  ::execve(x.program, x.arguments, x.environment);
  give_up(x, step::program);
}

/// vfork(2): fork(2) would copy the page tables of a large process. The child
/// uses this frame's callee, never this frame.
[[gnu::noinline]] pid_t start_child(const plan& x) noexcept {
  auto pid = ::vfork();
  if (pid == 0)
    become(x);
  return pid < 0 ? -errno : pid;
}

// -- in the parent ------------------------------------------------------------

/// What went wrong: a call and an errno.
struct trouble {
  std::string call;
  int error = 0;
};

/// A descriptor above 2, so that none of the child's own is in its way.
int lift(descriptor& x) noexcept {
  if (x.fd() > 2)
    return 0;
  auto higher = ::fcntl(x.fd(), F_DUPFD_CLOEXEC, 3);
  if (higher < 0)
    return errno;
  x = descriptor{higher};
  return 0;
}

struct two_ends {
  descriptor read;
  descriptor write;

  int open() noexcept {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
      return errno;
    read = descriptor{fds[0]};
    write = descriptor{fds[1]};
    auto error = lift(read);
    return error != 0 ? error : lift(write);
  }
};

int stop_blocking(const descriptor& x) noexcept {
  return ::fcntl(x.fd(), F_SETFL, O_NONBLOCK | ::fcntl(x.fd(), F_GETFL)) < 0
             ? errno
             : 0;
}

const char* text_of(step x) noexcept {
  switch (x) {
  case step::group:
    return "setpgid";
  case step::death_signal:
    return "prctl";
  case step::streams:
    return "dup2";
  case step::descriptors:
    return "close_range";
  case step::directory:
    return "chdir";
  case step::program:
    return "execve";
  }
  return "start";
}

/// The path of a program that is named without one. ENOENT if no directory of
/// PATH has it, EACCES if those that have it cannot run it.
int find_program(const std::string& name, std::string& path) {
  path = name;
  if (name.find('/') != std::string::npos)
    return 0;
  auto variable = ::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "/usr/bin:/bin";
  auto error = ENOENT;
  for (;;) {
    auto colon = rest.find(':');
    std::string candidate{rest.substr(0, colon)};
    if (candidate.empty())
      candidate = ".";
    candidate += '/';
    candidate += name;
    struct stat found {};
    if (::stat(candidate.c_str(), &found) == 0 && S_ISREG(found.st_mode)) {
      if (::access(candidate.c_str(), X_OK) == 0) {
        path = std::move(candidate);
        return 0;
      }
      error = EACCES;
    }
    if (colon == std::string_view::npos)
      return error;
    rest.remove_prefix(colon + 1);
  }
}

std::vector<std::string> environment_of(const process_options& options) {
  std::vector<std::string> result;
  auto is_set = [&](std::string_view entry, std::size_t from) {
    auto name = entry.substr(0, entry.find('='));
    for (auto i = from; i < options.environment.size(); ++i)
      if (options.environment[i].first == name)
        return true;
    return false;
  };
  for (auto x = ::environ; x != nullptr && *x != nullptr; ++x)
    if (!is_set(*x, 0))
      result.emplace_back(*x);
  for (std::size_t i = 0; i < options.environment.size(); ++i) {
    auto& [name, value] = options.environment[i];
    if (!is_set(name, i + 1))
      result.push_back(name + "=" + value);
  }
  return result;
}

/// What execve(2) takes.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& x : texts)
    result.push_back(x.data());
  result.push_back(nullptr);
  return result;
}

/// Then the system lets go of children by itself, and their numbers are soon
/// somebody else's.
bool sigchld_is_ignored() noexcept {
  struct sigaction now {};
  ::sigaction(SIGCHLD, nullptr, &now);
  return (now.sa_flags & SA_NOCLDWAIT) != 0 || now.sa_handler == SIG_IGN;
}

/// Kills a child that we cannot keep.
void discard(pid_t pid) noexcept {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    // again
  }
}

/// Starts the child and waits until it runs the program. On the keeper's
/// thread.
trouble start_and_wait(plan& x, launched& out) {
  two_ends report;
  if (auto error = report.open(); error != 0)
    return {"pipe2", error};
  x.report = report.write.fd();
  auto pid = start_child(x);
  if (pid < 0)
    return {"vfork", -pid};
  report.write.close();
  failure what;
  ssize_t count;
  do
    count = ::read(report.read.fd(), &what, sizeof(what));
  while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(sizeof(what))) {
    discard(pid);
    std::string call = text_of(what.where);
    if (what.where == step::directory)
      call += std::string{" to '"} + x.directory + "'";
    return {std::move(call), what.error};
  }
  out.handle = descriptor{::pidfd_open(pid, 0)};
  if (!out.handle.is_open()) {
    auto error = errno;
    discard(pid);
    return {"pidfd_open", error};
  }
  out.pid = pid;
  return {};
}

trouble try_launch(const process_options& options, launched& out) {
  if (sigchld_is_ignored())
    return {"SIGCHLD is ignored", ECHILD};
  two_ends input;
  two_ends output;
  two_ends error;
  if (options.input == input_mode::piped) {
    if (auto failed = input.open(); failed != 0)
      return {"pipe2", failed};
    if (auto failed = stop_blocking(input.write); failed != 0)
      return {"fcntl", failed};
  } else {
    input.read = descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (!input.read.is_open())
      return {"open /dev/null", errno};
    if (auto failed = lift(input.read); failed != 0)
      return {"fcntl", failed};
  }
  for (auto x : {&output, &error}) {
    if (auto failed = x->open(); failed != 0)
      return {"pipe2", failed};
    if (auto failed = stop_blocking(x->read); failed != 0)
      return {"fcntl", failed};
  }
  std::string program;
  if (auto failed = find_program(options.program, program); failed != 0)
    return {"search in PATH", failed};
  auto arguments = options.arguments;
  arguments.insert(arguments.begin(), options.program);
  auto argument_pointers = pointers_to(arguments);
  auto environment = environment_of(options);
  auto environment_pointers = pointers_to(environment);
  plan x;
  x.program = program.c_str();
  x.arguments = argument_pointers.data();
  x.environment = environment_pointers.data();
  if (!options.working_directory.empty())
    x.directory = options.working_directory.c_str();
  x.streams = {input.read.fd(), output.write.fd(), error.write.fd()};
  x.owner = ::getpid();
  trouble result;
  process_keeper::instance().run([&] { result = start_and_wait(x, out); });
  out.input = std::move(input.write);
  out.output = std::move(output.read);
  out.error = std::move(error.read);
  return result;
}

} // namespace

caf::expected<launched> launch(const process_options& options) {
  launched out;
  trouble what;
  try {
    what = try_launch(options, out);
  } catch (const std::system_error& x) { // the keeper's thread
    what = {"thread", x.code().value()};
  }
  if (what.error == 0)
    return out;
  return runtime::make_error(
      errc::process_not_started,
      "process '"
          + options.program.substr(0, runtime::limits::error_excerpt_bytes)
          + "': " + what.call + ": " + errno_text(what.error));
}

} // namespace sluice::actors::process
