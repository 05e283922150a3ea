#pragma once

// folder: a folder of its own for a test, with the files that it needs.
//
// For tests. Thread rule: the test's thread. Lifetime: the test's; everything
// in it is removed at the end.

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace sluice::testing {

class folder {
public:
  folder() {
    auto text = ::testing::TempDir() + "/folder.XXXXXX";
    auto made = ::mkdtemp(text.data());
    EXPECT_NE(made, nullptr) << text;
    path_ = text;
  }

  ~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  std::string path(std::string_view name = {}) const {
    return name.empty() ? path_ : path_ + "/" + std::string{name};
  }

  /// Writes a file, and makes the folders above it. One that is there is
  /// written anew, in place.
  void write(std::string_view name, std::string_view text) const {
    std::filesystem::create_directories(
        std::filesystem::path{path(name)}.parent_path());
    std::ofstream out{path(name), std::ios::binary | std::ios::trunc};
    out << text;
    EXPECT_TRUE(out.flush()) << name;
  }

  void append(std::string_view name, std::string_view text) const {
    std::ofstream out{path(name), std::ios::binary | std::ios::app};
    out << text;
    EXPECT_TRUE(out.flush()) << name;
  }

  void make_folder(std::string_view name) const {
    std::filesystem::create_directories(path(name));
  }

  void link(std::string_view target, std::string_view name) const {
    std::filesystem::create_symlink(target, path(name));
  }

  /// Makes the kernel forget a file's bytes: they are on the disk only. A file
  /// system without a disk keeps them.
  void evict(std::string_view name) const {
    auto fd = ::open(path(name).c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::fsync(fd), 0) << name;
    EXPECT_EQ(::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0) << name;
    ::close(fd);
  }

  /// Whether the kernel can tell what of a file is in memory: not in tmpfs.
  bool has_page_cache() const {
    struct statfs facts {};
    EXPECT_EQ(::statfs(path_.c_str(), &facts), 0);
    return facts.f_type != TMPFS_MAGIC;
  }

  /// Moves a file's time of the last change.
  void age(std::string_view name, std::chrono::seconds by) const {
    auto then = std::filesystem::last_write_time(path(name));
    std::filesystem::last_write_time(path(name), then - by);
  }

private:
  std::string path_;
};

} // namespace sluice::testing
