#pragma once

// console: lines for the standard output, written by a thread of its own: a
// terminal that is held (Ctrl-S) or a pipe that nobody reads must not hold up
// the launcher. What waits is bounded; what does not fit is counted, and said
// when there is room again.
//
// Thread rule: any thread. Lifetime: the destructor writes what waits, unless
// nobody takes it for a second.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::tools {

class console {
public:
  static constexpr std::size_t waiting_bytes_max = 1024 * 1024;

  explicit console(int fd);
  ~console();

  console(const console&) = delete;
  console& operator=(const console&) = delete;

  void line(std::string_view text);

  /// Waits until everything was written, or nobody took a byte for a second.
  void flush();

private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

} // namespace sluice::tools
