// A small echo server in plain calls of the seam, in worlds with all their
// faults: what any correct program sees. This tests the world: bytes that come
// back are the right ones, nothing hangs, nothing leaks, and every run of a
// seed is the same.

#include "tests/support/byte_queue.h"
#include "tests/support/pattern.h"
#include "tests/support/peer_life.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_poller.h"
#include "tests/support/sim_socket_api.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
using runtime::interest;

constexpr std::size_t echo_bytes_max = 16 * 1024;

class echo_server final : public runtime::io_handler {
public:
  echo_server(sim_world& world, const runtime::socket_address& where)
      : api(world), poller(world), world_(world) {
    // A shortage of descriptors passes.
    while ((fd_ = api.open(where.family(), SOCK_STREAM)) < 0)
      world.advance(10ms);
    EXPECT_EQ(api.bind(fd_, where), 0);
    EXPECT_EQ(api.listen(fd_, 2), 0);
    EXPECT_FALSE(poller.add(fd_, interest::read, *this));
  }

  ~echo_server() {
    poller.remove(fd_);
    api.close(fd_, false);
    for (auto& x : connections_)
      x->end();
  }

  void on_ready(runtime::readiness) override {
    runtime::socket_address peer;
    auto fd = api.accept(fd_, peer);
    if (fd >= 0) {
      connections_.push_back(std::make_unique<connection>(*this, fd));
    } else if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS
               || fd == -ENOMEM) {
      EXPECT_FALSE(poller.modify(fd_, interest::none, *this));
      world_.after(100ms, [this] {
        EXPECT_FALSE(poller.modify(fd_, interest::read, *this));
      });
    } else {
      EXPECT_TRUE(fd == -EAGAIN || fd == -EINTR || fd == -ECONNABORTED) << fd;
    }
  }

  /// Runs until nothing is ready and the world is idle.
  void run() {
    std::array<runtime::ready_event, 4> events;
    for (int i = 0; i < 1'000'000; ++i) {
      auto n = poller.wait(events, runtime::duration{0});
      for (std::size_t k = 0; k < n; ++k)
        if (!forgotten(events[k].handler))
          events[k].handler->on_ready(events[k].what);
      gone_.clear();
      if (poller.idle() && !world_.run_one())
        return;
    }
    FAIL() << "the world does not come to rest";
  }

  sim_socket_api api;
  sim_poller poller;

private:
  struct connection final : runtime::io_handler {
    connection(echo_server& s, int descriptor) : server(s), fd(descriptor) {
      EXPECT_FALSE(server.poller.add(fd, interest::read, *this));
    }

    void on_ready(runtime::readiness what) override {
      if (what.failed)
        return server.drop(*this);
      if (!ended && echo.size() < echo_bytes_max && !read())
        return server.drop(*this);
      if (!write())
        return server.drop(*this);
      if (ended && echo.empty())
        return server.drop(*this);
      auto wanted = interest::none;
      if (!ended && echo.size() < echo_bytes_max)
        wanted = wanted | interest::read;
      if (!echo.empty())
        wanted = wanted | interest::write;
      EXPECT_FALSE(server.poller.modify(fd, wanted, *this));
    }

    bool read() {
      std::array<char, 4096> room;
      auto n = server.api.recv(fd, room);
      if (n < 0)
        return n == -EAGAIN || n == -EINTR;
      ended = n == 0;
      echo.append({room.data(), static_cast<std::size_t>(n)});
      return true;
    }

    bool write() {
      if (echo.empty())
        return true;
      auto view = echo.view();
      iovec part{const_cast<char*>(view.data()), view.size()};
      auto n = server.api.send(fd, {&part, 1});
      if (n < 0)
        return n == -EAGAIN || n == -EINTR;
      echo.drop(static_cast<std::size_t>(n));
      return true;
    }

    void end() {
      server.poller.remove(fd);
      server.api.close(fd, false);
    }

    echo_server& server;
    int fd;
    bool ended = false;
    byte_queue echo;
  };

  void drop(connection& x) {
    x.end();
    for (auto& y : connections_)
      if (y.get() == &x)
        gone_.push_back(std::move(y));
    std::erase(connections_, nullptr);
  }

  bool forgotten(runtime::io_handler* handler) const {
    for (const auto& x : gone_)
      if (x.get() == handler)
        return true;
    return false;
  }

  sim_world& world_;
  int fd_ = -1;
  std::vector<std::unique_ptr<connection>> connections_;
  std::vector<std::unique_ptr<connection>> gone_; // of this batch
};

struct client {
  client(sim_world& world, const runtime::socket_address& where)
      : peer(world),
        life(
            world, peer,
            peer_habits::drawn(world.random(), world.settings().easy_bytes())) {
    peer.connect(where);
  }

  void check() const {
    const auto& got = peer.received();
    EXPECT_LE(got.size(), life.offered());
    EXPECT_EQ(mismatch(life.habits().stream, 0, got), std::string::npos);
    EXPECT_TRUE(life.over());
    // Who finishes properly gets everything back.
    if (life.habits().ending == peer_ending::finish && peer.error() == 0
        && peer.connected()) {
      EXPECT_TRUE(peer.saw_end());
      EXPECT_EQ(got.size(), life.offered());
    }
  }

  sim_peer peer;
  peer_life life;
};

/// Runs the world of a seed and returns the hash of its trace.
std::uint64_t soak(std::uint64_t seed) {
  sim_world world{seed};
  auto where =
      world.random().below(4) == 0 ? at("/tmp/echo") : at("127.0.0.1", 7000);
  {
    echo_server server{world, where};
    std::vector<std::unique_ptr<client>> clients;
    if (world.random().below(4) == 0)
      world.after(world.random().between(0ms, 100ms), [&] {
        world.network().stall(world.host(), world.host(),
                              world.random().between(1ms, 10s));
      });
    for (auto n = world.random().between(1, 4); n > 0; --n)
      clients.push_back(std::make_unique<client>(world, where));
    server.run();
    for (const auto& x : clients)
      x->check();
  }
  EXPECT_EQ(world.host().open_descriptors(), 0u);
  world.settle();
  EXPECT_EQ(world.sockets(), 0u);
  return world.log().hash();
}

TEST(sim_world_soak_test, echo_is_right_in_every_world) {
  for_each_seed(1'000, [](std::uint64_t seed) { soak(seed); });
}

TEST(sim_world_soak_test, same_seed_is_the_same_world) {
  for_each_seed(50, [](std::uint64_t seed) {
    auto first = soak(seed);
    EXPECT_EQ(first, soak(seed));
    EXPECT_NE(first, soak(seed + 1));
  });
}

} // namespace
} // namespace sluice::testing
