#include "net/fd_broker.h"

#include "runtime/error.h"
#include "tests/net/driven_loop.h"

#include <caf/send.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

struct two_ends {
  int read;
  int write;
};

two_ends make_pipe() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC), 0);
  return {fds[0], fds[1]};
}

void put(int fd, std::string_view text) {
  EXPECT_EQ(::write(fd, text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
}

/// What one read gives: bytes, "(end)" or the name of an error.
std::string take(int fd, std::size_t size = 4096) {
  std::string result(size, '\0');
  auto n = ::read(fd, result.data(), size);
  if (n < 0)
    return std::string{"("} + ::strerrorname_np(errno) + ")";
  if (n == 0)
    return "(end)";
  result.resize(static_cast<std::size_t>(n));
  return result;
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

class fd_broker_test : public testing::driven_loop {
protected:
  ~fd_broker_test() override { stop_loop(); }

  /// A broker that reads what comes and notes it, `size` bytes at a time.
  caf::actor reader(int fd, ownership whose, std::size_t size = 4096) {
    return spawn_fd_broker(loop, fd, whose, [=, this](fd_broker* self) {
      self->want(interest::read);
      return caf::behavior{
          [=, this](readable r) { note(take(r.fd, size)); },
          [this](const closed& why) { note(text_of(why)); },
      };
    });
  }

  /// A broker that notes the names of events and is driven by the test through
  /// functions that it runs.
  caf::actor driven(int fd, ownership whose = ownership::borrowed) {
    return spawn_fd_broker(loop, fd, whose, [this](fd_broker* self) {
      return caf::behavior{
          [this](readable) { note("readable"); },
          [this](writable) { note("writable"); },
          [this](const closed& why) { note(text_of(why)); },
          [this](timed_out t) { note("timer " + std::to_string(t.token)); },
          [this, self](int) { std::exchange(job, {})(*self); },
      };
    });
  }

  void in(const caf::actor& x, std::function<void(fd_broker&)> f) {
    job = std::move(f);
    caf::anon_send(x, 1);
    EXPECT_TRUE(until([this] { return !job; }));
  }

  std::string text_of(const closed& why) {
    auto result = "closed: " + to_string(why.reason);
    if (why.os_error != 0)
      result += std::string{", "} + ::strerrorname_np(why.os_error);
    last_error = why.error ? runtime::to_text(why.error) : "";
    return result;
  }

  strings next(std::size_t count) {
    EXPECT_TRUE(until([=, this] { return log.size() >= count; }));
    return noted();
  }

  /// Waits until `last` is noted, whatever came before.
  bool comes(const std::string& last) {
    return until([&] { return !log.empty() && log.back() == last; });
  }

  /// Lets some iterations pass; returns how many did something.
  std::size_t busy_turns() {
    std::size_t result = 0;
    for (int i = 0; i < 20; ++i)
      result += loop.run_once(false) ? 1 : 0;
    return result;
  }

  std::function<void(fd_broker&)> job;
  std::string last_error;
};

// -- reading ------------------------------------------------------------------

TEST_F(fd_broker_test, bytes_in_a_pipe_make_it_readable) {
  auto [in, out] = make_pipe();
  reader(in, ownership::owned);
  settle();
  EXPECT_EQ(noted(), strings{});
  put(out, "one");
  EXPECT_EQ(next(1), strings{"one"});
  put(out, "two");
  EXPECT_EQ(next(1), strings{"two"});
  ::close(out);
  EXPECT_EQ(next(1), strings{"closed: peer_closed"});
}

TEST_F(fd_broker_test, what_is_left_unread_is_reported_again) {
  auto [in, out] = make_pipe();
  reader(in, ownership::owned, 1);
  put(out, "abc");
  EXPECT_EQ(next(3), (strings{"a", "b", "c"}));
  ::close(out);
  next(1);
}

TEST_F(fd_broker_test, bytes_are_read_before_the_hang_up_is_told) {
  auto [in, out] = make_pipe();
  put(out, "abc");
  ::close(out);
  reader(in, ownership::owned, 2);
  EXPECT_EQ(next(3), (strings{"ab", "c", "closed: peer_closed"}));
}

TEST_F(fd_broker_test, nothing_is_reported_that_is_not_wanted) {
  auto [in, out] = make_pipe();
  auto broker = driven(in);
  put(out, "abc");
  settle();
  EXPECT_EQ(noted(), strings{});
  this->in(broker, [](fd_broker& self) { self.want(interest::read); });
  EXPECT_EQ(next(1).front(), "readable");
  this->in(broker, [](fd_broker& self) { self.want(interest::none); });
  noted();
  EXPECT_EQ(busy_turns(), 0u);
  EXPECT_EQ(noted(), strings{});
  caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
  settle();
  ::close(in);
  ::close(out);
}

TEST_F(fd_broker_test, hang_up_while_nothing_is_wanted_is_left_alone) {
  auto [in, out] = make_pipe();
  auto broker = driven(in, ownership::owned);
  settle();
  put(out, "x");
  ::close(out);
  settle(); // would not come to an end if epoll reported it again and again
  EXPECT_EQ(noted(), strings{});
  this->in(broker, [](fd_broker& self) { self.want(interest::read); });
  EXPECT_EQ(next(1).front(), "readable");
  EXPECT_EQ(take(in), "x");
  noted();
  EXPECT_EQ(next(1), strings{"closed: peer_closed"});
}

TEST_F(fd_broker_test, eventfd_is_readable_when_it_counts) {
  auto fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  auto broker = reader(fd, ownership::owned);
  settle();
  EXPECT_EQ(noted(), strings{});
  ::eventfd_write(fd, 7);
  auto count = next(1).front();
  ASSERT_EQ(count.size(), sizeof(std::uint64_t));
  EXPECT_EQ(count[0], 7);
  caf::anon_send(broker, net::close{});
  EXPECT_EQ(next(1), strings{"closed: closed"});
}

TEST_F(fd_broker_test, timerfd_is_readable_when_it_is_due) {
  auto fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  itimerspec due{};
  due.it_value.tv_nsec = 1'000'000;
  auto broker = reader(fd, ownership::owned);
  settle();
  ::timerfd_settime(fd, 0, &due, nullptr);
  EXPECT_EQ(next(1).front().size(), sizeof(std::uint64_t));
  caf::anon_send(broker, net::close{});
  next(1);
}

TEST_F(fd_broker_test, output_of_a_child_arrives_and_ends_with_it) {
  auto [in, out] = make_pipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  std::string shell = "sh";
  std::string option = "-c";
  std::string script = "echo one; echo two";
  std::array<char*, 4> arguments{shell.data(), option.data(), script.data(),
                                 nullptr};
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, "/bin/sh", &actions, nullptr,
                          arguments.data(), environ),
            0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out);
  reader(in, ownership::owned);
  ASSERT_TRUE(comes("closed: peer_closed"));
  log.pop_back();
  std::string output;
  for (auto& part : noted())
    output += part;
  EXPECT_EQ(output, "one\ntwo\n");
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// -- writing ------------------------------------------------------------------

TEST_F(fd_broker_test, full_pipe_is_writable_again_when_it_was_read) {
  auto [in, out] = make_pipe();
  std::string lots(1024 * 1024, 'x');
  auto taken = ::write(out, lots.data(), lots.size());
  ASSERT_GT(taken, 0);
  auto broker = driven(out, ownership::owned);
  this->in(broker, [](fd_broker& self) { self.want(interest::write); });
  settle();
  EXPECT_EQ(noted(), strings{});
  take(in, static_cast<std::size_t>(taken));
  EXPECT_EQ(next(1).front(), "writable");
  ::close(in);
  caf::anon_send(broker, net::close{});
  ASSERT_TRUE(comes("closed: closed"));
}

TEST_F(fd_broker_test, write_to_a_full_pipe_nobody_reads_does_not_wait) {
  auto [in, out] = make_pipe();
  std::string lots(1024 * 1024, 'x');
  ASSERT_GT(::write(out, lots.data(), lots.size()), 0);
  auto broker = driven(out, ownership::owned);
  this->in(broker, [](fd_broker& self) { self.want(interest::write); });
  settle();
  EXPECT_EQ(noted(), strings{});
  ::close(in);
  EXPECT_EQ(next(1).front(), "writable"); // the write will say EPIPE
  caf::anon_send(broker, net::close{});
  ASSERT_TRUE(comes("closed: closed"));
}

TEST_F(fd_broker_test, pipe_that_nobody_reads_any_more_fails) {
  auto [in, out] = make_pipe();
  driven(out, ownership::owned);
  settle();
  ::close(in);
  EXPECT_EQ(next(1), strings{"closed: system_error, EPIPE"});
  EXPECT_EQ(last_error, "descriptor " + std::to_string(out)
                            + ": system_error: Broken pipe (EPIPE)");
}

TEST_F(fd_broker_test, error_of_a_socket_is_found_by_the_read) {
  // Nobody is bound to the port any more: sending there gives ECONNREFUSED to
  // the next call, and the socket goes on.
  auto open = [] {
    return ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  };
  auto gone = open();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(gone, raw, size), 0);
  ASSERT_EQ(::getsockname(gone, raw, &size), 0);
  auto fd = open();
  ASSERT_EQ(::connect(fd, raw, size), 0);
  auto broker = reader(fd, ownership::owned);
  ::close(gone);
  put(fd, "anybody?");
  EXPECT_EQ(next(1), strings{"(ECONNREFUSED)"});
  settle();
  EXPECT_EQ(noted(), strings{});
  caf::anon_send(broker, net::close{});
  EXPECT_EQ(next(1), strings{"closed: closed"});
}

// -- what cannot be watched ---------------------------------------------------

TEST_F(fd_broker_test, regular_file_is_refused_by_name) {
  std::string path = ::testing::TempDir() + "fd_broker_test_XXXXXX";
  auto fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ::unlink(path.c_str());
  reader(fd, ownership::owned);
  EXPECT_EQ(next(1), strings{"closed: system_error, EPERM"});
  EXPECT_EQ(last_error,
            "descriptor " + std::to_string(fd)
                + " is a file, which is always ready and cannot be watched: "
                  "Operation not permitted (EPERM)");
  EXPECT_FALSE(is_open(fd));
}

TEST_F(fd_broker_test, descriptor_that_is_not_open_is_refused_by_number) {
  auto fd = ::eventfd(0, EFD_CLOEXEC);
  ::close(fd);
  reader(fd, ownership::borrowed);
  EXPECT_EQ(next(1), strings{"closed: system_error"});
  EXPECT_EQ(last_error, "epoll_ctl(add) of descriptor " + std::to_string(fd)
                            + ": Bad file descriptor (EBADF)");
}

TEST_F(fd_broker_test, descriptor_closed_behind_the_back_ends_the_broker) {
  auto [in, out] = make_pipe();
  auto broker = driven(in);
  settle();
  ::close(in);
  this->in(broker, [](fd_broker& self) { self.want(interest::read); });
  EXPECT_EQ(next(1), strings{"closed: system_error"});
  ::close(out);
}

// -- another descriptor -------------------------------------------------------

TEST_F(fd_broker_test, other_descriptor_is_watched_with_the_same_interest) {
  auto first = make_pipe();
  auto second = make_pipe();
  auto broker = driven(first.read, ownership::owned);
  in(broker, [=](fd_broker& self) {
    self.want(interest::read);
    self.rewatch_fd(second.read, ownership::owned);
    EXPECT_EQ(self.fd(), second.read);
  });
  EXPECT_FALSE(is_open(first.read));
  settle();
  EXPECT_EQ(noted(), strings{});
  put(second.write, "x");
  EXPECT_EQ(next(1).front(), "readable");
  take(second.read);
  ::close(first.write);
  ::close(second.write);
  EXPECT_TRUE(comes("closed: peer_closed"));
  EXPECT_FALSE(is_open(second.read));
}

TEST_F(fd_broker_test, reopened_descriptor_of_the_same_number_is_watched) {
  auto [in, out] = make_pipe();
  auto broker = reader(in, ownership::borrowed);
  settle();
  // As libraries do it: close, open, tell.
  ::close(in);
  auto again = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  ASSERT_EQ(again, in);
  caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
  settle();

  auto other = driven(again);
  this->in(other, [=](fd_broker& self) {
    self.want(interest::read);
    ::close(again);
    ASSERT_EQ(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), again);
    self.rewatch_fd(again);
  });
  EXPECT_EQ(next(1).front(), "readable");
  caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
  settle();
  ::close(again);
  ::close(out);
}

