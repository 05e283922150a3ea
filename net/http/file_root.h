#pragma once

// file_root: a folder whose files may be read, and nothing outside of it.
// Names are resolved by the kernel with openat2(RESOLVE_BENEATH): neither ".."
// nor a symbolic link, absolute or planted during the look-up, leads out.
// Links that stay inside are followed.
//
// For users as a shared pointer. Thread rule: any thread; but what may wait for
// a disk is not for a loop's: that one asks for what is in memory, and leaves
// the rest to a net/http/file_reader.h. Lifetime: the folder is the one that
// had the name when the root was made, even if it is renamed.

#include "runtime/limits.h"

#include <caf/expected.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <sys/types.h>

namespace sluice::net::http {

class file_root;

/// What to do about a name, or bytes, that the kernel would have to fetch from
/// a disk, or from another machine.
enum class disk_wait : std::uint8_t { allowed, never };

/// What is known of a file that is open.
struct file_facts {
  std::uint64_t size = 0;
  /// Nanoseconds since 1970.
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;

  bool operator==(const file_facts&) const = default;
};

/// A regular file, open for reading. Counts against its root's bound until it
/// is destroyed.
class open_file {
public:
  open_file() noexcept = default;
  open_file(open_file&& other) noexcept;
  open_file& operator=(open_file&& other) noexcept;
  ~open_file();

  explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Null if it is not open.
  const std::shared_ptr<const file_root>& root() const noexcept {
    return root_;
  }

  /// As it was when it was opened.
  const file_facts& facts() const noexcept { return facts_; }

  /// Fills `room` with the bytes from `offset` on; they must lie within
  /// `facts().size`. Errors: errc::system_error if the disk fails;
  /// errc::truncated_frame if the file ends before; errc::malformed_frame if
  /// it was written anew since it was opened. A file that grows meanwhile, as
  /// a log does, is taken to have been appended to, and is fine.
  caf::error read(std::uint64_t offset, std::span<char> room) const;

  /// As `read`, but only if all of it is in the kernel's cache of pages
  /// (RWF_NOWAIT of preadv2(2)); false, and what is in `room` does not count,
  /// if it is not, or if the file system cannot tell, as tmpfs.
  caf::expected<bool> read_cached(std::uint64_t offset,
                                  std::span<char> room) const;

private:
  friend class file_root;
  open_file(int fd, std::shared_ptr<const file_root> root,
            file_facts facts) noexcept;
  caf::error end_error(std::uint64_t offset) const;
  caf::error check_unchanged(disk_wait wait) const;

  int fd_ = -1;
  std::shared_ptr<const file_root> root_;
  file_facts facts_;
};

/// Why a file was not opened.
enum class open_problem : std::uint8_t {
  none,
  not_found,      // or outside of the folder, or not for everybody's eyes:
                  // pipes, devices, sockets
  is_folder,      // it is a folder
  forbidden,      // the process may not read it
  too_many_files, // over the bound of this root, or of the process
  would_wait,     // only if that must never be
  failed,         // the disk, or a name that is too long
};

struct open_result {
  open_file file;
  open_problem problem = open_problem::none;
  /// errno, if `problem` came from the system.
  int os_error = 0;
};

class file_root : public std::enable_shared_from_this<file_root> {
public:
  /// Opens a folder; `files_max` of its files may be open at once. Errors:
  /// errc::system_error naming the folder: there is none, it is no folder, or
  /// the kernel has no openat2 (Linux 5.6).
  static caf::expected<std::shared_ptr<const file_root>>
  open(const std::string& folder,
       std::size_t files_max = runtime::limits::http_files_open_max);

  file_root(const file_root&) = delete;
  file_root& operator=(const file_root&) = delete;
  ~file_root();

  /// Opens a regular file; `path` is relative, e.g. "a/b.txt". If it must never
  /// wait, the names have to be in the kernel's cache, also those of files that
  /// are not there (RESOLVE_CACHED of openat2(2), since Linux 5.12).
  open_result open_below(const std::string& path,
                         disk_wait wait = disk_wait::allowed) const;

  /// The name that it was opened by, for texts.
  const std::string& name() const noexcept { return name_; }

  /// Files of this root that are open.
  std::size_t files_open() const noexcept { return files_open_.load(); }

private:
  friend class open_file;
  file_root(int fd, std::string name, std::size_t files_max,
            bool knows_cached) noexcept;
  bool admit() const noexcept;
  void leave() const noexcept;

  int fd_;
  std::string name_;
  std::size_t files_max_;
  bool knows_cached_;
  mutable std::atomic<std::size_t> files_open_{0};
};

} // namespace sluice::net::http
