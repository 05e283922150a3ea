// The real poller on real descriptors.

#include "runtime/epoll_poller.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

// Long enough for any machine: reached only if the test fails.
constexpr auto for_ever = 60s;

struct handler final : io_handler {
  void on_ready(readiness) override {}
};

class epoll_poller_test : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  }

  ~epoll_poller_test() override {
    close_end(0);
    close_end(1);
  }

  void close_end(std::size_t i) {
    if (pair[i] >= 0)
      ::close(pair[i]);
    pair[i] = -1;
  }

  void send_byte() { ASSERT_EQ(::send(pair[1], "x", 1, 0), 1); }

  /// What one wait says of the only watched descriptor.
  std::vector<ready_event> wait(duration timeout = for_ever) {
    std::array<ready_event, 8> room;
    auto count = poller.wait(room, timeout);
    return {room.begin(), room.begin() + static_cast<long>(count)};
  }

  epoll_poller poller;
  handler first;
  int pair[2] = {-1, -1};
};

TEST_F(epoll_poller_test, nothing_is_ready) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  EXPECT_TRUE(wait(0ms).empty());
}

TEST_F(epoll_poller_test, readable_is_reported_until_it_is_read) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  send_byte();
  for (int i = 0; i < 2; ++i) {
    auto events = wait();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].handler, &first);
    EXPECT_TRUE(events[0].what.readable);
    EXPECT_FALSE(events[0].what.writable);
    EXPECT_FALSE(events[0].what.failed);
    EXPECT_FALSE(events[0].what.hung_up);
  }
  char c;
  ASSERT_EQ(::read(pair[0], &c, 1), 1);
  EXPECT_TRUE(wait(0ms).empty());
}

TEST_F(epoll_poller_test, interest_is_replaced) {
  EXPECT_FALSE(poller.add(pair[0], interest::none, first));
  send_byte();
  EXPECT_TRUE(wait(0ms).empty());
  EXPECT_FALSE(poller.modify(pair[0], interest::write, first));
  auto events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].what.writable);
  EXPECT_FALSE(events[0].what.readable);
  EXPECT_FALSE(poller.modify(pair[0], interest::both, first));
  events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].what.writable);
  EXPECT_TRUE(events[0].what.readable);
}

TEST_F(epoll_poller_test, handler_is_replaced) {
  handler second;
  EXPECT_FALSE(poller.add(pair[0], interest::write, first));
  EXPECT_FALSE(poller.modify(pair[0], interest::write, second));
  auto events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].handler, &second);
}

TEST_F(epoll_poller_test, hang_up_is_reported_whatever_the_interest) {
  EXPECT_FALSE(poller.add(pair[0], interest::none, first));
  close_end(1);
  auto events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].what.hung_up);
}

TEST_F(epoll_poller_test, failure_is_reported_whatever_the_interest) {
  // The reading end of a pipe is gone: its writer has failed.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(poller.add(ends[1], interest::none, first));
  ::close(ends[0]);
  auto events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].what.failed);
  ::close(ends[1]);
}

TEST_F(epoll_poller_test, end_of_stream_is_readable) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  ASSERT_EQ(::shutdown(pair[1], SHUT_WR), 0);
  auto events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].what.readable);
  EXPECT_FALSE(events[0].what.hung_up);
}

TEST_F(epoll_poller_test, removed_descriptor_is_forgotten) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  send_byte();
  poller.remove(pair[0]);
  EXPECT_TRUE(wait(0ms).empty());
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  EXPECT_EQ(wait().size(), 1u);
  poller.remove(pair[1]); // was never watched
}

TEST_F(epoll_poller_test, errors_name_the_call_the_descriptor_and_the_errno) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  auto fd = std::to_string(pair[0]);
  EXPECT_EQ(to_text(poller.add(pair[0], interest::read, first)),
            "epoll_ctl(add) of descriptor " + fd + ": File exists (EEXIST)");
  EXPECT_EQ(to_text(poller.add(-1, interest::read, first)),
            "epoll_ctl(add) of descriptor -1: Bad file descriptor (EBADF)");
  auto other = std::to_string(pair[1]);
  EXPECT_EQ(to_text(poller.modify(pair[1], interest::read, first)),
            "epoll_ctl(modify) of descriptor " + other
                + ": No such file or directory (ENOENT)");
}

