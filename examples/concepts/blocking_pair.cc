// The first program of docs/concepts.md: two ends of a connection as everybody
// writes them first, with plain blocking sockets and without Sluice. It shows
// where such a program spends its time: in send(), waiting.

#include "examples/support/plain_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

namespace {

using sluice::examples::support::must;
using sluice::examples::support::plain_socket;
using std::chrono::steady_clock;

// [blocking-sender]
void say_hello(const plain_socket& mysock) {
  must(send(mysock.fd(), "Hello!", 6, 0), "send");
  std::puts("sender: sent Hello!");
}
// [/blocking-sender]

// [blocking-receiver]
void hear_hello(const plain_socket& connection) {
  char text[6];
  must(recv(connection.fd(), text, sizeof text, MSG_WAITALL), "recv");
  std::printf("receiver: got %.6s\n", text);
}
// [/blocking-receiver]

/// Without this, how long a send waits would be up to the receiver, and this
/// program is to end.
void wait_at_most(const plain_socket& mysock, timeval limit) {
  must(setsockopt(mysock.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit),
       "setsockopt");
}

// [blocking-flood]
void send_until_one_waits(const plain_socket& mysock) {
  const std::string text(64 * 1024, 'x');
  for (long sent = 0;;) {
    auto start = steady_clock::now();
    auto count = send(mysock.fd(), text.data(), text.size(), 0);
    std::chrono::duration<double> waited = steady_clock::now() - start;
    if (count < 0 && errno == EAGAIN) {
      std::printf("sender: sent %ld bytes more; the next send waited %.1f s, "
                  "and would wait still\n",
                  sent, waited.count());
      return;
    }
    sent += must(count, "send");
  }
}
// [/blocking-flood]

} // namespace

int main() {
  auto listener = plain_socket::listen();
  // Two programs far from each other, here as two threads.
  std::thread sender{[port = listener.port()] {
    auto mysock = plain_socket::connect(port);
    say_hello(mysock);
    wait_at_most(mysock, {0, 500'000});
    send_until_one_waits(mysock);
  }};
  auto connection = listener.accept();
  hear_hello(connection);
  std::puts("receiver: I read no more");
  sender.join();
}
