#include "tests/net/name_server.h"

#include "runtime/panic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace sluice::testing {

using runtime::check;
using runtime::interest;

namespace {

// RFC 1035, 4.1.1 and 3.2.2; RFC 3596.
constexpr std::size_t header_bytes = 12;
constexpr char answer_flags = '\x81'; // a response, recursion desired
constexpr char truncated_flag = 2;
constexpr char no_such_name = 3;
constexpr unsigned ipv4_type = 1;
constexpr unsigned ipv6_type = 28;

unsigned number_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) * 256u
         + static_cast<unsigned char>(bytes[at + 1]);
}

std::string two_bytes(std::size_t x) {
  return {static_cast<char>(x / 256), static_cast<char>(x % 256)};
}

/// The name in a question, with dots; `at` moves behind it.
std::string name_at(std::string_view question, std::size_t& at) {
  std::string result;
  while (question.at(at) != 0) {
    auto size = static_cast<unsigned char>(question[at]);
    result += result.empty() ? "" : ".";
    result += question.substr(at + 1, size);
    at += size + 1u;
  }
  ++at;
  return result;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

bool bind_to(int fd, std::uint16_t port) {
  auto address = loopback(port);
  return ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address))
         == 0;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

} // namespace

/// One client by TCP: questions and answers behind their lengths.
class name_server::stream final : public runtime::io_handler {
public:
  stream(name_server& server, int fd) : server_(server), fd_(fd) {
    check(!server_.loop_.watch(fd_, interest::read, *this), "watch");
  }

  ~stream() { close(); }

  void on_ready(runtime::readiness) override {
    std::array<char, 4096> room;
    auto n = ::recv(fd_, room.data(), room.size(), 0);
    if (n <= 0)
      return close();
    input_.append(room.data(), static_cast<std::size_t>(n));
    while (input_.size() >= 2 && input_.size() >= 2 + number_at(input_, 0)) {
      auto size = number_at(input_, 0);
      auto reply = server_.answer(input_.substr(2, size), true);
      input_.erase(0, 2 + size);
      reply = two_bytes(reply.size()) + reply;
      ::send(fd_, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }

private:
  void close() {
    if (fd_ < 0)
      return;
    server_.loop_.unwatch(fd_, *this);
    ::close(std::exchange(fd_, -1));
  }

  name_server& server_;
  int fd_;
  std::string input_;
};

name_server::name_server(runtime::event_loop& loop)
    : loop_(loop),
      udp_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      tcp_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  // A port that is free for UDP is most often free for TCP.
  bool bound = false;
  for (int i = 0; i < 100 && !bound; ++i) {
    bound = bind_to(tcp_, 0) && bind_to(udp_, port_ = port_of(tcp_));
    if (!bound) {
      ::close(tcp_);
      tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
  }
  check(bound && ::listen(tcp_, 16) == 0, "no port for the name server");
  check(!loop_.watch(udp_, interest::read, *this), "watch");
  check(!loop_.watch(tcp_, interest::read, *this), "watch");
}

name_server::~name_server() {
  streams_.clear();
  loop_.unwatch(udp_, *this);
  loop_.unwatch(tcp_, *this);
  ::close(udp_);
  ::close(tcp_);
}

std::string name_server::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void name_server::add(const std::string& name, const std::string& address) {
  std::array<char, sizeof(in6_addr)> bytes{};
  auto is_ipv4 = ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  check(is_ipv4 || ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1,
        "no IP address");
  records_.emplace(name, std::string{bytes.data(), is_ipv4 ? 4u : 16u});
}

/// For both sockets: a call that finds nothing does no harm.
void name_server::on_ready(runtime::readiness) {
  if (auto fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0)
    streams_.push_back(std::make_unique<stream>(*this, fd));
  while (answer_datagram()) {
    // on to the next
  }
}

bool name_server::answer_datagram() {
  std::array<char, 4096> room;
  sockaddr_in client{};
  socklen_t size = sizeof(client);
  auto n = ::recvfrom(udp_, room.data(), room.size(), 0,
                      reinterpret_cast<sockaddr*>(&client), &size);
  if (n < static_cast<ssize_t>(header_bytes))
    return false;
  auto reply = answer({room.data(), static_cast<std::size_t>(n)}, false);
  if (!silent_)
    ::sendto(udp_, reply.data(), reply.size(), 0,
             reinterpret_cast<sockaddr*>(&client), size);
  return true;
}

std::string name_server::answer(std::string_view question, bool by_tcp) {
  ++(by_tcp ? questions_by_tcp_ : questions_);
  auto at = header_bytes;
  auto name = name_at(question, at);
  auto type = number_at(question, at);
  auto [first, last] = records_.equal_range(name);
  std::string answers;
  std::size_t count = 0;
  auto truncated = truncate_ && !by_tcp;
  for (auto i = first; i != last && !truncated; ++i) {
    auto& bytes = i->second;
    if (type != (bytes.size() == 4 ? ipv4_type : ipv6_type))
      continue;
    ++count;
    answers += std::string{"\xc0\x0c", 2}; // the name: see the question
    answers += two_bytes(type) + two_bytes(1) + two_bytes(0) + two_bytes(60);
    answers += two_bytes(bytes.size()) + bytes;
  }
  std::string result{question.substr(0, 2)};
  result += static_cast<char>(answer_flags | (truncated ? truncated_flag : 0));
  result += first == last ? no_such_name : '\0';
  result += two_bytes(1) + two_bytes(count) + two_bytes(0) + two_bytes(0);
  result += question.substr(header_bytes, at + 4 - header_bytes);
  return result + answers;
}

} // namespace sluice::testing
