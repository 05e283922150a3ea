// Random scripts on a stream connection, run on the simulated kernel and on the
// real one side by side: every result, every flag and every count of unread
// bytes must be the same.

#include "tests/support/kernel.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_address.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <memory>
#include <string>

namespace sluice::testing {
namespace {

constexpr auto closed = -1;

/// A connection on one kernel; `ends` are its two descriptors.
struct connection {
  explicit connection(std::unique_ptr<kernel> k) : on(std::move(k)) {}

  ~connection() {
    for (auto fd : ends)
      if (fd != closed)
        on->api().close(fd, true);
  }

  void open(const runtime::socket_address& where) {
    auto& api = on->api();
    auto listener = api.open(where.family(), SOCK_STREAM);
    ASSERT_EQ(api.bind(listener, where), 0);
    ASSERT_EQ(api.listen(listener, 1), 0);
    runtime::socket_address address;
    api.local_address(listener, address);
    ends[0] = api.open(where.family(), SOCK_STREAM);
    api.connect(ends[0], address);
    ASSERT_TRUE(on->until([&] { return on->ready(ends[0]).writable; }));
    runtime::socket_address peer;
    ASSERT_TRUE(on->until([&] {
      ends[1] = api.accept(listener, peer);
      return ends[1] >= 0;
    }));
    if (where.family() != AF_UNIX) {
      ASSERT_EQ(api.connect(ends[0], address), 0); // so that it has told
    }
    api.close(listener, false);
  }

  std::string state(std::size_t end) const {
    auto fd = ends[end];
    if (fd == closed)
      return "closed";
    return flags_text(on->ready(fd)) + " " + std::to_string(on->unread(fd));
  }

  std::string state() const { return state(0) + " / " + state(1); }

  std::unique_ptr<kernel> on;
  std::array<int, 2> ends{closed, closed};
};

struct step {
  enum class call { send, recv, shutdown, close, reset, error, peer, connect };

  call what;
  std::size_t end;
  std::size_t size;
};

step draw(random_source& random) {
  using call = step::call;
  static constexpr std::array calls{
      call::send,     call::send,  call::send,  call::send,   call::recv,
      call::recv,     call::recv,  call::recv,  call::error,  call::peer,
      call::send,     call::recv,  call::send,  call::recv,   call::shutdown,
      call::shutdown, call::close, call::reset, call::connect};
  return {random.pick(calls), random.below(2), random.below(200)};
}

/// Does a step and gives its result as text.
std::string run(connection& x, const step& s) {
  auto& api = x.on->api();
  auto fd = x.ends[s.end];
  if (fd == closed)
    return "closed";
  std::string bytes(s.size, 'x');
  runtime::socket_address address;
  switch (s.what) {
  case step::call::send:
    return "send " + send_text(api, fd, bytes);
  case step::call::recv:
    return "recv " + result_text(api.recv(fd, bytes));
  case step::call::shutdown:
    return "shutdown " + result_text(api.shutdown_write(fd));
  case step::call::error:
    return "error " + error_text(api, fd);
  case step::call::peer:
    return "peer " + result_text(api.peer_address(fd, address));
  case step::call::connect:
    api.local_address(fd, address);
    return "connect " + result_text(api.connect(fd, address));
  case step::call::close:
  case step::call::reset:
    api.close(fd, s.what == step::call::reset);
    x.ends[s.end] = closed;
    return s.what == step::call::reset ? "reset" : "close";
  }
  return "";
}

void compare(std::uint64_t seed, const runtime::socket_address& where) {
  random_source random{seed};
  connection simulated{make_simulated_kernel()};
  connection real{make_real_kernel()};
  ASSERT_NO_FATAL_FAILURE(simulated.open(where));
  ASSERT_NO_FATAL_FAILURE(real.open(where));
  std::string script;
  for (int i = 0; i < 40; ++i) {
    auto s = draw(random);
    auto result = run(simulated, s);
    ASSERT_EQ(result, run(real, s)) << "end " << s.end << " after\n" << script;
    simulated.on->until([] { return false; });
    auto expected = simulated.state();
    real.on->until([&] { return real.state() == expected; });
    ASSERT_EQ(expected, real.state())
        << "after\n"
        << script << "end " << s.end << ": " << result;
    script += "end " + std::to_string(s.end) + ": " + result + "  ->  "
              + expected + "\n";
  }
}

TEST(differential_test, tcp_is_as_the_real_kernel_has_it) {
  for_each_seed(300,
                [](std::uint64_t seed) { compare(seed, at("127.0.0.1", 0)); });
}

TEST(differential_test, unix_streams_are_as_the_real_kernel_has_them) {
  auto name =
      std::string(1, '\0') + "differential" + std::to_string(::getpid());
  for_each_seed(300, [&](std::uint64_t seed) { compare(seed, at(name)); });
}

} // namespace
} // namespace sluice::testing