TEST_F(fd_broker_test, broker_without_a_descriptor_waits_for_one) {
  auto [in, out] = make_pipe();
  auto broker = driven(-1);
  settle();
  this->in(broker, [](fd_broker& self) { self.want(interest::read); });
  put(out, "x");
  settle();
  EXPECT_EQ(noted(), strings{});
  this->in(broker, [in = in](fd_broker& self) {
    self.rewatch_fd(in, ownership::owned);
  });
  EXPECT_EQ(next(1).front(), "readable");
  this->in(broker, [](fd_broker& self) { self.rewatch_fd(-1); });
  EXPECT_FALSE(is_open(in));
  noted();
  settle();
  EXPECT_EQ(noted(), strings{});
  ::close(out);
  caf::anon_send(broker, net::close{});
  EXPECT_EQ(next(1), strings{"closed: closed"});
}

TEST_F(fd_broker_test, handler_that_changes_the_descriptor_ends_its_events) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                         fds.data()),
            0);
  auto [in, out] = make_pipe();
  put(fds[1], "x"); // readable, and writable too
  auto broker = spawn_fd_broker(
      loop, fds[0], ownership::owned, [&, in = in](fd_broker* self) {
        self->want(interest::both);
        return caf::behavior{
            [=, this](readable r) {
              note("readable " + std::to_string(r.fd - fds[0]));
              self->rewatch_fd(in, ownership::owned);
            },
            [=, this](writable) { note("writable"); },
            [this](const closed& why) { note(text_of(why)); },
        };
      });
  EXPECT_EQ(next(1), strings{"readable 0"});
  settle();
  EXPECT_EQ(noted(), strings{});
  ::close(fds[1]);
  ::close(out);
  EXPECT_EQ(next(1), strings{"closed: peer_closed"});
}

