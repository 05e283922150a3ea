// What slow readers cost the others: a topic sends 1 KiB as fast as its readers
// take it to 1,000 TCP connections. Those that read all they can hold up the
// publisher (slow_policy::pause); of the slow ones a tenth of a second's worth
// is read now and then, and they miss the oldest (slow_policy::drop_oldest).
// Run with none slow and with every tenth slow, in turn: the ratio of what the
// quick ones get is the figure. Ratios are medians of the ratios within the
// rounds.
//
// Readers and server share the machine: a thread reads, a loop writes.

#include "actors/config.h"
#include "actors/flow_actor.h"
#include "actors/topic.h"
#include "bench/loopback.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace actors = sluice::actors;
namespace bench = sluice::bench;
namespace net = sluice::net;
namespace runtime = sluice::runtime;
using actors::slow_policy;

struct settings {
  int readers = 1'000;
  int slow_share = 10; // one in so many
  int rounds = 5;
  double seconds = 2;
  std::size_t bytes = 1'024;
};

using go_on = caf::atom_constant<caf::atom("go on")>;

/// Subscribes its connection by what the reader says first: q for quick.
caf::behavior connection(net::stream_broker* self, const caf::actor& topic,
                         std::atomic<int>* subscribed) {
  return {[=](const net::received& x) {
    actors::subscription how;
    how.policy = x.bytes.view().front() == 'q' ? slow_policy::pause
                                               : slow_policy::drop_oldest;
    self->request(topic, caf::infinite,
                  actors::subscribe{caf::actor{self}, how})
        .then([=] { ++*subscribed; });
  }};
}

caf::behavior publisher(actors::flow_actor* self, const caf::actor& topic,
                        std::size_t bytes) {
  self->send(self, go_on::value);
  auto text = runtime::byte_slice::copy(std::string(bytes, 'x'));
  return {[=](go_on) {
    self->send(topic, actors::publish{caf::make_message(net::write{text})});
    self->send(self, go_on::value);
  }};
}

/// Reads what all connections bring, in a thread of its own.
class crowd {
public:
  crowd(std::uint16_t port, const settings& x, bool with_slow)
      : poller_(epoll_create1(0)) {
    for (int i = 0; i < x.readers; ++i) {
      auto fd = bench::connect_loopback(port, static_cast<unsigned>(i));
      auto slow = with_slow && i % x.slow_share == 0;
      if (::send(fd, slow ? "s" : "q", 1, 0) != 1)
        bench::die("send");
      bench::set_nonblocking(fd);
      (slow ? slow_ : quick_).push_back(fd);
      if (slow) {
        // Soon full: what fills has the price of a quick one's still.
        int room = 32 * 1'024;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        continue;
      }
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = fd;
      if (epoll_ctl(poller_, EPOLL_CTL_ADD, fd, &event) != 0)
        bench::die("epoll_ctl");
    }
    thread_ = std::thread{[this] { run(); }};
  }

  ~crowd() {
    ends_ = true;
    thread_.join();
    for (auto list : {&quick_, &slow_})
      for (auto fd : *list)
        ::close(fd);
    ::close(poller_);
  }

