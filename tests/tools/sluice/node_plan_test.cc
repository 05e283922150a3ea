#include "tools/sluice/node_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::tools {
namespace {

TEST(node_plan_test, nodes_have_ports_in_a_row_and_the_first_three_as_seeds) {
  up_options options;
  options.nodes = 4;
  options.port = 7000;
  auto all = plan_nodes(options, "/run/x");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[3].name, "n4");
  EXPECT_EQ(all[3].resp_port, 7003);
  EXPECT_EQ(all[3].cluster_port, 17003);
  EXPECT_EQ(all[3].log, "/run/x/n4.log");
  EXPECT_EQ(
      all[3].arguments,
      (std::vector<std::string>{
          "--name", "n4", "--listen", "tcp://127.0.0.1:17003", "--seeds",
          "tcp://127.0.0.1:17000,tcp://127.0.0.1:17001,"
          "tcp://127.0.0.1:17002",
          "--admin", "unix:///run/x/n4.sock", "--resp", "tcp://127.0.0.1:7003",
          "--launcher", "unix:///run/x/sluice.sock", "--page",
          "tcp://127.0.0.1:8083"}));
}

TEST(node_plan_test, pages_can_be_elsewhere_or_nowhere) {
  up_options options;
  options.page_port = 65'534;
  auto all = plan_nodes(options, "/d");
  EXPECT_EQ(all[1].arguments.back(), "tcp://127.0.0.1:65535");
  EXPECT_EQ(all[2].arguments.back(), "tcp://127.0.0.1:0");
  options.page_port = 0;
  all = plan_nodes(options, "/d");
  EXPECT_EQ(std::ranges::count(all[0].arguments, "--page"), 0);
  options.page_port = 65'536;
  EXPECT_NE(check(options), "");
}

TEST(node_plan_test, etcd_and_further_arguments_come_last) {
  up_options options;
  options.nodes = 1;
  options.etcd = "http://e:2379";
  options.node_arguments = {"--verbose", "x"};
  auto words = plan_nodes(options, "/d").front().arguments;
  ASSERT_GE(words.size(), 4u);
  EXPECT_EQ(
      (std::vector<std::string>{words.end() - 4, words.end()}),
      (std::vector<std::string>{"--etcd", "http://e:2379", "--verbose", "x"}));
}

TEST(node_plan_test, highest_port_of_the_last_node_is_a_port) {
  up_options options;
  options.nodes = 3;
  options.port = 55'533;
  EXPECT_EQ(check(options), "");
  EXPECT_EQ(plan_nodes(options, "/d").back().cluster_port, 65'535);
  options.port = 55'534;
  EXPECT_NE(check(options), "");
}

TEST(node_plan_test, numbers_out_of_range_are_refused) {
  for (auto n : {0u, 65u, 4'000'000'000u}) {
    up_options options;
    options.nodes = n;
    EXPECT_EQ(check(options), "--nodes takes a number from 1 to 64");
  }
  up_options options;
  options.port = 0;
  EXPECT_NE(check(options), "");
}

} // namespace
} // namespace sluice::tools