// -- the actor ----------------------------------------------------------------

TEST_F(fd_broker_test, timer_of_the_behavior_tells_its_token) {
  auto [in, out] = make_pipe();
  auto broker = driven(in, ownership::owned);
  this->in(broker, [](fd_broker& self) {
    self.set_timer(2ms, 2);
    self.set_timer(1ms, 1);
    self.set_timer(1ms, 3);
    self.cancel_timer(3);
  });
  EXPECT_EQ(next(2), (strings{"timer 1", "timer 2"}));
  ::close(out);
  this->in(broker, [](fd_broker& self) { self.close(); });
  EXPECT_EQ(next(1), strings{"closed: closed"});
}

TEST_F(fd_broker_test, event_without_a_handler_is_reported_once) {
  auto [in, out] = make_pipe();
  put(out, "x");
  auto broker = spawn_fd_broker(loop, in, ownership::owned,
                                [](fd_broker* self) -> caf::behavior {
                                  self->want(interest::read);
                                  return {[](const std::string&) {}};
                                });
  settle(); // would not come to an end
  caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_FALSE(is_open(in));
  ::close(out);
}

TEST_F(fd_broker_test, events_wait_while_a_response_is_awaited) {
  auto [in, out] = make_pipe();
  caf::response_promise answer;
  auto slow = runtime::spawn_on(loop, [&](runtime::loop_actor* self) {
    return caf::behavior{[&, self](int) -> caf::result<int> {
      answer = self->make_response_promise();
      return caf::delegated<int>{};
    }};
  });
  auto broker =
      spawn_fd_broker(loop, in, ownership::owned, [&](fd_broker* self) {
        self->want(interest::read);
        self->request(slow, caf::infinite, 1).await([this](int) {
          note("answer");
        });
        return caf::behavior{
            [this](readable r) { note(take(r.fd)); },
            [this](const closed& why) { note(text_of(why)); },
        };
      });
  put(out, "x");
  settle(); // would not come to an end
  EXPECT_EQ(noted(), strings{});
  answer.deliver(2);
  EXPECT_EQ(next(2), (strings{"answer", "x"}));
  put(out, "y");
  EXPECT_EQ(next(1), strings{"y"});
  ::close(out);
  next(1);
}