  std::uint64_t bytes() const { return bytes_; }
  std::size_t quick() const { return quick_.size(); }

private:
  void run() {
    std::vector<epoll_event> events(256);
    std::vector<char> room(256 * 1024);
    auto next = std::chrono::steady_clock::now();
    while (!ends_) {
      auto count = epoll_wait(poller_, events.data(),
                              static_cast<int>(events.size()), 10);
      for (int i = 0; i < count; ++i)
        bytes_ += read(events[static_cast<std::size_t>(i)].data.fd, room);
      if (auto now = std::chrono::steady_clock::now(); now >= next) {
        next = now + 100ms;
        for (auto fd : slow_)
          read(fd, std::span{room}.first(1'024));
      }
    }
  }

  static std::uint64_t read(int fd, std::span<char> room) {
    auto size = ::recv(fd, room.data(), room.size(), 0);
    return size > 0 ? static_cast<std::uint64_t>(size) : 0;
  }

  int poller_;
  std::vector<int> quick_;
  std::vector<int> slow_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

struct outcome {
  double rate; // messages a second, of each quick reader
  std::uint64_t dropped;
};

outcome measure(const settings& x, bool with_slow) {
  actors::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1, .spin = {}}};
  auto topic = sys.spawn(actors::topic, actors::topic_options{});
  std::atomic<int> subscribed{0};
  auto server = net::listen(loops, "tcp://127.0.0.1:0", connection, {}, topic,
                            &subscribed);
  if (!server) {
    std::fprintf(stderr, "%s\n", runtime::to_text(server.error()).c_str());
    std::exit(EXIT_FAILURE);
  }
  outcome result{};
  {
    crowd readers{server->local.port(), x, with_slow};
    while (subscribed < x.readers)
      std::this_thread::sleep_for(10ms);
    auto source = sys.spawn(publisher, topic, x.bytes);
    caf::scoped_actor self{sys};
    auto count = [&] {
      actors::topic_counts counts;
      self->request<caf::message_priority::high>(topic, 10s,
                                                 actors::count_topic{})
          .receive([&](actors::topic_counts& y) { counts = std::move(y); },
                   [](const caf::error&) {});
      return counts;
    };
    auto all_are_full = [&] {
      auto counts = count();
      return std::ranges::none_of(counts.subscribers, [](auto& y) {
        return y.policy != slow_policy::pause && y.dropped == 0;
      });
    };
    std::this_thread::sleep_for(200ms);
    while (!all_are_full())
      std::this_thread::sleep_for(50ms);
    auto dropped = count().dropped;
    auto before = readers.bytes();
    auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>{x.seconds});
    auto got = static_cast<double>(readers.bytes() - before);
    std::chrono::duration<double> passed =
        std::chrono::steady_clock::now() - start;
    result.rate = got / static_cast<double>(x.bytes)
                  / static_cast<double>(readers.quick()) / passed.count();
    result.dropped = count().dropped - dropped;
    for (auto& y : {source, topic})
      caf::anon_send<caf::message_priority::high>(
          y, caf::exit_msg{y.address(), caf::exit_reason::kill});
  }
  return result;
}

double median(std::vector<double> x) {
  std::ranges::sort(x);
  return x[x.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures whether slow subscribers of a topic slow the others."};
  settings x;
  app.add_option("--readers", x.readers)
      ->capture_default_str()
      ->check(CLI::Range(10, 8'000));
  app.add_option("--slow", x.slow_share, "one in so many is slow")
      ->capture_default_str()
      ->check(CLI::Range(2, 1'000));
  app.add_option("--rounds", x.rounds)
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  app.add_option("--seconds", x.seconds, "of a run")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 600.0));
  CLI11_PARSE(app, argc, argv);
  bench::raise_descriptor_limit();
  std::vector<double> all;
  std::vector<double> rest;
  std::vector<double> ratio;
  for (int i = 0; i < x.rounds; ++i) {
    outcome none{};
    if (i % 2 == 0)
      none = measure(x, false);
    auto some = measure(x, true);
    if (i % 2 != 0)
      none = measure(x, false);
    all.push_back(none.rate);
    rest.push_back(some.rate);
    ratio.push_back(some.rate / none.rate);
    std::printf("round %d: %.0f messages a second to each of %d readers; with "
                "one in %d slow %.0f to each other one, %llu dropped; ratio "
                "%.3f\n",
                i + 1, none.rate, x.readers, x.slow_share, some.rate,
                static_cast<unsigned long long>(some.dropped), ratio.back());
    std::fflush(stdout);
  }
  std::printf("medians: %.0f, %.0f, ratio %.3f\n", median(all), median(rest),
              median(ratio));
}
