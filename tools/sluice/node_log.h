#pragma once

// node_log: what a node has said, in a file. When the file is full it becomes
// `nN.log.1`, in the place of an older one, and a new one is begun: so a node
// that says the same for a week does not fill the disk.
//
// Thread rule: one thread at a time. Lifetime: the file is open until the
// object is gone.

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::tools {

class node_log {
public:
  /// Half of what a node may leave on the disk.
  static constexpr std::size_t file_bytes_max = 16 * 1024 * 1024;

  /// Begins the file anew. One that cannot be opened is done without.
  explicit node_log(std::string path, std::size_t bytes_max = file_bytes_max);

  void line(std::string_view text);

  const std::string& path() const noexcept { return path_; }

  /// The last line that was not empty.
  const std::string& last() const noexcept { return last_; }

private:
  struct closer {
    void operator()(std::FILE* x) const noexcept { std::fclose(x); }
  };

  void open();

  std::string path_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unique_ptr<std::FILE, closer> file_;
  std::string last_;
};

} // namespace sluice::tools
