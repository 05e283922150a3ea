// The yardstick of the pairs: two blocking sockets with TCP_NODELAY and nothing
// else. `stream` writes many numbers with one call: what batching can reach at
// best. There is no `slow`: a blocking sender waits, and nothing can grow.

#include "bench/loopback.h"
#include "bench/pair/job.h"
#include "bench/pair/load.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace sluice::bench;
using namespace sluice::bench::pair;

// Numbers that one call writes or reads: 32 KiB.
constexpr size_t numbers_per_call = 4096;

void send_all(int fd, const void* data, size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    auto n = send(fd, at, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR)
      die("send");
    if (n > 0) {
      at += n;
      size -= static_cast<size_t>(n);
    }
  }
}

// How much of `size` came before the end of the stream.
size_t receive_all(int fd, void* data, size_t size) {
  size_t have = 0;
  while (have < size) {
    auto n = recv(fd, static_cast<char*>(data) + have, size - have, 0);
    if (n == 0)
      break;
    if (n < 0 && errno != EINTR)
      die("recv");
    if (n > 0)
      have += static_cast<size_t>(n);
  }
  return have;
}

uint64_t receive_number(int fd) {
  uint64_t x = 0;
  return receive_all(fd, &x, sizeof(x)) == sizeof(x) ? x : UINT64_MAX;
}

// -- the receiver -------------------------------------------------------------

uint64_t receive_stream(int fd) {
  tally seen;
  std::vector<uint64_t> numbers(numbers_per_call);
  size_t have = 0; // bytes, of numbers that may not be whole
  for (;;) {
    auto* memory = reinterpret_cast<char*>(numbers.data());
    auto n = recv(fd, memory + have, numbers.size() * 8 - have, 0);
    if (n <= 0)
      return seen.count();
    have += static_cast<size_t>(n);
    for (size_t i = 0; i < have / 8; ++i)
      seen.number(numbers[i]);
    std::memmove(memory, memory + have / 8 * 8, have % 8);
    have %= 8;
  }
}

uint64_t receive_bulk(int fd) {
  tally seen;
  std::string block(block_bytes, '\0');
  while (auto n = receive_all(fd, block.data(), block.size()))
    seen.block(block.data(), n);
  return seen.count();
}

// Waits with epoll before each read, if it is told to: what readiness costs.
class waiter {
public:
  waiter(int fd, bool use) {
    if (!use)
      return;
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
      die("epoll");
  }

  ~waiter() {
    if (epoll_ >= 0)
      close(epoll_);
  }

  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  void wait() const {
    epoll_event event{};
    while (epoll_ >= 0 && epoll_wait(epoll_, &event, 1, -1) < 0)
      if (errno != EINTR)
        die("epoll_wait");
  }

private:
  int epoll_ = -1;
};

void answer(int fd, bool epoll) {
  waiter readable{fd, epoll};
  uint64_t x = 0;
  for (;;) {
    readable.wait();
    if (receive_all(fd, &x, sizeof(x)) != sizeof(x))
      return;
    send_all(fd, &x, sizeof(x));
  }
}

void serve(int fd, bool epoll) {
  set_nodelay(fd);
  auto what = static_cast<job>(receive_number(fd));
  uint64_t count = 0;
  if (what == job::stream)
    count = receive_stream(fd);
  else if (what == job::bulk)
    count = receive_bulk(fd);
  else if (what == job::ping)
    return answer(fd, epoll);
  send_all(fd, &count, sizeof(count));
}

int receive(uint16_t port, bool epoll) {
  int listener = listen_loopback(port);
  announce(local_port(listener));
  pollfd waiting{listener, POLLIN, 0};
  for (;;) {
    if (poll(&waiting, 1, -1) < 0 && errno != EINTR)
      die("poll");
    int fd = accept(listener, nullptr, nullptr);
    if (fd < 0)
      continue;
    serve(fd, epoll);
    close(fd);
  }
}

// -- the sender ---------------------------------------------------------------

// Whatever is sent until now has been handled when the answer is there.
void confirm(int fd, uint64_t sent, job_result& result) {
  if (shutdown(fd, SHUT_WR) != 0)
    die("shutdown");
  result.messages = receive_number(fd);
  if (result.messages != sent)
    result.fault = "the receiver did not get everything in order";
}

void send_stream(int fd, const pair_options& options, job_result& result) {
  std::vector<uint64_t> numbers(numbers_per_call);
  uint64_t sent = 0;
  auto end = now_ns() + options.duration_ns();
  while (sent < options.count_max() && now_ns() < end) {
    auto n = std::min<uint64_t>(numbers.size(), options.count_max() - sent);
    for (size_t i = 0; i < n; ++i)
      numbers[i] = sent++;
    send_all(fd, numbers.data(), n * sizeof(uint64_t));
  }
  confirm(fd, sent, result);
}

void send_bulk(int fd, const pair_options& options, job_result& result) {
  std::vector<std::string> blocks;
  for (uint64_t i = 0; i < block_count; ++i)
    blocks.push_back(make_block(i));
  uint64_t sent = 0;
  auto end = now_ns() + options.duration_ns();
  for (; sent < options.count_max() && now_ns() < end; ++sent)
    send_all(fd, blocks[sent % block_count].data(), block_bytes);
  confirm(fd, sent, result);
}

void send_ping(int fd, const pair_options& options, bool epoll,
               job_result& result) {
  waiter readable{fd, epoll};
  auto begin = now_ns();
  auto end = begin + options.duration_ns();
  while (result.messages < options.count_max() && begin < end) {
    send_all(fd, &result.messages, sizeof(uint64_t));
    readable.wait();
    if (receive_number(fd) != result.messages) {
      result.fault = "another number came back";
      return;
    }
    auto now = now_ns();
    result.latency_ns.record(now - begin);
    begin = now;
    ++result.messages;
  }
}

int send(const pair_options& options, bool epoll) {
  int fd = connect_loopback(options.port, 0);
  auto what = static_cast<uint64_t>(options.what);
  job_result result;
  send_all(fd, &what, sizeof(what));
  auto begin = now_ns();
  if (options.what == job::stream)
    send_stream(fd, options, result);
  else if (options.what == job::bulk)
    send_bulk(fd, options, result);
  else
    send_ping(fd, options, epoll, result);
  result.seconds = static_cast<double>(now_ns() - begin) / 1e9;
  close(fd);
  return finish(options, result);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Two blocking TCP sockets."};
  pair_options options;
  add_pair_options(app, options, {job::stream, job::bulk, job::ping});
  bool epoll = false;
  app.add_flag("--epoll", epoll, "in ping, wait for readiness before a read");
  CLI11_PARSE(app, argc, argv);
  if (options.sends)
    return send(options, epoll);
  // Nothing is left to be done at the end of a receiver.
  std::signal(SIGTERM, [](int) { _exit(0); });
  return receive(options.port, epoll);
}
