#pragma once

// node_plan: which nodes `up` starts: their names, endpoints and command lines.
//
// Thread rule: values and pure functions, but for `port_in_use`.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::tools {

/// Nodes of one cluster on this machine. Each is a process with a few threads
/// and its share of the memory; more than these are better tried in the
/// simulator.
inline constexpr unsigned nodes_max = 64;

/// From a node's RESP port to the one where other nodes reach it. Redis Cluster
/// has the same.
inline constexpr unsigned cluster_port_offset = 10'000;

struct up_options {
  /// How this program was called, for what is there to be tried.
  std::string tool = "sluice";
  unsigned nodes = 3;
  std::string dir;
  std::string program;
  unsigned port = 6379;
  /// Of the first node's page; where it is taken a node chooses another one. 0:
  /// nodes have no page.
  unsigned page_port = 8080;
  /// Empty: membership from the seeds alone.
  std::string etcd;
  bool restart = false;
  bool detach = false;
  /// How long the nodes may take until all of them are members.
  unsigned wait_s = 30;
  /// For every node, after ours.
  std::vector<std::string> node_arguments;
};

struct node_plan {
  std::string name;
  std::uint16_t resp_port = 0;
  std::uint16_t cluster_port = 0;
  /// Endpoint of its admin interface.
  std::string admin;
  std::string log;
  std::vector<std::string> arguments;
};

/// What is wrong with the options, or an empty text.
std::string check(const up_options& options);

/// For options that are in order; `dir` is absolute.
std::vector<node_plan> plan_nodes(const up_options& options,
                                  const std::string& dir);

/// The first port of the plan that somebody has, as one line that says which,
/// for what it was meant and what to do; empty if all are free.
std::string port_in_use(const std::vector<node_plan>& nodes);

/// The program of the nodes if none was named: `kv_cluster` beside this
/// program, where Bazel puts it, or on the PATH. Empty if there is none.
std::string find_node_program();

} // namespace sluice::tools
