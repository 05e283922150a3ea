#include "tests/support/kernel.h"

#include "runtime/epoll_poller.h"
#include "runtime/posix_socket_api.h"
#include "tests/support/sim_address.h"
#include "tests/support/sim_poller.h"
#include "tests/support/sim_socket_api.h"
#include "tests/support/stream_socket.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr auto real_patience = 5s;

class simulated_kernel final : public kernel {
public:
  runtime::socket_api& api() override { return api_; }

  std::unique_ptr<runtime::poller> make_poller() override {
    return std::make_unique<sim_poller>(world_);
  }

  bool until(const std::function<bool()>& condition) override {
    while (!condition())
      if (!world_.run_one())
        return false;
    return true;
  }

  std::size_t unread(int fd) override {
    auto socket = world_.find<stream_socket>(world_.host().socket_of(fd));
    return socket != nullptr ? socket->unread() : 0;
  }

  void set_descriptors_exhausted(bool on) override {
    auto& host = world_.host();
    host.set_descriptor_limit(on ? host.open_descriptors() : SIZE_MAX);
  }

private:
  sim_world world_{1, sim_settings::calm()};
  sim_socket_api api_{world_};
};

class real_kernel final : public kernel {
public:
  ~real_kernel() override { set_descriptors_exhausted(false); }

  runtime::socket_api& api() override {
    return runtime::posix_socket_api::instance();
  }

  std::unique_ptr<runtime::poller> make_poller() override {
    return std::make_unique<runtime::epoll_poller>();
  }

  bool until(const std::function<bool()>& condition) override {
    auto end = std::chrono::steady_clock::now() + real_patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end)
        return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::size_t unread(int fd) override {
    int result = 0;
    return ::ioctl(fd, FIONREAD, &result) == 0
               ? static_cast<std::size_t>(result)
               : 0;
  }

  void set_descriptors_exhausted(bool on) override {
    if (on == exhausted_)
      return;
    exhausted_ = on;
    ::getrlimit(RLIMIT_NOFILE, &limit_);
    if (on) {
      // The smallest free descriptor: all below are in use.
      auto free = ::dup(STDERR_FILENO);
      ::close(free);
      previous_ = std::exchange(limit_.rlim_cur, static_cast<rlim_t>(free));
    } else {
      limit_.rlim_cur = previous_;
    }
    ::setrlimit(RLIMIT_NOFILE, &limit_);
  }

private:
  bool exhausted_ = false;
  rlimit limit_{};
  rlim_t previous_ = 0;
};

struct ignoring_handler final : runtime::io_handler {
  void on_ready(runtime::readiness) override {}
};

} // namespace

std::unique_ptr<kernel> make_simulated_kernel() {
  return std::make_unique<simulated_kernel>();
}

std::unique_ptr<kernel> make_real_kernel() {
  return std::make_unique<real_kernel>();
}

runtime::readiness kernel::ready(int fd) {
  ignoring_handler handler;
  auto poller = make_poller();
  if (poller->add(fd, runtime::interest::both, handler))
    return {};
  std::array<runtime::ready_event, 2> events;
  auto n = poller->wait(events, runtime::duration{0});
  poller->remove(fd);
  return n == 0 ? runtime::readiness{} : events[0].what;
}

// -- the fixture --------------------------------------------------------------

kernel_test::kernel_test()
    : kernel_(GetParam() == kernel_kind::real ? make_real_kernel()
                                              : make_simulated_kernel()) {
}

kernel_test::~kernel_test() {
  for (auto fd : open_)
    api().close(fd, true);
}

int kernel_test::open(int family, int type) {
  auto fd = api().open(family, type);
  EXPECT_GE(fd, 0) << result_text(fd);
  open_.push_back(fd);
  return fd;
}

std::string kernel_test::accept(int listener, int& fd) {
  runtime::socket_address peer;
  fd = api().accept(listener, peer);
  if (fd < 0)
    return result_text(fd);
  open_.push_back(fd);
  return "accepted";
}

void kernel_test::close(int fd, bool reset) {
  std::erase(open_, fd);
  api().close(fd, reset);
}

std::string kernel_test::send(int fd, std::string_view bytes) {
  return send_text(api(), fd, bytes);
}

std::string kernel_test::recv(int fd, std::size_t size) {
  return recv_text(api(), fd, size);
}

std::string kernel_test::error(int fd) {
  return error_text(api(), fd);
}

std::string kernel_test::flags(int fd) {
  return flags_text(kernel_->ready(fd));
}

::testing::AssertionResult kernel_test::becomes(int fd,
                                                const std::string& expected) {
  if (kernel_->until([&] { return flags(fd) == expected; }))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "readiness stays \"" << flags(fd)
                                       << "\" and not \"" << expected << "\"";
}

int kernel_test::listen(int backlog) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(api().bind(fd, at("127.0.0.1", 0)), 0);
  EXPECT_EQ(api().listen(fd, backlog), 0);
  return fd;
}

runtime::socket_address kernel_test::address_of(int fd) {
  runtime::socket_address result;
  EXPECT_EQ(api().local_address(fd, result), 0);
  return result;
}

runtime::socket_address kernel_test::peer_of(int fd) {
  runtime::socket_address result;
  EXPECT_EQ(api().peer_address(fd, result), 0);
  return result;
}

kernel_test::pair kernel_test::connected_pair() {
  auto listener = listen();
  auto client = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(client, address_of(listener))),
            "(EINPROGRESS)");
  EXPECT_TRUE(becomes(listener, "in"));
  int server = -1;
  EXPECT_EQ(accept(listener, server), "accepted");
  EXPECT_TRUE(becomes(client, "out"));
  close(listener);
  return {client, server};
}

std::size_t kernel_test::fill(int fd) {
  std::string bytes(64 * 1024, 'x');
  iovec part{bytes.data(), bytes.size()};
  std::size_t total = 0;
  for (;;) {
    auto n = api().send(fd, {&part, 1});
    if (n < 0) {
      EXPECT_EQ(result_text(n), "(EAGAIN)");
      return total;
    }
    total += static_cast<std::size_t>(n);
  }
}

std::size_t kernel_test::drain(int fd) {
  std::string room(64 * 1024, '\0');
  std::size_t total = 0;
  for (;;) {
    auto n = api().recv(fd, room);
    if (n <= 0)
      return total;
    total += static_cast<std::size_t>(n);
  }
}

} // namespace sluice::testing
