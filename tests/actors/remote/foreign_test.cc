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

behavior doubling(caf::event_based_actor*) {
  return {[](int x) { return 2 * x; }};
}

TEST(foreign_test, remote_spawn_and_look_up_work) {
  node here;
  node_options options;
  options.prepare = [](config& x) { x.add_actor_type("doubling", doubling); };
  node there{options};
  auto log = make_log();
  auto port = there.publish(there.spawn(counting, log, 1));
  auto& middleman = here.system().middleman();
  auto id = middleman.connect("127.0.0.1", port);
  ASSERT_TRUE(id);
  EXPECT_NE(middleman.remote_lookup(caf::atom("SpawnServ"), *id), nullptr);
  auto made = middleman.remote_spawn<actor>(*id, "doubling", {}, deadline);
  ASSERT_TRUE(made) << here.system().render(made.error());
  EXPECT_EQ(made->node(), there.system().node());
  caf::scoped_actor self{here.system()};
  auto answer = 0;
  self->request(*made, deadline, 21)
      .receive([&](int x) { answer = x; }, [](const caf::error&) {});
  EXPECT_EQ(answer, 42);
  self->send_exit(*made, caf::exit_reason::kill);
}

behavior listening(caf::event_based_actor* self, const caf::group& where,
                   const log_ptr& log) {
  self->set_default_handler(caf::drop); // the group ends with its node
  self->join(where);
  log->add("joined");
  return {[=](const std::string& text) { log->add(text); }};
}

TEST(foreign_test, groups_reach_both_nodes) {
  node here;
  node there;
  auto log_here = make_log();
  auto log_there = make_log();
  auto local = there.system().groups().get_local("news");
  there.spawn(listening, local, log_there);
  log_there->await("joined");
  auto port = there.system().middleman().publish_local_groups(0, "127.0.0.1");
  ASSERT_TRUE(port);
  auto remote =
      here.system().middleman().remote_group("news", "127.0.0.1", *port);
  ASSERT_TRUE(remote) << here.system().render(remote.error());
  here.spawn(listening, *remote, log_here);
  log_here->await("joined");
  caf::scoped_actor self{here.system()};
  self->send(*remote, std::string{"from here"});
  log_there->await("from here");
  log_here->await("from here");
  caf::scoped_actor other{there.system()};
  other->send(local, std::string{"from there"});
  log_there->await("from there");
  log_here->await("from there");
}

TEST(foreign_test, caf_of_another_kind_has_no_middleman_of_ours) {
  node ours;
  node stock{{.stock = true, .limits = {}, .times = {}}};
  EXPECT_NE(middleman::of(ours.system()), nullptr);
  EXPECT_EQ(middleman::of(stock.system()), nullptr);
  config cfg;
  caf::actor_system none{cfg};
  EXPECT_EQ(middleman::of(none), nullptr);
}

} // namespace
} // namespace sluice::actors::remote::testing
