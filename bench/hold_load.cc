#include "bench/hold_load.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

#include "bench/loopback.h"
#include "bench/pattern.h"

namespace sluice::bench {

namespace {

constexpr size_t message_bytes = 64;

// Waits for the next order on stdin; false at its end or at `deadline_ns`.
bool await_order(uint64_t deadline_ns, std::array<char, 256>& line) {
  auto now = now_ns();
  if (now >= deadline_ns)
    return false;
  pollfd input{STDIN_FILENO, POLLIN, 0};
  auto wait_ms = static_cast<int>((deadline_ns - now) / 1'000'000 + 1);
  if (poll(&input, 1, wait_ms) <= 0)
    return false;
  // An order is a short line that its writer flushes at once.
  auto n = read(STDIN_FILENO, line.data(), line.size() - 1);
  if (n <= 0)
    return false;
  line[static_cast<size_t>(n)] = '\0';
  return true;
}

void report(const char* what, size_t count) {
  std::printf("%s %zu\n", what, count);
  std::fflush(stdout);
}

// One message there and back.
bool speak(int fd, unsigned index) {
  pattern stream{message_bytes, index};
  std::array<std::byte, message_bytes> message;
  stream.fill_body(message);
  stream.stamp(message, 0);
  // A server that does not answer must not hold up the run for ever.
  timeval patience{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (send(fd, message.data(), message.size(), MSG_NOSIGNAL)
      != static_cast<ssize_t>(message.size()))
    return false;
  std::array<std::byte, message_bytes> answer;
  return recv(fd, answer.data(), answer.size(), MSG_WAITALL)
             == static_cast<ssize_t>(answer.size())
         && answer == message;
}

uint64_t deadline_after(double seconds) {
  return now_ns() + static_cast<uint64_t>(seconds * 1e9);
}

} // namespace

bool hold_idle(uint16_t port, unsigned count, double limit_s) {
  auto deadline = deadline_after(limit_s);
  std::vector<int> sockets;
  sockets.reserve(count);
  for (unsigned i = 0; i < count; ++i)
    sockets.push_back(connect_loopback(port, i));
  report("connected", sockets.size());
  bool intact = true;
  for (std::array<char, 256> line; intact && await_order(deadline, line);) {
    if (std::string_view{line.data()} != "speak\n")
      continue;
    for (unsigned i = 0; intact && i < count; ++i)
      intact = speak(sockets[i], i);
    if (intact)
      report("spoke", sockets.size());
  }
  std::ranges::for_each(sockets, [](int fd) { close(fd); });
  return intact;
}

void never_read(uint16_t port, double limit_s) {
  auto deadline = deadline_after(limit_s);
  int fd = connect_loopback(port, 0);
  report("connected", 1);
  for (std::array<char, 256> line; await_order(deadline, line);) {
  }
  close(fd);
}

} // namespace sluice::bench
