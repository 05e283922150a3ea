#pragma once

// descriptor: the file, pipe or terminal that a program reads or writes.
//
// Thread rule: the main function's, before it makes actors. Lifetime: open
// until the process ends; only `close_output` closes one.

#include <caf/expected.hpp>

#include <string>

namespace sluice::examples::support {

struct descriptor {
  int fd = -1;
  /// Pipes, sockets and terminals make wait, so epoll watches them and they do
  /// not block. Files and devices like /dev/null are always ready: reading them
  /// may take the disk's time, but never waits for somebody else, and epoll
  /// refuses them.
  bool waits = false;
  std::string name;
};

/// Opens `path` for reading; "-" is the standard input. Errors name the path.
caf::expected<descriptor> open_input(const std::string& path);

/// Opens `path` for writing, and empties it; "-" is the standard output.
/// Refuses a file that is the input, too.
caf::expected<descriptor> open_output(const std::string& path,
                                      const descriptor& input);

/// "name: what errno says".
std::string errno_text(const descriptor& x, int error);

} // namespace sluice::examples::support
