#pragma once

// socket_file: the file of a bound Unix socket. Whoever bound the socket
// removes the file, unless a newer socket has taken its path.
//
// Internal. Thread rule: one thread at a time. Lifetime: the socket_api
// outlives it.

#include "net/socket.h"

#include <cstdint>
#include <string>

namespace sluice::net {

class socket_file {
public:
  socket_file() noexcept = default;

  /// The file of `bound`, or none: an abstract name, or no open Unix socket.
  explicit socket_file(const socket& bound);

  /// Removes the file; at most once. The socket must be open still: until then
  /// no other file can have its number.
  void remove();

private:
  runtime::socket_api* api_ = nullptr;
  std::string path_;
  std::uint64_t number_ = 0;
};

} // namespace sluice::net
