// What a host does with several loops and real sockets: on which loop a link
// lives, and how large its buffers are.

#include "actors/channel/host.h"
#include "actors/config.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

namespace sluice::actors::channel {
namespace {

constexpr int buffer = 33'333;

class host_loops_test : public ::testing::Test {
protected:
  host_loops_test() {
    far_.emplace(far_loops_);
    auto where = far_->listen("tcp://127.0.0.1:0");
    EXPECT_TRUE(where);
    where_ = to_string(*where);
    port_ = where->port();
    near_.emplace(near_loops_, host_options{.send_buffer_bytes = buffer,
                                            .receive_buffer_bytes = buffer});
    owner_ = system_.spawn([](caf::event_based_actor* self) {
      self->set_default_handler(caf::drop);
      return caf::behavior{[](caf::unit_t) {}};
    });
    auto in = far_->open_inlet<int>(
        dynamic_cast<caf::local_actor*>(
            caf::actor_cast<caf::abstract_actor*>(owner_)),
        "numbers");
    EXPECT_TRUE(in);
    in_ = std::move(*in);
  }

  ~host_loops_test() override {
    in_ = {};
    near_.reset();
    far_.reset();
    caf::anon_send_exit(owner_, caf::exit_reason::kill);
  }

  /// Opens an outlet for an actor on `loop`; then calls `look` there.
  void open_on(runtime::event_loop& loop, const std::function<void()>& look) {
    std::promise<void> done;
    auto opened = done.get_future();
    auto owner = runtime::spawn_on(
        loop, [&](runtime::loop_actor* self) -> caf::behavior {
          auto out = near_->open_outlet<int>(self, where_, "numbers",
                                             {.own_link = true});
          EXPECT_TRUE(out);
          auto kept = std::make_shared<outlet<int>>(std::move(*out));
          return {
              [&, kept](const outlet_opened&) {
                look();
                kept->close();
              },
              [&, self](const outlet_closed& x) {
                EXPECT_EQ(x.reason, end_reason::finished);
                done.set_value();
                self->quit();
              },
          };
        });
    opened.wait();
  }

  config config_;
  caf::actor_system system_{config_};
  runtime::loop_group near_loops_{system_, {.loops = 3, .spin = {}}};
  runtime::loop_group far_loops_{system_, {.loops = 1, .spin = {}}};
  std::string where_;
  std::uint16_t port_ = 0;
  std::optional<host> far_;
  std::optional<host> near_;
  caf::actor owner_;
  inlet<int> in_;
};

TEST_F(host_loops_test, link_lives_on_the_loop_of_its_outlets_owner) {
  // Not on whichever has its turn.
  auto& loop = near_loops_.at(1);
  open_on(loop, [&] {
    EXPECT_EQ(loop.residents(), 2u) << "the owner and its link";
    EXPECT_EQ(near_loops_.at(0).residents(), 0u);
    EXPECT_EQ(near_loops_.at(2).residents(), 0u);
  });
}

TEST_F(host_loops_test, buffers_of_links_are_as_wanted) {
  open_on(near_loops_.at(0), [&] {
    auto links = 0;
    for (int fd = 0; fd < 256; ++fd) {
      sockaddr_in peer{};
      socklen_t size = sizeof(peer);
      if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0
          || peer.sin_family != AF_INET || ntohs(peer.sin_port) != port_)
        continue;
      ++links;
      for (auto which : {SO_SNDBUF, SO_RCVBUF}) {
        int value = 0;
        size = sizeof(value);
        ASSERT_EQ(::getsockopt(fd, SOL_SOCKET, which, &value, &size), 0);
        EXPECT_EQ(value, 2 * buffer) << "see socket(7)";
      }
    }
    EXPECT_EQ(links, 1);
  });
}

} // namespace
} // namespace sluice::actors::channel
