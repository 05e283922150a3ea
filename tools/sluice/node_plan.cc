#include "tools/sluice/node_plan.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace sluice::tools {

namespace fs = std::filesystem;

namespace {

constexpr unsigned port_max = 65'535;

// A node looks for the cluster at these; three are enough, whichever one is
// gone.
constexpr std::size_t seeds_max = 3;

std::string tcp(unsigned port) {
  return "tcp://127.0.0.1:" + std::to_string(port);
}

bool is_free(std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return true; // the node will say what is the matter
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto result =
      ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0
      || errno != EADDRINUSE;
  ::close(fd);
  return result;
}

bool is_program(const fs::path& path) {
  std::error_code err;
  return fs::is_regular_file(path, err) && ::access(path.c_str(), X_OK) == 0;
}

} // namespace

std::string check(const up_options& x) {
  if (x.nodes < 1 || x.nodes > nodes_max)
    return "--nodes takes a number from 1 to " + std::to_string(nodes_max);
  auto most = port_max - cluster_port_offset - x.nodes + 1;
  if (x.page_port > port_max)
    return "--page-port takes a number from 1 to " + std::to_string(port_max)
           + ", or 0 for no pages";
  if (x.port < 1 || x.port > most)
    return "--port takes a number from 1 to " + std::to_string(most) + " with "
           + std::to_string(x.nodes)
           + " nodes: the nodes meet at ports higher by "
           + std::to_string(cluster_port_offset);
  return {};
}

std::vector<node_plan> plan_nodes(const up_options& options,
                                  const std::string& dir) {
  std::vector<node_plan> result(options.nodes);
  std::string seeds;
  for (std::size_t i = 0; i < result.size(); ++i) {
    auto& x = result[i];
    auto port = options.port + static_cast<unsigned>(i);
    x.name = "n" + std::to_string(i + 1);
    x.resp_port = static_cast<std::uint16_t>(port);
    x.cluster_port = static_cast<std::uint16_t>(port + cluster_port_offset);
    x.admin = "unix://" + dir + "/" + x.name + ".sock";
    x.log = dir + "/" + x.name + ".log";
    if (i < seeds_max)
      seeds += (i > 0 ? "," : "") + tcp(x.cluster_port);
  }
  for (auto& x : result) {
    x.arguments = {"--name",  x.name,          "--listen", tcp(x.cluster_port),
                   "--seeds", seeds,           "--admin",  x.admin,
                   "--resp",  tcp(x.resp_port)};
    x.arguments.insert(x.arguments.end(),
                       {"--launcher", "unix://" + dir + "/sluice.sock"});
    if (options.page_port != 0) {
      auto page = options.page_port + (x.resp_port - options.port);
      // Above the last port any free one does.
      x.arguments.insert(x.arguments.end(),
                         {"--page", tcp(page <= port_max ? page : 0)});
    }
    if (!options.etcd.empty())
      x.arguments.insert(x.arguments.end(), {"--etcd", options.etcd});
    x.arguments.insert(x.arguments.end(), options.node_arguments.begin(),
                       options.node_arguments.end());
  }
  return result;
}

std::string port_in_use(const std::vector<node_plan>& nodes) {
  for (auto& x : nodes)
    for (auto port : {x.resp_port, x.cluster_port})
      if (!is_free(port))
        return "port " + std::to_string(port) + " is in use, which "
               + (port == x.resp_port ? "clients of " : "other nodes reach ")
               + x.name + (port == x.resp_port ? " connect to" : " at")
               + "; choose others with --port";
  return {};
}

std::string find_node_program() {
  constexpr auto name = "kv_cluster";
  std::error_code err;
  auto here = fs::read_symlink("/proc/self/exe", err).parent_path();
  std::vector<fs::path> places;
  if (!err)
    places = {here / name, here / "../../examples/kv_cluster" / name};
  if (auto path = std::getenv("PATH")) {
    std::istringstream all{path};
    for (std::string dir; std::getline(all, dir, ':');)
      if (!dir.empty())
        places.push_back(fs::path{dir} / name);
  }
  auto found = std::find_if(places.begin(), places.end(), is_program);
  return found == places.end() ? "" : found->lexically_normal().string();
}

} // namespace sluice::tools
