#include "tools/sluice/commands.h"

#include "tools/sluice/control.h"
#include "tools/sluice/text.h"
#include "tools/sluice/up.h"

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

namespace sluice::tools {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

// A launcher answers at once; where it waits for a node, its own deadlines are
// these or shorter.
constexpr auto soon = 5'000ms;
constexpr auto node_deadline = 2'000ms;
constexpr auto start_deadline = 60'000ms;
constexpr auto leave_deadline = 75'000ms;

// Nodes end one after the other, each within the 4 s of SIGTERM and a little.
constexpr auto down_deadline = 5'000ms;

exit_code fail(const control_answer& x) {
  return fail(x.code, x.why);
}

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
}

/// Asks the launcher for something that concerns one node, and says
/// `done` with the number of its process.
exit_code act(const place& where, const json& request,
              std::chrono::milliseconds deadline, const std::string& done) {
  control launcher{where};
  auto got = launcher.ask(request, deadline);
  if (got.code != exit_code::ok)
    return fail(got);
  say(request["node"].get<std::string>() + " " + done + " (pid "
      + got.content["pid"].dump() + ")");
  return exit_code::ok;
}

/// What several nodes are asked for: node, request.
using questions = std::vector<std::pair<std::string, json>>;

exit_code judge(const json& row) {
  auto name = row["name"].get<std::string>();
  auto how = row["how"].get<std::string>();
  if (how == "answered" && row["answer"]["ok"] == true)
    return exit_code::ok;
  if (how == "answered")
    return fail(exit_code::failed,
                name + ": " + row["answer"].value("error", "failed"));
  auto why = row["error"].get<std::string>();
  if (how == "ended")
    return fail(exit_code::failed, name + " does not run: it " + why);
  return fail(exit_code::no_answer, name + " does not answer: " + why);
}

/// Asks nodes through the launcher. The last one that fails decides.
exit_code ask_nodes(control& launcher, const questions& all) {
  auto requests = json::array();
  for (auto& [name, request] : all)
    requests.push_back({{"node", name}, {"request", request}});
  auto got = launcher.ask({{"do", "ask"},
                           {"requests", requests},
                           {"deadline_ms", node_deadline.count()}},
                          node_deadline + soon);
  if (got.code != exit_code::ok)
    return fail(got);
  auto result = exit_code::ok;
  for (auto& row : got.content["answers"])
    if (auto code = judge(row); code != exit_code::ok)
      result = code;
  return result;
}

} // namespace

exit_code run_nodes(const place& where) {
  control launcher{where};
  auto got = launcher.ask({{"do", "status"}}, soon);
  if (got.code != exit_code::ok)
    return fail(got);
  for (auto& x : got.content["nodes"])
    say(x["name"].get<std::string>());
  return exit_code::ok;
}

exit_code run_down(const place& where) {
  control launcher{where};
  auto got = launcher.ask({{"do", "status"}}, soon);
  if (got.code != exit_code::ok)
    return fail(got);
  auto count = got.content["nodes"].size();
  got = launcher.ask({{"do", "down"}},
                     down_deadline * static_cast<int>(count + 1));
  if (got.code != exit_code::ok)
    return fail(got);
  // So that an `up` that follows finds the place free.
  auto end = std::chrono::steady_clock::now() + down_deadline;
  while (where.is_locked()) {
    if (std::chrono::steady_clock::now() > end)
      return fail(exit_code::no_answer,
                  "the nodes have ended, the launcher has not");
    std::this_thread::sleep_for(5ms);
  }
  say(std::to_string(count) + (count == 1 ? " node has" : " nodes have")
      + " ended");
  return exit_code::ok;
}

exit_code run_signal(const place& where, const std::string& node,
                     const std::string& signal) {
  auto done = signal == "KILL"   ? "was killed"
              : signal == "STOP" ? "is stopped"
                                 : "goes on";
  return act(where, {{"do", "signal"}, {"node", node}, {"signal", signal}},
             soon, done);
}

exit_code run_start(const place& where, const std::string& node) {
  return act(where, {{"do", "start"}, {"node", node}}, start_deadline,
             "is a member again");
}

exit_code run_leave(const place& where, const std::string& node) {
  return act(where, {{"do", "leave"}, {"node", node}}, leave_deadline,
             "has left, and its process has ended");
}

exit_code run_slow(const place& where, const std::string& node,
                   std::uint64_t bytes_per_s) {
  control launcher{where};
  auto code = ask_nodes(
      launcher, {{node, {{"do", "slow"}, {"bytes_per_s", bytes_per_s}}}});
  if (code == exit_code::ok)
    say(bytes_per_s == 0
            ? node + " is as fast as it can"
            : node + " takes " + rate_text(static_cast<double>(bytes_per_s))
                  + "; `sluice slow " + node + " --rate 0` ends that");
  return code;
}

exit_code run_cut(const place& where, const std::string& a,
                  const std::string& b) {
  if (a == b)
    return fail(exit_code::bad_command_line,
                "a node cannot be cut off from itself");
  control launcher{where};
  auto code = ask_nodes(launcher, {{a, {{"do", "cut"}, {"peer", b}}},
                                   {b, {{"do", "cut"}, {"peer", a}}}});
  if (code == exit_code::ok)
    say(a + " and " + b + " do not hear each other; `sluice heal` ends that");
  return code;
}

exit_code run_heal(const place& where, const std::string& a,
                   const std::string& b) {
  control launcher{where};
  questions all;
  if (a.empty()) {
    auto got = launcher.ask({{"do", "status"}}, soon);
    if (got.code != exit_code::ok)
      return fail(got);
    // One that does not run has forgotten what it was cut off from.
    for (auto& x : got.content["nodes"])
      if (!x["pid"].is_null())
        all.push_back({x["name"], {{"do", "heal"}}});
  } else {
    all = {{a, {{"do", "heal"}, {"peer", b}}},
           {b, {{"do", "heal"}, {"peer", a}}}};
  }
  auto code = ask_nodes(launcher, all);
  if (code == exit_code::ok)
    say(a.empty() ? "all nodes hear all others"
                  : a + " and " + b + " hear all others");
  return code;
}

} // namespace sluice::tools
