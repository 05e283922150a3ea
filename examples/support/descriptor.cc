#include "examples/support/descriptor.h"

#include "runtime/error.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::examples::support {

using runtime::errc;
using runtime::make_error;

std::string errno_text(const descriptor& x, int error) {
  return x.name + ": " + runtime::errno_text(error);
}

namespace {

caf::error failed(const descriptor& x) {
  return make_error(errc::system_error, errno_text(x, errno));
}

/// Makes a descriptor that may wait non-blocking. That is a flag of what the
/// descriptor refers to: for the standard ones we share it with the shell and
/// whatever else runs in the terminal. So we open the same pipe or terminal
/// once more, for us alone. Sockets cannot be opened.
bool stop_blocking(descriptor& x, int access) {
  auto path = "/proc/self/fd/" + std::to_string(x.fd);
  auto own = ::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own >= 0) {
    x.fd = own;
    return true;
  }
  auto flags = ::fcntl(x.fd, F_GETFL);
  return flags >= 0 && ::fcntl(x.fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

caf::expected<descriptor> prepare(descriptor x, int access) {
  struct stat status {};
  if (x.fd < 0 || ::fstat(x.fd, &status) != 0)
    return failed(x);
  x.waits = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)
            || ::isatty(x.fd) == 1;
  if (x.waits && !stop_blocking(x, access))
    return failed(x);
  return x;
}

bool same_file(int a, int b) {
  struct stat x {};
  struct stat y {};
  return ::fstat(a, &x) == 0 && ::fstat(b, &y) == 0 && S_ISREG(x.st_mode)
         && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

} // namespace

caf::expected<descriptor> open_input(const std::string& path) {
  if (path == "-")
    return prepare({STDIN_FILENO, false, "standard input"}, O_RDONLY);
  return prepare({::open(path.c_str(), O_RDONLY | O_CLOEXEC), false, path},
                 O_RDONLY);
}

caf::expected<descriptor> open_output(const std::string& path,
                                      const descriptor& input) {
  descriptor x{STDOUT_FILENO, false, "standard output"};
  if (path != "-")
    x = {::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666), false,
         path};
  if (x.fd >= 0 && same_file(x.fd, input.fd))
    return make_error(errc::bad_setting,
                      x.name + " is the input and the output");
  struct stat status {};
  if (path != "-" && x.fd >= 0 && ::fstat(x.fd, &status) == 0
      && S_ISREG(status.st_mode) && ::ftruncate(x.fd, 0) != 0)
    return failed(x);
  return prepare(std::move(x), O_WRONLY);
}

} // namespace sluice::examples::support
