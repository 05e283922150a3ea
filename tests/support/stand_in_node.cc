// A node that is none: a real process with a real admin interface and real
// ports, and a membership that it makes up: everybody who has a socket beside
// its own is a member. For tests of `sluice`, which starts it as it starts
// nodes. What it is told to do it says on its standard output. Besides the
// options of nodes:
//
//   --end-with N    say why on the standard error and exit with N at once
//   --stay-joining  never become a member
//   --ignore-term   SIGTERM does not end it
//   --mute          answer no "status"

#include "actors/admin/server.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <nlohmann/json.hpp>

#include <caf/actor_system.hpp>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace admin = sluice::actors::admin;
namespace net = sluice::net;
namespace fs = std::filesystem;
using nlohmann::json;

std::map<std::string, std::string> read_options(int argc, char** argv) {
  static const std::set<std::string> flags{"--stay-joining", "--ignore-term",
                                           "--mute"};
  std::map<std::string, std::string> result;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (flags.contains(name))
      result[name] = "on";
    else if (i + 1 < argc)
      result[name] = argv[++i];
  }
  return result;
}

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

json members_beside(const fs::path& socket) {
  auto result = json::array();
  std::set<std::string> names;
  for (auto& x : fs::directory_iterator{socket.parent_path()})
    if (auto name = x.path().stem().string();
        x.path().extension() == ".sock" && name != "sluice")
      names.insert(name);
  for (auto& name : names)
    result.push_back({{"name", name},
                      {"incarnation", 1},
                      {"suspected", false},
                      {"roles", {"kv"}}});
  return result;
}

json status(const std::map<std::string, std::string>& options) {
  auto path = options.at("--admin").substr(sizeof("unix://") - 1);
  auto port = options.at("--resp");
  return {
      {"name", options.at("--name")},
      {"incarnation", 1},
      {"state", options.contains("--stay-joining") ? "joining" : "member"},
      {"version", {{"term", 1}, {"seq", 3}}},
      {"seed", "n1"},
      {"members", members_beside(path)},
      {"pid", ::getpid()},
      {"resp_port", std::stoi(port.substr(port.rfind(':') + 1))},
      {"keys", 1234},
      {"shards",
       {{"primary", 22},
        {"backup", 21},
        {"moving", 0},
        {"under_replicated", 0}}},
      {"rates",
       {{"requests_per_s", 1500.4},
        {"forwarded_per_s", 1000},
        {"bytes_in_per_s", 43'000'000},
        {"bytes_out_per_s", 999}}},
      {"queues",
       {{{"what", "channel to n2"},
         {"queued", 7},
         {"peak", 900},
         {"holders", {"n2"}}}}},
  };
}

admin::verb_table verbs(const std::map<std::string, std::string>& options) {
  auto noted = [](const char* what) {
    return [what](const json& x, const admin::reply& asker) {
      say(std::string{what} + " " + x.dump());
      asker.ok();
    };
  };
  admin::verb_table result{
      {"leave", noted("leave")},
      {"slow", noted("slow")},
      {"heal", noted("heal")},
      {"cut",
       [](const json& x, const admin::reply& asker) {
         x.at("peer").get<std::string>();
         say("cut " + x.dump());
         asker.ok();
       }},
      {"stop",
       [](const json&, const admin::reply& asker) {
         asker.ok();
         ::kill(::getpid(), SIGTERM);
       }},
  };
  if (!options.contains("--mute"))
    result["status"] = [options](const json&, const admin::reply& asker) {
      asker.ok(status(options));
    };
  return result;
}

int fail(const caf::error& why) {
  std::fprintf(stderr, "%s\n", sluice::runtime::to_text(why).c_str());
  return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
  auto options = read_options(argc, argv);
  if (auto code = options["--end-with"]; !code.empty()) {
    std::fprintf(stderr, "this node cannot be\n");
    return std::stoi(code);
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &end, nullptr);
  net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  sluice::runtime::loop_group loops{sys, {.loops = 1}};
  auto nothing = [](net::stream_broker*) {
    return caf::behavior{[](const net::received&) {}};
  };
  for (auto name : {"--listen", "--resp"})
    if (auto x = net::listen(loops, options[name], nothing); !x)
      return fail(x.error());
  auto served = admin::serve(loops.at(0), options["--admin"], verbs(options));
  if (!served)
    return fail(served.error());
  say("here is " + options["--name"] + ", seeds " + options["--seeds"]
      + (options.contains("--etcd") ? ", etcd " + options["--etcd"] : ""));
  do {
    int number = 0;
    ::sigwait(&end, &number);
  } while (options.contains("--ignore-term"));
  say("goodbye");
  return EXIT_SUCCESS;
}
