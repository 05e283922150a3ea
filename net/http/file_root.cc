#include "net/http/file_root.h"

#include "runtime/error.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::net::http {

namespace {

using runtime::errc;
using runtime::make_error;
using runtime::make_system_error;

/// How often a look-up is tried again that the kernel gave up because
/// something was renamed at the same time.
constexpr int races_max = 16;

/// A descriptor, or a negative errno. The C library has no wrapper.
int open_beneath(int folder, const char* path, std::uint64_t flags,
                 disk_wait wait = disk_wait::allowed) noexcept {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (wait == disk_wait::never)
    how.resolve |= RESOLVE_CACHED;
  for (int races = 0;;) {
    auto fd = ::syscall(SYS_openat2, folder, path, &how, sizeof(how));
    if (fd >= 0)
      return static_cast<int>(fd);
    if (errno == EINTR
        || (errno == EAGAIN && wait == disk_wait::allowed
            && ++races < races_max))
      continue;
    return -errno;
  }
}

/// False with errno if it cannot be looked at. What is known of a file on
/// another machine is asked for anew only if that may take its time.
bool look_at(int fd, disk_wait wait, struct statx& out) noexcept {
  auto how =
      wait == disk_wait::never ? AT_STATX_DONT_SYNC : AT_STATX_SYNC_AS_STAT;
  return ::statx(fd, "", AT_EMPTY_PATH | how, STATX_BASIC_STATS, &out) == 0;
}

file_facts facts_of(const struct statx& x) noexcept {
  return {x.stx_size, x.stx_mtime.tv_sec * 1'000'000'000 + x.stx_mtime.tv_nsec,
          x.stx_ino};
}

open_problem problem_of(int error) noexcept {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
  case ELOOP: // a chain of links, most likely a circle
  case EXDEV: // it leads out of the folder
  case ENXIO: // a socket, or a device that is not there
  case ENODEV:
  case EAGAIN:
    return open_problem::not_found;
  case EACCES:
  case EPERM:
    return open_problem::forbidden;
  case EMFILE:
  case ENFILE:
    return open_problem::too_many_files;
  default:
    return open_problem::failed;
  }
}

} // namespace

// -- open_file ----------------------------------------------------------------

open_file::open_file(int fd, std::shared_ptr<const file_root> root,
                     file_facts facts) noexcept
    : fd_(fd), root_(std::move(root)), facts_(facts) {
}

open_file::open_file(open_file&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      root_(std::move(other.root_)),
      facts_(other.facts_) {
}

open_file& open_file::operator=(open_file&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(root_, other.root_);
  std::swap(facts_, other.facts_);
  return *this;
}

open_file::~open_file() {
  if (fd_ < 0)
    return;
  ::close(fd_);
  root_->leave();
}

caf::error open_file::read(std::uint64_t offset, std::span<char> room) const {
  while (!room.empty()) {
    auto count =
        ::pread(fd_, room.data(), room.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return make_system_error(errno, "read a file below " + root_->name());
    if (count == 0)
      return end_error(offset);
    room = room.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return check_unchanged(disk_wait::allowed);
}

caf::expected<bool> open_file::read_cached(std::uint64_t offset,
                                           std::span<char> room) const {
  while (!room.empty()) {
    iovec where{room.data(), room.size()};
    auto count =
        ::preadv2(fd_, &where, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) // a disk that fails is for `read` to tell
      return false;
    if (count == 0)
      return end_error(offset);
    room = room.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  if (auto err = check_unchanged(disk_wait::never))
    return err;
  return true;
}

caf::error open_file::end_error(std::uint64_t offset) const {
  return make_error(errc::truncated_frame,
                    "a file below " + root_->name() + " ends at byte "
                        + std::to_string(offset) + "; it had "
                        + std::to_string(facts_.size)
                        + " bytes when it was opened");
}

/// After bytes were read: what they were read from is not older.
caf::error open_file::check_unchanged(disk_wait wait) const {
  struct statx now;
  if (!look_at(fd_, wait, now))
    return make_system_error(errno, "look at a file below " + root_->name());
  auto facts = facts_of(now);
  if (facts.modified_ns != facts_.modified_ns && facts.size <= facts_.size)
    return make_error(errc::malformed_frame,
                      "a file below " + root_->name()
                          + " was written anew since it was opened");
  return {};
}

// -- file_root ----------------------------------------------------------------

file_root::file_root(int fd, std::string name, std::size_t files_max,
                     bool knows_cached) noexcept
    : fd_(fd),
      name_(std::move(name)),
      files_max_(files_max),
      knows_cached_(knows_cached) {
}

file_root::~file_root() {
  ::close(fd_);
}

caf::expected<std::shared_ptr<const file_root>>
file_root::open(const std::string& folder, std::size_t files_max) {
  auto fd = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return make_system_error(errno, "open the folder " + folder);
  auto probe = open_beneath(fd, ".", O_PATH | O_CLOEXEC);
  if (probe < 0) {
    ::close(fd);
    return make_system_error(-probe, "openat2 in the folder " + folder);
  }
  ::close(probe);
  probe = open_beneath(fd, ".", O_PATH | O_CLOEXEC, disk_wait::never);
  if (probe >= 0)
    ::close(probe);
  return std::shared_ptr<const file_root>{
      new file_root(fd, folder, files_max, probe != -EINVAL)};
}

bool file_root::admit() const noexcept {
  if (files_open_.fetch_add(1) < files_max_)
    return true;
  leave();
  return false;
}

void file_root::leave() const noexcept {
  files_open_.fetch_sub(1);
}

open_result file_root::open_below(const std::string& path,
                                  disk_wait wait) const {
  if (wait == disk_wait::never && !knows_cached_)
    return {{}, open_problem::would_wait, EAGAIN};
  if (!admit())
    return {{}, open_problem::too_many_files, 0};
  // O_NONBLOCK: the opening of a pipe would wait for its other end.
  auto fd = open_beneath(fd_, path.empty() ? "." : path.c_str(),
                         O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, wait);
  if (fd < 0) {
    leave();
    auto again = fd == -EAGAIN && wait == disk_wait::never;
    return {{}, again ? open_problem::would_wait : problem_of(-fd), -fd};
  }
  struct statx now {};
  auto looked = look_at(fd, wait, now);
  open_result result{open_file{fd, shared_from_this(), facts_of(now)},
                     open_problem::none, looked ? 0 : errno};
  if (!looked)
    result.problem = open_problem::failed;
  else if (S_ISDIR(now.stx_mode))
    result.problem = open_problem::is_folder;
  else if (!S_ISREG(now.stx_mode))
    result.problem = open_problem::not_found;
  if (result.problem != open_problem::none)
    result.file = {};
  return result;
}

} // namespace sluice::net::http
