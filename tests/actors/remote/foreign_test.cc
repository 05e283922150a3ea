// What is not about nodes works as with CAF's own middleman.

#include "tests/actors/remote/remote_case.h"

namespace sluice::actors::remote::testing {
namespace {

/// Writes so much at once that it takes several system calls.
constexpr std::size_t much = 8 * 1024 * 1024;

behavior client(caf::io::broker* self, caf::io::connection_handle connection,
                const log_ptr& log) {
  self->ack_writes(connection, true);
  self->configure_read(connection, caf::io::receive_policy::at_most(1));
  std::string bytes(much, 'x');
  self->write(connection, bytes.size(), bytes.data());
  self->flush(connection);
  return {
      [=](const caf::io::data_transferred_msg& x) {
        if (x.remaining == 0)
          log->add("written");
      },
      [=](const caf::io::connection_closed_msg&) { log->add("closed"); },
  };
}

behavior server(caf::io::broker* self, const log_ptr& log) {
  auto total = std::make_shared<std::size_t>(0);
  return {
      [=](const caf::io::new_connection_msg& x) {
        self->configure_read(x.handle,
                             caf::io::receive_policy::at_most(64 * 1024));
      },
      [=](const caf::io::new_data_msg& x) {
        *total += x.buf.size();
        if (*total == much) {
          log->add("read");
          self->close(x.handle);
        }
      },
      [=](const caf::io::connection_closed_msg&) {},
  };
}

TEST(foreign_test, brokers_of_users_hear_of_what_was_written) {
  // No limit is about them.
  node here{{.stock = false,
             .limits = {{"sluice.remote-high-bytes", 2'000},
                        {"sluice.remote-low-bytes", 1'000},
                        {"sluice.remote-cap-bytes", 2'000},
                        {"sluice.remote-message-bytes-max", 1'000}},
             .times = {}}};
  auto log = make_log();
  auto& middleman = here.system().middleman();
  std::uint16_t port = 0;
  auto serving = middleman.spawn_server(server, port, log);
  ASSERT_TRUE(serving);
  auto sending = middleman.spawn_client(client, "127.0.0.1", port, log);
  ASSERT_TRUE(sending);
  log->await("read");
  log->await("written");
  log->await("closed");
  caf::anon_send_exit(*serving, caf::exit_reason::kill);
  caf::anon_send_exit(*sending, caf::exit_reason::kill);
}

TEST(foreign_test, remote_spawn_and_look_up_work) {
  node here;
  node there;
  auto log = make_log();
  auto port = there.publish(there.spawn(counting, log, 1));
  auto id = here.system().middleman().connect("127.0.0.1", port);
  ASSERT_TRUE(id);
  EXPECT_NE(
      here.system().middleman().remote_lookup(caf::atom("SpawnServ"), *id),
      nullptr);
}

TEST(foreign_test, caf_of_another_kind_has_no_middleman_of_ours) {
  node ours;
  node stock{{.stock = true, .limits = {}, .times = {}}};
  EXPECT_NE(middleman::of(ours.system()), nullptr);
  EXPECT_EQ(middleman::of(stock.system()), nullptr);
}

} // namespace
} // namespace sluice::actors::remote::testing
