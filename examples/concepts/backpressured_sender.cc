// The fourth program of docs/concepts.md: actors that send too fast, and are
// told so. First one that listens, then one that does not. Their peer reads
// nothing until the buffers are full; neither makes memory grow, and no byte is
// lost in silence.

#include "examples/support/plain_socket.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/loop_actor.h"

#include <caf/actor_system.hpp>

#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace net = sluice::net;
namespace runtime = sluice::runtime;
using sluice::examples::support::must;
using sluice::examples::support::plain_socket;

/// 64 MiB in all. In one turn of the loop a sender hands over at most
/// limits::actor_turn_messages pieces, half a MiB, before its connection looks
/// at them: less than a connection queues.
constexpr std::size_t piece_bytes = 8 * 1024;
constexpr std::size_t all_bytes = 64 * 1024 * 1024;

/// What a sender tells itself to go on, so that signals get in between.
using next = caf::atom_constant<caf::atom("next")>;

/// What a sender knows, and what it tells the main function.
struct state {
  std::size_t sent = 0;
  std::size_t came_back = 0;
  int applied = 0;
  int released = 0;
  bool held = false;    // told to stop
  bool resting = false; // and has done so
  std::promise<void> full;
  std::promise<void> done;
};

char byte_at(std::size_t offset) {
  return static_cast<char>('a' + offset / piece_bytes % 26);
}

/// Sends the next piece, or after the last one closes. True if there is more.
bool send_piece(runtime::loop_actor* self, const caf::actor& connection,
                state& my) {
  std::string text(piece_bytes, byte_at(my.sent));
  self->send(connection, net::write{runtime::byte_slice::copy(text)});
  my.sent += piece_bytes;
  if (my.sent < all_bytes)
    return true;
  self->send(connection, net::close{});
  return false;
}

// [obedient-sender]
caf::behavior obedient_sender(runtime::loop_actor* self,
                              const caf::actor& connection, state* my) {
  self->send(self, next::value);
  return {
      [=](next) {
        my->resting = my->held;
        if (!my->resting && send_piece(self, connection, *my))
          self->send(self, next::value);
      },
      [=](const net::backpressure& signal) {
        if (signal.state == net::pressure::applied) {
          my->held = true;
          if (my->applied++ == 0)
            my->full.set_value();
        } else if (signal.state == net::pressure::released) {
          my->held = false;
          my->released++;
          if (std::exchange(my->resting, false))
            self->send(self, next::value);
        }
      },
      [=](const net::closed&) { my->done.set_value(); },
  };
}
// [/obedient-sender]

// [deaf-sender]
caf::behavior deaf_sender(runtime::loop_actor* self,
                          const caf::actor& connection, state* my) {
  self->send(self, next::value);
  return {
      [=](next) {
        if (send_piece(self, connection, *my))
          self->send(self, next::value);
        else
          my->full.set_value();
      },
      [](const net::backpressure&) { /* who cares */ },
      [=](const net::rejected& back) { my->came_back += back.bytes.size(); },
      [=](const net::closed&) { my->done.set_value(); },
  };
}
// [/deaf-sender]

using sender = caf::behavior (*)(runtime::loop_actor*, const caf::actor&,
                                 state*);

/// The connection. Its own behavior says only when it begins and ends.
caf::behavior connection(net::stream_broker* self, sender f, state* my) {
  auto user = std::make_shared<caf::actor>();
  return {
      [=](const net::connected&) {
        *user = runtime::spawn_on(self->loop(), f, caf::actor{self}, my);
      },
      [=](const net::closed& why) { self->send(*user, why); },
  };
}

/// The peer: reads to the end, and returns how many bytes came. `whole` says
/// whether they are what was sent, from the first to the last.
std::size_t read_all(const plain_socket& peer, bool& whole) {
  std::vector<char> room(256 * 1024);
  std::size_t got = 0;
  whole = true;
  while (auto count =
             must(recv(peer.fd(), room.data(), room.size(), 0), "recv"))
    for (auto i = 0; i < count; ++i)
      whole &= room[static_cast<std::size_t>(i)] == byte_at(got++);
  whole &= got == all_bytes;
  return got;
}

/// The most memory that this process ever had.
long peak_kib() {
  rusage usage;
  must(getrusage(RUSAGE_SELF, &usage), "getrusage");
  return usage.ru_maxrss;
}

/// Lets `f` send to a peer that reads nothing until it is told to.
std::size_t run(runtime::loop_group& loops, sender f, state& my, bool& whole) {
  auto listener = plain_socket::listen();
  auto where = "tcp://127.0.0.1:" + std::to_string(listener.port());
  net::connect(loops, where, connection, {}, f, &my);
  std::size_t got = 0;
  {
    auto peer = listener.accept();
    my.full.get_future().wait();
    got = read_all(peer, whole);
  }
  my.done.get_future().wait();
  return got;
}

} // namespace

int main() {
  net::config cfg;
  caf::actor_system sys{cfg};
  state first;
  state second;
  runtime::loop_group loops{sys, {.loops = 1}};
  auto before = peak_kib();
  auto whole = false;

  auto got = run(loops, obedient_sender, first, whole);
  std::printf("A sender that listens was told %d times to stop and %d times to "
              "go on.\nIt sent %zu bytes; the peer got %zu, %s.\n",
              first.applied, first.released, first.sent, got,
              whole ? "all in order" : "but not what was sent");

  got = run(loops, deaf_sender, second, whole);
  std::printf("A sender that does not listen sent %zu bytes; the peer got %zu, "
              "and %zu came back.\n",
              second.sent, got, second.came_back);

  std::printf("Memory grew by %ld KiB.\n", peak_kib() - before);
}
