// A C library as an actor. c-ares has its own sockets, which it opens and
// closes as it likes, and a timeout; fd_broker is all that it needs to answer
// messages. Any library with a descriptor and a timeout goes the same way.
// (Sluice's own look-ups are in net/name_lookup.h.)

#include "net/fd_broker.h"
#include "tests/net/driven_loop.h"
#include "tests/net/name_server.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::name_server;
using strings = std::vector<std::string>;

/// Answers a host name with its IPv4 address, or with c-ares' error. It asks
/// one name server, so that c-ares has one socket at a time.
class resolver final : public fd_broker {
public:
  resolver(caf::actor_config& cfg, event_loop& loop, int fd, ownership whose,
           std::string server, std::chrono::milliseconds patience)
      : fd_broker(cfg, loop, fd, whose),
        server_(std::move(server)),
        patience_(patience) {}

  ~resolver() override { ares_destroy(channel_); }

  caf::behavior make_behavior() override {
    ares_options options{};
    options.timeout = static_cast<int>(patience_.count());
    options.tries = 1;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    ares_init_options(&channel_, &options,
                      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
                          | ARES_OPT_SOCK_STATE_CB);
    ares_set_servers_ports_csv(channel_, server_.c_str());
    return {
        [this](const std::string& host) { return ask(host); },
        [this](readable r) { process(r.fd, ARES_SOCKET_BAD); },
        [this](writable w) { process(ARES_SOCKET_BAD, w.fd); },
        [this](timed_out) { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); },
    };
  }

private:
  caf::result<std::string> ask(const std::string& host) {
    auto promise = make_response_promise();
    auto waiting = std::make_unique<caf::response_promise>(promise);
    ares_gethostbyname(channel_, host.c_str(), AF_INET, on_answer,
                       waiting.release());
    arm();
    return promise;
  }

  void process(int read_fd, int write_fd) {
    ares_process_fd(channel_, read_fd, write_fd);
    arm();
  }

  void arm() {
    timeval wait{};
    if (ares_timeout(channel_, nullptr, &wait) == nullptr)
      cancel_timer();
    else
      set_timer(std::chrono::seconds{wait.tv_sec}
                + std::chrono::microseconds{wait.tv_usec});
  }

  static void on_socket(void* self, int fd, int read, int write) {
    auto& broker = *static_cast<resolver*>(self);
    auto open = read != 0 || write != 0;
    broker.want((read != 0 ? interest::read : interest::none)
                | (write != 0 ? interest::write : interest::none));
    if (!open)
      broker.rewatch_fd(-1);
    else if (broker.fd() != fd)
      broker.rewatch_fd(fd);
  }

  static void on_answer(void* waiting, int status, int, hostent* host) {
    std::unique_ptr<caf::response_promise> to{
        static_cast<caf::response_promise*>(waiting)};
    if (status != ARES_SUCCESS)
      return to->deliver(std::string{ares_strerror(status)});
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, host->h_addr_list[0], text.data(), text.size());
    to->deliver(std::string{text.data()});
  }

  std::string server_;
  std::chrono::milliseconds patience_;
  ares_channel channel_ = nullptr;
};

class fd_broker_library_test : public testing::driven_loop {
protected:
  fd_broker_library_test() {
    server.add("one.test", "192.0.2.1");
    server.add("two.test", "192.0.2.2");
  }

  ~fd_broker_library_test() override {
    caf::anon_send_exit(names, caf::exit_reason::user_shutdown);
    settle();
  }

  void start(std::chrono::milliseconds patience = 10s) {
    names = spawn_fd_broker<resolver>(loop, -1, ownership::borrowed,
                                      server.address(), patience);
  }

  /// Asks for all of `hosts` at once and notes "host: answer".
  void ask(strings hosts) {
    runtime::spawn_on(loop, [=, this](runtime::loop_actor* self) {
      for (auto& host : hosts)
        self->request(names, caf::infinite, host)
            .then([=, this](const std::string& answer) {
              note(host + ": " + answer);
            });
    });
  }

  strings next(std::size_t count) {
    EXPECT_TRUE(until([=, this] { return log.size() >= count; }));
    return noted();
  }

  name_server server{loop};
  caf::actor names;
};

TEST_F(fd_broker_library_test, library_answers_messages) {
  start();
  ask({"one.test"});
  EXPECT_EQ(next(1), strings{"one.test: 192.0.2.1"});
  ask({"two.test"});
  EXPECT_EQ(next(1), strings{"two.test: 192.0.2.2"});
}

TEST_F(fd_broker_library_test, many_questions_are_under_way_at_once) {
  start();
  strings hosts;
  for (int i = 0; i < 100; ++i) {
    hosts.push_back("host-" + std::to_string(i) + ".test");
    server.add(hosts.back(), "192.0.2." + std::to_string(i));
  }
  ask(hosts);
  for (auto& line : next(100)) {
    auto number = line.substr(5, line.find('.') - 5);
    EXPECT_EQ(line, "host-" + number + ".test: 192.0.2." + number);
  }
}

TEST_F(fd_broker_library_test, socket_that_the_library_changes_is_followed) {
  start();
  server.truncate(true); // c-ares asks again by TCP, with another socket
  ask({"one.test"});
  EXPECT_EQ(next(1), strings{"one.test: 192.0.2.1"});
  EXPECT_EQ(server.questions_by_tcp(), 1u);
}

TEST_F(fd_broker_library_test, timeout_of_the_library_is_kept) {
  start(5ms);
  server.silent(true);
  ask({"one.test"});
  EXPECT_EQ(next(1), strings{"one.test: Timeout while contacting DNS servers"});
}

} // namespace
} // namespace sluice::net