TEST_F(fd_broker_test, owned_descriptor_is_closed_at_the_end) {
  for (auto whose : {ownership::owned, ownership::borrowed}) {
    auto owned = whose == ownership::owned;
    auto [in, out] = make_pipe();
    auto broker = driven(in, whose);
    settle();
    this->in(broker, [](fd_broker& self) { self.quit(); });
    settle();
    EXPECT_EQ(is_open(in), !owned);
    EXPECT_EQ(noted(), strings{});
    ::close(out);
    if (!owned)
      ::close(in);
  }
}

TEST_F(fd_broker_test, handler_that_throws_ends_its_own_broker) {
  auto [in, out] = make_pipe();
  auto other = make_pipe();
  reader(other.read, ownership::owned);
  auto broker =
      spawn_fd_broker(loop, in, ownership::owned, [](fd_broker* self) {
        self->want(interest::read);
        return caf::behavior{
            [](readable) { throw std::runtime_error("no"); },
        };
      });
  put(out, "x");
  ASSERT_TRUE(until([in = in] { return !is_open(in); }));
  put(other.write, "y");
  EXPECT_EQ(next(1), strings{"y"});
  ::close(out);
  ::close(other.write);
  next(1);
}

TEST_F(fd_broker_test, loop_that_stops_closes_the_broker) {
  auto [in, out] = make_pipe();
  reader(in, ownership::owned);
  settle();
  loop.request_stop();
  ASSERT_TRUE(until([this] { return loop.finished(); }));
  EXPECT_EQ(noted(), strings{"closed: shut_down"});
  EXPECT_FALSE(is_open(in));
  ::close(out);
}

/// A broker as a class.
class counter : public fd_broker {
public:
  counter(caf::actor_config& cfg, event_loop& loop, int fd, ownership whose,
          int& count)
      : fd_broker(cfg, loop, fd, whose), count_(count) {}

  caf::behavior make_behavior() override {
    want(interest::read);
    return {[this](readable r) {
      take(r.fd);
      ++count_;
    }};
  }

private:
  int& count_;
};

TEST_F(fd_broker_test, broker_may_be_a_class) {
  auto [in, out] = make_pipe();
  int count = 0;
  spawn_fd_broker<counter>(loop, in, ownership::owned, count);
  put(out, "x");
  EXPECT_TRUE(until([&] { return count == 1; }));
  ::close(out);
  EXPECT_TRUE(until([in = in] { return !is_open(in); }));
}

} // namespace
} // namespace sluice::net
