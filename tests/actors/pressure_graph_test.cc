// Who is holding whom: by mailboxes and by sockets, and as text.

#include "actors/pressure_graph.h"

#include "actors/flow_actor.h"
#include "tests/actors/peer_connection.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;
using runtime::pressure_unit;

caf::behavior sender(caf::event_based_actor*) {
  return {[](const runtime::backpressure&) {}, [](const net::rejected&) {}};
}

caf::behavior sink(flow_actor* self) {
  self->limit_mailbox({.high = 4, .low = 2});
  return {[](int) {}};
}

class pressure_graph_test : public ::testing::Test {
public:
  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};

  ~pressure_graph_test() override {
    caf::anon_send_exit(from, caf::exit_reason::kill);
    run.during(10ms);
  }

  pressure_graph list() { return list_pressure(run.system()); }

  caf::actor from = run.system().spawn(sender);
};

TEST_F(pressure_graph_test, full_mailbox_holds_its_sender_until_it_is_empty) {
  auto to = run.system().spawn(sink);
  run.during(1ms);
  EXPECT_EQ(to_text(list()), "nobody is held\n");
  for (int i = 0; i < 6; ++i)
    caf::send_as(from, to, i);
  auto graph = list();
  ASSERT_EQ(graph.edges.size(), 1u);
  auto& edge = graph.edges.front();
  EXPECT_EQ(edge.holder, to.id());
  EXPECT_EQ(edge.holder_name, "flow_actor");
  EXPECT_EQ(edge.held, from.id());
  EXPECT_EQ(edge.queued, 6u);
  EXPECT_EQ(edge.unit, pressure_unit::messages);
  EXPECT_EQ(to_text(graph), "scheduled_actor " + std::to_string(from.id())
                                + " is held by flow_actor "
                                + std::to_string(to.id())
                                + " for 0 ms: 6 messages wait there\n");
  run.during(1ms);
  EXPECT_TRUE(list().edges.empty());
}

TEST_F(pressure_graph_test, death_of_the_holder_ends_its_edges) {
  auto to = run.system().spawn(sink);
  run.during(1ms);
  for (int i = 0; i < 6; ++i)
    caf::send_as(from, to, i);
  EXPECT_EQ(list().edges.size(), 1u);
  caf::anon_send_exit(to, caf::exit_reason::kill);
  run.during(1ms);
  EXPECT_TRUE(list().edges.empty());
}

TEST_F(pressure_graph_test, full_socket_holds_who_writes_and_says_how_long) {
  peer_connection connection{run, peer_connection::peer::does_not_read};
  auto bytes = runtime::byte_slice::copy(std::string(60'000, 'x'));
  for (int i = 0; i < 100 && list().edges.empty(); ++i) {
    caf::send_as(from, connection.broker(), net::write{bytes});
    run.during(1ms);
  }
  caf::delayed_anon_send(from, 1500ms, runtime::backpressure{}); // time passes
  run.during(2s);
  auto graph = list();
  ASSERT_EQ(graph.edges.size(), 1u);
  auto& edge = graph.edges.front();
  EXPECT_EQ(edge.holder_name, "stream_broker");
  EXPECT_EQ(edge.held, from.id());
  EXPECT_EQ(edge.unit, pressure_unit::bytes);
  EXPECT_GE(edge.queued, 64u * 1024);
  EXPECT_GE(edge.since, 1s);
  connection.abort();
  EXPECT_TRUE(list().edges.empty());
}

TEST_F(pressure_graph_test, writes_in_a_mailbox_hold_before_the_broker_runs) {
  peer_connection connection{run, peer_connection::peer::reads};
  auto bytes = runtime::byte_slice::copy(std::string(60'000, 'x'));
  caf::send_as(from, connection.broker(), net::write{bytes});
  EXPECT_TRUE(list().edges.empty());
  caf::send_as(from, connection.broker(), net::write{bytes});
  auto graph = list();
  ASSERT_EQ(graph.edges.size(), 1u);
  EXPECT_EQ(graph.edges.front().held, from.id());
  EXPECT_GE(graph.edges.front().queued, 120'000u);
  run.during(1s); // the peer reads
  EXPECT_TRUE(list().edges.empty());
}

TEST_F(pressure_graph_test, lister_answers_with_the_graph) {
  auto to = run.system().spawn(sink);
  auto lister = run.system().spawn(pressure_lister);
  run.during(1ms);
  runtime::send_signal(*caf::actor_cast<caf::strong_actor_ptr>(to),
                       {runtime::pressure::applied,
                        caf::actor_cast<caf::strong_actor_ptr>(from), 0, 1},
                       nullptr);
  for (int i = 0; i < 6; ++i)
    caf::send_as(from, to, i);
  std::size_t edges = 0;
  run.system().spawn([&, lister](caf::event_based_actor* self) {
    self->request(lister, caf::infinite, list_pressure_request{})
        .then([&](const pressure_graph& x) { edges = x.edges.size(); });
  });
  run.during(1ms);
  EXPECT_EQ(edges, 1u);
  caf::anon_send_exit(to, caf::exit_reason::kill);
}

// -- cycles and DOT: of edges made by hand ------------------------------------

pressure_graph
graph_of(std::initializer_list<std::pair<caf::actor_id, caf::actor_id>> edges) {
  pressure_graph result;
  for (auto& [held, holder] : edges)
    result.edges.push_back(
        {holder, "h", held, "t", 1500ms, 7, pressure_unit::messages});
  return result;
}

using cycles = std::vector<std::vector<caf::actor_id>>;

TEST(pressure_cycles_test, chain_has_no_cycle) {
  EXPECT_EQ(graph_of({{1, 2}, {2, 3}, {1, 3}}).cycles(), cycles{});
}

TEST(pressure_cycles_test, each_circle_is_reported_once_smallest_id_first) {
  EXPECT_EQ(graph_of({{3, 1}, {1, 2}, {2, 3}, {7, 3}}).cycles(),
            (cycles{{1, 2, 3}}));
  EXPECT_EQ(graph_of({{1, 2}, {2, 1}, {4, 3}, {3, 4}}).cycles(),
            (cycles{{1, 2}, {3, 4}}));
  EXPECT_EQ(graph_of({{5, 5}}).cycles(), (cycles{{5}}));
}

TEST(pressure_cycles_test, text_names_the_cycle) {
  auto text = to_text(graph_of({{1, 2}, {2, 1}}));
  EXPECT_NE(text.find("t 1 is held by h 2 for 1.5 s: 7 messages wait there\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("cycle: 1 2\n"), std::string::npos) << text;
}

TEST(pressure_cycles_test, dot_has_a_line_for_each_actor_and_edge) {
  auto graph = graph_of({{1, 2}});
  graph.edges.front().held_name = "a \"b\"";
  EXPECT_EQ(to_dot(graph), "digraph pressure {\n"
                           "  1 [label=\"a \\\"b\\\" 1\"];\n"
                           "  2 [label=\"h 2\"];\n"
                           "  1 -> 2 [label=\"7 messages, 1.5 s\"];\n"
                           "}\n");
}

} // namespace
} // namespace sluice::actors
