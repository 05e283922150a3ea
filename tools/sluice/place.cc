#include "tools/sluice/place.h"

#include "runtime/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace sluice::tools {

namespace fs = std::filesystem;

namespace {

std::string variable(const char* name) {
  auto value = std::getenv(name);
  return value ? value : "";
}

std::string absolute(std::string path) {
  std::error_code err;
  auto result = fs::absolute(path, err).lexically_normal().string();
  if (err)
    return path;
  while (result.size() > 1 && result.back() == '/')
    result.pop_back();
  return result;
}

} // namespace

place::place(std::string dir)
    : dir_(absolute(dir.empty() ? default_dir() : std::move(dir))) {
}

place::~place() {
  if (lock_ >= 0)
    ::close(lock_);
}

std::string place::default_dir() {
  if (auto dir = variable("SLUICE_DIR"); !dir.empty())
    return dir;
  if (auto dir = variable("XDG_RUNTIME_DIR"); !dir.empty())
    return dir + "/sluice";
  return "/tmp/sluice-" + std::to_string(::getuid());
}

std::string place::make() const {
  std::error_code err;
  fs::create_directories(fs::path{dir_}.parent_path(), err);
  if (::mkdir(dir_.c_str(), 0700) != 0 && errno != EEXIST)
    return "cannot make " + dir_ + ": " + runtime::errno_text(errno);
  // In /tmp anybody may have been faster.
  struct stat found {};
  if (::lstat(dir_.c_str(), &found) != 0)
    return dir_ + ": " + runtime::errno_text(errno);
  if (S_ISLNK(found.st_mode) && ::stat(dir_.c_str(), &found) != 0)
    return dir_ + ": " + runtime::errno_text(errno);
  if (!S_ISDIR(found.st_mode))
    return dir_ + " is no directory";
  if (found.st_uid != ::getuid())
    return dir_ + " belongs to another user";
  return {};
}

place::lock_result place::lock() {
  lock_ = ::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0)
    return lock_result::failed;
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    auto held = errno == EWOULDBLOCK;
    ::close(std::exchange(lock_, -1));
    return held ? lock_result::held_by_another : lock_result::failed;
  }
  std::ofstream{file("sluice.pid")} << ::getpid() << '\n';
  return lock_result::taken;
}

bool place::is_locked() const {
  auto fd = ::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  auto free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  return !free;
}

std::optional<pid_t> place::launcher_pid() const {
  std::ifstream in{file("sluice.pid")};
  pid_t result = 0;
  if (in >> result && result > 0)
    return result;
  return std::nullopt;
}

void place::unlock() {
  if (lock_ < 0)
    return;
  ::unlink(file("sluice.pid").c_str());
  ::close(std::exchange(lock_, -1));
}

} // namespace sluice::tools
