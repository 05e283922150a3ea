#pragma once

// folder: a folder of its own for a test, with the files that it needs.
//
// For tests. Thread rule: the test's thread. Lifetime: the test's; everything
// in it is removed at the end.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

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

  /// Moves a file's time of the last change.
  void age(std::string_view name, std::chrono::seconds by) const {
    auto then = std::filesystem::last_write_time(path(name));
    std::filesystem::last_write_time(path(name), then - by);
  }

private:
  std::string path_;
};

} // namespace sluice::testing
