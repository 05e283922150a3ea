// The judge of WebSocket fan-out, without any of Sluice's code: opens clients,
// and counts what a server sends them all for some seconds.
//
//   fan_out_load --port N --clients 1000 --bytes 1024 --seconds 2 --pid PID
//
// Every client reads frames of one length, and looks at each: its header, and
// the number in the payload, which is one more than the number before it. So
// what is counted was delivered, once, to this client. Prints one line of JSON.

#include "bench/cpu_time.h"
#include "bench/loopback.h"

#include <CLI/CLI.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace sluice::bench;

constexpr std::size_t header_bytes = 4; // of 126 to 65,535 bytes, from a server
constexpr std::size_t number_digits = 16; // at the beginning of a payload

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "fan_out_load: %s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

struct client {
  int fd = -1;
  std::size_t at = 0; // in the current frame
  unsigned char head[header_bytes + number_digits];
  std::uint64_t next = 0; // number, 0 before the first
  std::uint64_t messages = 0;
};

class load {
public:
  load(std::uint16_t port, unsigned clients, std::size_t bytes)
      : frame_bytes_(header_bytes + bytes),
        clients_(clients),
        poller_(epoll_create1(EPOLL_CLOEXEC)) {
    for (unsigned i = 0; i < clients; ++i) {
      clients_[i].fd = connect_loopback(port, i);
      shake_hands(clients_[i].fd, port);
      set_nonblocking(clients_[i].fd);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u32 = i;
      if (epoll_ctl(poller_, EPOLL_CTL_ADD, clients_[i].fd, &event) != 0)
        die("epoll_ctl");
    }
  }

  /// Reads until `end`, in ns.
  void run(std::uint64_t end) {
    epoll_event events[256];
    while (now_ns() < end) {
      auto count = epoll_wait(poller_, events, 256, 10);
      for (int i = 0; i < count; ++i)
        read_all(clients_[events[i].data.u32]);
    }
  }

  std::uint64_t messages() const {
    std::uint64_t result = 0;
    for (auto& x : clients_)
      result += x.messages;
    return result;
  }

  /// Of the client that got the fewest since all were cleared.
  std::uint64_t fewest() const {
    auto result = clients_.front().messages;
    for (auto& x : clients_)
      result = std::min(result, x.messages);
    return result;
  }

  void clear() {
    for (auto& x : clients_)
      x.messages = 0;
  }

private:
  static void shake_hands(int fd, std::uint16_t port) {
    auto request =
        "GET /live HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port)
        + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          "Sec-WebSocket-Version: 13\r\n\r\n";
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL)
        != static_cast<ssize_t>(request.size()))
      die("send");
    std::string answer;
    char x = 0;
    while (!answer.ends_with("\r\n\r\n")) { // what follows are frames
      if (recv(fd, &x, 1, 0) != 1)
        fail("the server ended the handshake: " + answer);
      answer += x;
    }
    if (!answer.starts_with("HTTP/1.1 101 ")
        || answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string::npos)
      fail("the server refused the handshake: " + answer);
  }

  void read_all(client& x) {
    auto count = recv(x.fd, buffer_, sizeof buffer_, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (count <= 0)
      fail("the server ended a connection");
    for (std::size_t i = 0; i < static_cast<std::size_t>(count);) {
      auto rest = static_cast<std::size_t>(count) - i;
      if (x.at < sizeof x.head) {
        auto part = std::min(rest, sizeof x.head - x.at);
        std::memcpy(x.head + x.at, buffer_ + i, part);
        x.at += part;
        i += part;
        if (x.at == sizeof x.head)
          check(x);
        continue;
      }
      auto part = std::min(rest, frame_bytes_ - x.at);
      x.at += part;
      i += part;
      if (x.at == frame_bytes_) {
        x.at = 0;
        ++x.messages;
      }
    }
  }

  void check(client& x) const {
    auto payload = frame_bytes_ - header_bytes;
    if ((x.head[0] != 0x81 && x.head[0] != 0x82) || x.head[1] != 126
        || x.head[2] * 256u + x.head[3] != payload)
      fail("a frame is not what it should be");
    std::string digits{reinterpret_cast<const char*>(x.head) + header_bytes,
                       number_digits};
    auto number = std::strtoull(digits.c_str(), nullptr, 10);
    if (x.next != 0 && number != x.next)
      fail("message " + digits + " instead of " + std::to_string(x.next));
    x.next = number + 1;
  }

  std::size_t frame_bytes_;
  std::vector<client> clients_;
  int poller_;
  char buffer_[256 * 1024];
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Counts what a WebSocket server sends to all its clients."};
  std::uint16_t port = 0;
  unsigned clients = 1'000;
  std::size_t bytes = 1'024;
  double seconds = 2;
  std::uint64_t pid = 0;
  app.add_option("--port", port)->required();
  app.add_option("--clients", clients)->check(CLI::Range(1u, 20'000u));
  app.add_option("--bytes", bytes)->check(CLI::Range(126u, 65'535u));
  app.add_option("--seconds", seconds)->check(CLI::Range(0.1, 60.0));
  app.add_option("--pid", pid, "of the server, for its CPU time");
  CLI11_PARSE(app, argc, argv);

  raise_descriptor_limit();
  static load all{port, clients, bytes};
  auto ns = [](double s) { return static_cast<std::uint64_t>(s * 1e9); };
  all.run(now_ns() + ns(0.3)); // warm
  all.clear();
  auto cpu = cpu_time_of(pid);
  auto start = now_ns();
  all.run(start + ns(seconds));
  auto took = static_cast<double>(now_ns() - start) / 1e9;
  auto used = cpu_time_of(pid) - cpu;
  auto messages = static_cast<double>(all.messages());
  std::printf("{\"messages_per_s\": %.0f, \"broadcasts_per_s\": %.1f, "
              "\"fewest\": %llu, \"server_us_per_message\": %.3f, "
              "\"server_waited_s\": %.3f}\n",
              messages / took, messages / took / clients,
              static_cast<unsigned long long>(all.fewest()),
              messages > 0 ? used.used_s * 1e6 / messages : 0.0, used.waited_s);
}
