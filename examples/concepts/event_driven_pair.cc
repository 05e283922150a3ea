// The second program of docs/concepts.md: the pair of the first, driven by
// events. Each end is an actor around its socket. It does nothing until a
// message says that the socket is readable or writable, or that time has
// passed; so neither ever waits inside of a call, and one thread serves both.

#include "examples/support/plain_socket.h"
#include "net/config.h"
#include "net/fd_broker.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace {

namespace net = sluice::net;
namespace runtime = sluice::runtime;
using sluice::examples::support::must;
using sluice::examples::support::plain_socket;
using namespace std::chrono_literals;

/// At least so much is sent: more than the operating system buffers.
constexpr std::size_t all_bytes = 32 * 1024 * 1024;

const std::string piece(64 * 1024, 'x');

// [event-driven-sender]
caf::behavior sender(net::fd_broker* self) {
  auto sent = std::make_shared<std::size_t>(0);
  auto stopped = std::make_shared<bool>(false);
  self->want(net::interest::write);
  return {
      [=](net::writable socket) {
        while (*sent < all_bytes) {
          auto count = send(socket.fd, piece.data(), piece.size(), 0);
          if (count < 0 && errno == EAGAIN) {
            if (!std::exchange(*stopped, true))
              std::printf("sender: %zu bytes are sent, no more fit; "
                          "now I can do something else\n",
                          *sent);
            return; // until the next *writable*
          }
          *sent += static_cast<std::size_t>(must(count, "send"));
        }
        std::printf("sender: all %zu bytes are sent\n", *sent);
        self->close();
      },
  };
}
// [/event-driven-sender]

// [event-driven-receiver]
caf::behavior receiver(net::fd_broker* self, std::promise<void>* done) {
  auto got = std::make_shared<std::size_t>(0);
  self->set_timer(200ms);
  return {
      [=](net::timed_out) {
        std::puts("receiver: 0.2 s are over, from now on I read");
        self->want(net::interest::read);
      },
      [=](net::readable socket) {
        char room[16 * 1024];
        auto count = must(recv(socket.fd, room, sizeof room, 0), "recv");
        *got += static_cast<std::size_t>(count);
        if (count > 0)
          return; // until the next *readable*
        std::printf("receiver: got %zu bytes\n", *got);
        self->close();
        done->set_value();
      },
  };
}
// [/event-driven-receiver]

/// The socket in a shape in which its calls return at once.
int non_blocking(plain_socket x) {
  must(fcntl(x.fd(), F_SETFL, O_NONBLOCK), "fcntl");
  return x.release();
}

} // namespace

int main() {
  net::config cfg;
  caf::actor_system sys{cfg};
  std::promise<void> done;
  runtime::loop_group loops{sys, {.loops = 1}};
  auto& loop = loops.at(0);
  auto listener = plain_socket::listen();
  auto mysock = plain_socket::connect(listener.port());
  auto connection = listener.accept();
  net::spawn_fd_broker(loop, non_blocking(std::move(mysock)),
                       net::ownership::owned, sender);
  net::spawn_fd_broker(loop, non_blocking(std::move(connection)),
                       net::ownership::owned, receiver, &done);
  done.get_future().wait();
}