TEST_F(epoll_poller_test, regular_file_cannot_be_watched) {
  auto fd = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  auto text = to_text(poller.add(fd, interest::read, first));
  EXPECT_NE(text.find("(EPERM)"), std::string::npos) << text;
  ::close(fd);
}

TEST_F(epoll_poller_test, batch_takes_no_more_than_its_room) {
  EXPECT_FALSE(poller.add(pair[0], interest::write, first));
  EXPECT_FALSE(poller.add(pair[1], interest::write, first));
  std::array<ready_event, 1> room;
  EXPECT_EQ(poller.wait(room, 0ms), 1u);
  EXPECT_EQ(wait(0ms).size(), 2u);
}

TEST_F(epoll_poller_test, more_descriptors_than_a_batch_are_all_reported) {
  constexpr auto count = limits::ready_batch_events + 10;
  std::vector<handler> handlers(count);
  std::vector<int> fds;
  for (auto& x : handlers) {
    fds.push_back(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    ASSERT_FALSE(poller.add(fds.back(), interest::read, x));
  }
  std::vector<bool> seen(count);
  std::vector<ready_event> room(count);
  for (int i = 0; i < 2; ++i) {
    auto filled = poller.wait(room, 0ms);
    EXPECT_LE(filled, limits::ready_batch_events);
    for (std::size_t k = 0; k < filled; ++k)
      seen[static_cast<std::size_t>(static_cast<handler*>(room[k].handler)
                                    - handlers.data())] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), long{count});
  for (auto fd : fds)
    ::close(fd);
}

// -- time and wake-ups --------------------------------------------------------

TEST_F(epoll_poller_test, wait_is_never_shorter_than_asked) {
  for (duration timeout : {duration{1}, duration{300us}, duration{1500us}}) {
    auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(wait(timeout).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - start, timeout);
  }
}

TEST_F(epoll_poller_test, timeout_beyond_all_bounds_is_cut) {
  send_byte();
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  EXPECT_EQ(wait(duration::max()).size(), 1u);
}

TEST_F(epoll_poller_test, wake_ends_the_next_wait) {
  poller.wake();
  EXPECT_TRUE(wait(duration{-1}).empty());
}

TEST_F(epoll_poller_test, many_wakes_end_one_wait) {
  for (int i = 0; i < 100; ++i)
    poller.wake();
  EXPECT_TRUE(wait(duration{-1}).empty());
  auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait(2ms).empty());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 2ms);
}

TEST_F(epoll_poller_test, wake_from_another_thread_ends_the_wait) {
  std::thread other{[&] { poller.wake(); }};
  EXPECT_TRUE(wait(duration{-1}).empty());
  other.join();
}

TEST_F(epoll_poller_test, wake_hides_no_event) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  send_byte();
  poller.wake();
  auto events = wait();
  if (events.empty()) // the wake-up may come alone
    events = wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].handler, &first);
}

TEST_F(epoll_poller_test, interrupted_wait_finds_nothing) {
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR1, &nothing, &before), 0);
  std::atomic<bool> done{false};
  auto waiter = ::pthread_self();
  std::thread other{[&] {
    while (!done) {
      ::pthread_kill(waiter, SIGUSR1);
      std::this_thread::yield();
    }
  }};
  EXPECT_TRUE(wait(duration{-1}).empty());
  done = true;
  other.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(epoll_poller_test, wakes_and_events_from_many_threads) {
  EXPECT_FALSE(poller.add(pair[0], interest::read, first));
  constexpr int each = 1000;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < each; ++i) {
        poller.wake();
        while (::send(pair[1], "x", 1, 0) != 1)
          std::this_thread::yield();
      }
    });
  int bytes = 0;
  while (bytes < 2 * each) {
    for (auto& event : wait(duration{-1})) {
      char buffer[512];
      EXPECT_TRUE(event.what.readable);
      if (auto n = ::read(pair[0], buffer, sizeof(buffer)); n > 0)
        bytes += static_cast<int>(n);
    }
  }
  for (auto& t : threads)
    t.join();
}

} // namespace
} // namespace sluice::runtime
