#include "tests/actors/cluster/cluster_nodes.h"

#include <algorithm>

namespace sluice::testing {
namespace {

using namespace actors;

class node_test : public cluster_nodes {};

TEST_F(node_test, one_node_without_seeds_is_a_cluster) {
  place x;
  x.options.name = "alone";
  x.options.times = quick();
  start(x);
  ASSERT_TRUE(x.log->wait_for("gained"));
  EXPECT_EQ(x.log->lines(),
            (std::vector<std::string>{"joined alone", "gained"}));
  EXPECT_TRUE(x.node->lease()->holds(loops_.at(0).now()));
}

TEST_F(node_test, nodes_find_each_other_and_tell_it_in_one_order) {
  auto nodes = start_all(3);
  for (auto& x : nodes) {
    ASSERT_TRUE(x.log->wait_for("gained"));
    for (auto name : {"n1", "n2", "n3"})
      ASSERT_TRUE(x.log->wait_for(std::string{"joined "} + name));
  }
  auto first = list(nodes[0]);
  for (auto& x : nodes) {
    auto here = list(x);
    EXPECT_EQ(here.state, cluster::node_state::member);
    EXPECT_EQ(here.list.members, first.list.members);
    EXPECT_EQ(here.self.name, x.options.name);
  }
}

TEST_F(node_test, killed_node_is_down_at_once_and_comes_back_as_another) {
  auto nodes = start_all(3);
  for (auto& x : nodes)
    for (auto name : {"n1", "n2", "n3"})
      ASSERT_TRUE(x.log->wait_for(std::string{"joined "} + name));
  auto life = list(nodes[2]).self.incarnation;
  auto start_of_end = std::chrono::steady_clock::now();
  nodes[2].node.reset();
  ASSERT_TRUE(nodes[0].log->wait_for("down n3"));
  ASSERT_TRUE(nodes[1].log->wait_for("down n3"));
  EXPECT_LT(std::chrono::steady_clock::now() - start_of_end, 2s);
  start(nodes[2]);
  ASSERT_TRUE(nodes[0].log->wait_for("joined n3", 2));
  ASSERT_TRUE(nodes[2].log->wait_for("gained"));
  EXPECT_GT(list(nodes[2]).self.incarnation, life);
}

TEST_F(node_test, node_whose_ways_are_cut_is_down_and_knows_it_first) {
  auto nodes = start_all(3);
  for (auto& x : nodes)
    for (auto name : {"n1", "n2", "n3"})
      ASSERT_TRUE(x.log->wait_for(std::string{"joined "} + name));
  for (auto i : {0, 1}) {
    EXPECT_FALSE(nodes[i].node->channels().cut(nodes[2].endpoint));
    EXPECT_FALSE(nodes[2].node->channels().cut(nodes[i].endpoint));
  }
  ASSERT_TRUE(nodes[2].log->wait_for("lost"));
  ASSERT_TRUE(nodes[0].log->wait_for("suspected n3"));
  ASSERT_TRUE(nodes[0].log->wait_for("down n3"));
  ASSERT_TRUE(nodes[1].log->wait_for("down n3"));
  EXPECT_FALSE(nodes[2].node->lease()->holds(loops_.at(0).now()));
  for (auto& x : nodes)
    x.node->channels().heal_all();
  ASSERT_TRUE(nodes[2].log->wait_for("gained", 2));
  ASSERT_TRUE(nodes[0].log->wait_for("joined n3", 2));
}

TEST_F(node_test, leaving_waits_for_those_who_drain) {
  auto nodes = start_all(2);
  for (auto& x : nodes)
    ASSERT_TRUE(x.log->wait_for("gained"));
  ASSERT_TRUE(nodes[0].log->wait_for("joined n2"));
  auto drained = std::make_shared<event_log>();
  auto held = std::make_shared<caf::response_promise>();
  auto drainer = system_.spawn([=](caf::event_based_actor* self) {
    return caf::behavior{
        [=](const cluster::node_joined&) {},
        [=](const cluster::membership_gained&) { drained->add("gained"); },
        [=](const cluster::membership_lost&) {},
        [=](const cluster::node_left&) {},
        [=](cluster::prepare_to_leave) {
          *held = self->make_response_promise();
          drained->add("asked");
          return *held;
        },
        [=](const std::string&) { held->deliver(caf::unit); },
    };
  });
  caf::anon_send(nodes[1].node->actor(), cluster::watch_members{drainer, true});
  ASSERT_TRUE(drained->wait_for("gained"));
  caf::scoped_actor self{system_};
  auto answer =
      self->request(nodes[1].node->actor(), 30s, cluster::leave_cluster{});
  ASSERT_TRUE(drained->wait_for("asked"));
  EXPECT_EQ(list(nodes[1]).state, cluster::node_state::leaving);
  caf::anon_send(drainer, std::string{"done"});
  answer.receive(
      [] {},
      [](const caf::error& err) { ADD_FAILURE() << runtime::to_text(err); });
  ASSERT_TRUE(nodes[0].log->wait_for("left n2"));
  auto lines = nodes[0].log->lines();
  EXPECT_EQ(std::ranges::count(lines, "down n2"), 0);
  EXPECT_EQ(list(nodes[1]).state, cluster::node_state::left);
  EXPECT_FALSE(
      ask(nodes[1].node->actor(), caf::make_message(cluster::join_cluster{})));
  EXPECT_TRUE(nodes[0].log->wait_for("joined n2", 2));
}

TEST_F(node_test, second_node_of_a_name_fails_and_names_the_first) {
  auto nodes = start_all(1);
  ASSERT_TRUE(nodes[0].log->wait_for("gained"));
  place other;
  other.options = nodes[0].options;
  other.options.listen = "tcp://127.0.0.1:0";
  start(other);
  ASSERT_TRUE(other.log->wait_for("lost"));
  auto here = list(other);
  EXPECT_EQ(here.state, cluster::node_state::failed);
  EXPECT_NE(runtime::to_text(here.why).find(
                "the name \"n1\" is that of the node at " + nodes[0].endpoint),
            std::string::npos)
      << runtime::to_text(here.why);
}

TEST_F(node_test, node_that_finds_nobody_says_whom_it_asked) {
  place x;
  x.options.name = "n1";
  x.options.times = quick();
  x.options.seeds = endpoints(2);
  x.options.join_deadline = 500ms;
  start(x);
  ASSERT_TRUE(x.log->wait_for("lost"));
  auto text = runtime::to_text(list(x).why);
  for (auto& seed : x.options.seeds)
    EXPECT_NE(text.find(seed.substr(6)), std::string::npos) << text;
  EXPECT_NE(text.find("ECONNREFUSED"), std::string::npos) << text;
}

TEST_F(node_test, advertised_port_that_is_left_open_is_the_chosen_one) {
  place x;
  x.options.name = "n1";
  x.options.times = quick();
  x.options.advertise = "tcp://[::1]:0";
  start(x);
  ASSERT_TRUE(x.node);
  EXPECT_EQ(x.endpoint.rfind("tcp://[::1]:", 0), 0u) << x.endpoint;
  EXPECT_NE(x.endpoint, "tcp://[::1]:0");
}

TEST_F(node_test, bad_settings_are_named) {
  auto why = [&](const std::function<void(cluster::node_options&)>& change) {
    cluster::node_options options{.name = "n1"};
    change(options);
    auto made = cluster::node::start(loops_, options);
    return made ? std::string{} : runtime::to_text(made.error());
  };
  using options = cluster::node_options;
  auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(why([](options& x) { x.name = ""; }), "node_options.name"));
  EXPECT_TRUE(has(why([](options& x) { x.name = "a b"; }), "\"a b\""));
  EXPECT_TRUE(
      has(why([](options& x) { x.cluster = "/"; }), "node_options.cluster"));
  EXPECT_TRUE(has(why([](options& x) { x.seeds = {"n2"}; }), "\"n2\""));
  EXPECT_TRUE(has(why([](options& x) {
                    x.roles = {"a", ""};
                  }),
                  "node_options.roles"));
  EXPECT_TRUE(
      has(why([](options& x) { x.times.down_after = 1s; }), "down_after"));
  EXPECT_TRUE(has(why([](options& x) { x.listen = "tcp://*:0"; }),
                  "node_options.advertise"));
  EXPECT_TRUE(has(why([](options& x) { x.remote_port = 0; }), "middleman"));
  EXPECT_TRUE(has(why([](options& x) { x.listen = "tcp://127.0.0.1:99999"; }),
                  "99999"));
}

} // namespace
} // namespace sluice::testing
