#pragma once

// canned_server: something that listens on loopback and is not etcd: whoever
// connects and says something gets the same bytes, whatever was said.
//
// Tests only. Thread rule: any thread; it works on one of its own. Lifetime:
// the destructor ends it and closes what is open.

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::testing {

class canned_server {
public:
  enum class after : std::uint8_t { close, keep_open };

  canned_server(std::string reply, after what)
      : reply_(std::move(reply)), after_(what) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof(address);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    wake_ = ::eventfd(0, EFD_CLOEXEC);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 64) != 0
        || ::getsockname(listener_, generic, &length) != 0) {
      std::perror("canned_server");
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { run(); }};
  }

  ~canned_server() {
    std::uint64_t one = 1;
    if (::write(wake_, &one, sizeof(one)) != sizeof(one))
      std::abort();
    thread_.join();
    for (auto fd : open_)
      ::close(fd);
    ::close(listener_);
    ::close(wake_);
  }

  canned_server(const canned_server&) = delete;
  canned_server& operator=(const canned_server&) = delete;

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }

  /// How often it has replied.
  int replies() const noexcept { return replies_; }

  /// An answer as HTTP has it, to the last byte.
  static std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status
           + "\r\nContent-Length: " + std::to_string(body.size())
           + "\r\nContent-Type: application/json\r\n\r\n" + body;
  }

  /// An answer whose body goes on after these bytes.
  static std::string stream(const std::string& start) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           + chunk(start);
  }

  static std::string chunk(const std::string& bytes) {
    std::array<char, 20> size;
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    return size.data() + bytes + "\r\n";
  }

private:
  void run() {
    std::vector<pollfd> all;
    while (true) {
      all.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
      for (auto fd : open_)
        all.push_back({fd, POLLIN, 0});
      ::poll(all.data(), all.size(), -1);
      if (all[0].revents != 0)
        return;
      for (std::size_t i = 2; i < all.size(); ++i)
        if (all[i].revents != 0 && !serve(all[i].fd)) {
          ::close(all[i].fd);
          std::erase(open_, all[i].fd);
        }
      if (all[1].revents != 0)
        open_.push_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    }
  }

  /// False when it is to be closed.
  bool serve(int fd) {
    std::array<char, 64 * 1024> ignored;
    if (::recv(fd, ignored.data(), ignored.size(), 0) <= 0)
      return false;
    ++replies_;
    std::size_t sent = 0;
    while (sent < reply_.size()) {
      auto count =
          ::send(fd, reply_.data() + sent, reply_.size() - sent, MSG_NOSIGNAL);
      if (count <= 0)
        return false;
      sent += static_cast<std::size_t>(count);
    }
    return after_ == after::keep_open;
  }

  const std::string reply_;
  const after after_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = -1; // eventfd(2)
  std::vector<int> open_;
  std::atomic<int> replies_{0};
  std::thread thread_;
};

} // namespace sluice::testing
