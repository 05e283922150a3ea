// The third program of docs/concepts.md: a sender that never waits, still
// without Sluice. The operating system takes what it sends into a buffer; and
// when the program sends too quickly, the buffer is full.

#include "examples/support/plain_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

using sluice::examples::support::must;
using sluice::examples::support::plain_socket;

// [non-blocking-sender]
void send_for_ever(const plain_socket& mysock) {
  must(fcntl(mysock.fd(), F_SETFL, O_NONBLOCK), "fcntl");
  for (long sent = 0;;) {
    auto count = send(mysock.fd(), "Hello!", 6, 0);
    if (count < 0) {
      std::printf("Hello IOError! After %ld bytes: %s\n", sent,
                  std::strerror(errno));
      return;
    }
    sent += count;
  }
}
// [/non-blocking-sender]

} // namespace

int main() {
  auto listener = plain_socket::listen();
  auto mysock = plain_socket::connect(listener.port());
  auto connection = listener.accept(); // which nobody reads
  send_for_ever(mysock);
}
