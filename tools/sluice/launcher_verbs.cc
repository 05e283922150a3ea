#include "actors/process/commands.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "tools/sluice/launcher.h"

#include <caf/atom.hpp>
#include <caf/send.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

// What a launcher is asked for at its control socket.

namespace sluice::tools {

namespace admin = actors::admin;
namespace process = actors::process;
using namespace std::chrono_literals;

namespace {

using nlohmann::json;
using look_atom = caf::atom_constant<caf::atom("look")>;

// How long a node may take to say how it is; and to leave, for which it hands
// over what it holds.
constexpr auto status_deadline = 1'000ms;
constexpr auto leave_deadline = 60'000ms;

// For a stop or a continue to be seen; it takes microseconds.
constexpr auto state_deadline = 1'000ms;
constexpr auto state_look = 5ms;

std::int64_t ms_between(runtime::time_point from, runtime::time_point to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from)
      .count();
}

const char* name_of(admin::outcome x) {
  switch (x) {
  case admin::outcome::answered:
    return "answered";
  case admin::outcome::late:
    return "late";
  case admin::outcome::unreachable:
    break;
  }
  return "unreachable";
}

/// An answer that is made of those of several nodes: given when the last of
/// them lets go of it.
struct gathering {
  gathering(json x, admin::reply asker)
      : content(std::move(x)), answer(std::move(asker)) {}
  gathering(const gathering&) = delete;
  gathering& operator=(const gathering&) = delete;
  ~gathering() { answer.ok(std::move(content)); }

  json content;
  admin::reply answer;
};

} // namespace

admin::verb_table launcher::verbs(const caf::actor& self) {
  admin::verb_table result;
  for (auto name : {"status", "signal", "start", "leave", "ask", "down"})
    result[name] = [self](const json& request, const reply& asker) {
      caf::anon_send(self, control_request{request, asker});
    };
  return result;
}

void launcher::execute(const control_request& x) {
  static const std::map<std::string,
                        void (launcher::*)(const json&, const reply&)>
      table{
          {"status", &launcher::do_status}, {"signal", &launcher::do_signal},
          {"start", &launcher::do_start},   {"leave", &launcher::do_leave},
          {"ask", &launcher::do_ask},
      };
  auto verb = x.request.at("do").get<std::string>();
  if (verb == "down") {
    until_down_.push_back(x.answer);
    return begin_stop(exit_code::ok, {});
  }
  try {
    (this->*table.at(verb))(x.request, x.answer);
  } catch (const json::exception& error) {
    x.answer.fail(error.what());
  }
}

// -- status -------------------------------------------------------------------

json launcher::describe(node& x) const {
  auto process = x.child         ? (is_stopped(x.pid) ? "stopped" : "running")
                 : x.returns     ? "waiting"
                 : x.starts == 0 ? "not started"
                                 : "ended";
  json result{
      {"name", x.plan.name},
      {"process", process},
      {"pid", x.child ? json(x.pid) : json()},
      {"for_ms", ms_between(x.since, loop().now())},
      {"starts", x.starts},
      {"end", x.end.empty() ? json() : json(x.end)},
      {"resp_port", x.plan.resp_port},
      {"cluster_port", x.plan.cluster_port},
      {"page", x.child && !x.page.empty() ? json(x.page) : json()},
      {"admin", x.plan.admin},
      {"log", x.plan.log},
  };
  if (x.child)
    result["silent_ms"] = ms_between(x.last_answer, loop().now());
  return result;
}

void launcher::do_status(const json& request, const reply& asker) {
  std::vector<std::string> asks;
  if (auto found = request.find("ask"); found != request.end())
    asks = found->get<std::vector<std::string>>();
  static constexpr const char* stages[] = {"starting", "up", "stopping"};
  json content{
      {"dir", dir_},
      {"launcher_pid", ::getpid()},
      {"up_for_ms", ms_between(began_, loop().now())},
      {"program", options_.program},
      {"stage", stages[static_cast<std::size_t>(stage_)]},
      {"nodes", json::array()},
  };
  for (auto& x : nodes_)
    content["nodes"].push_back(describe(*x));
  auto all = std::make_shared<gathering>(std::move(content), asker);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    auto& x = *nodes_[i];
    all->content["nodes"][i]["answers"] = json::object();
    if (!x.child)
      continue;
    for (auto& verb : asks)
      admin::ask(loop(), x.plan.admin, {{"do", verb}}, status_deadline,
                 [this, keep = self(), all, i, verb](admin::outcome how,
                                                     const caf::error& why,
                                                     const json& answer) {
                   auto& row = all->content["nodes"][i];
                   if (how == admin::outcome::answered) {
                     nodes_[i]->last_answer = loop().now();
                     row["silent_ms"] = 0;
                     row["answers"][verb] = answer;
                   } else {
                     row["silent_ms"] =
                         ms_between(nodes_[i]->last_answer, loop().now());
                     row["why"] = runtime::to_text(why);
                   }
                 });
  }
}

// -- what is asker to a node
// ---------------------------------------------------

std::string launcher::unknown_node(std::string_view name) const {
  std::string result{unknown_node_text};
  result += "'" + std::string{name} + "'; there are";
  auto separator = " ";
  for (auto& x : nodes_) {
    result += separator + x->plan.name;
    separator = ", ";
  }
  return result;
}

void launcher::do_signal(const json& request, const reply& asker) {
  auto name = request.at("node").get<std::string>();
  auto what = request.at("signal").get<std::string>();
  auto x = find(name);
  if (!x)
    return asker.fail(unknown_node(name));
  if (!x->child)
    return asker.fail(name + " does not run: it " + x->end);
  if (what == "KILL") {
    x->expected = true;
    x->until_gone.push_back(asker);
    return caf::anon_send(x->child, process::signal_process{SIGKILL});
  }
  if (what != "STOP" && what != "CONT")
    return asker.fail("a signal is KILL, STOP or CONT");
  if (x->until_state)
    return asker.fail("somebody else does that to " + name);
  auto stop = what == "STOP";
  caf::anon_send(x->child, process::signal_process{stop ? SIGSTOP : SIGCONT});
  x->until_state = node::state_wait{stop, loop().now() + state_deadline, asker};
  delayed_send(this, state_look, look_atom::value);
}

/// Signals take effect some time after kill(2) has returned.
void launcher::look_at_states() {
  for (auto& x : nodes_) {
    if (!x->until_state)
      continue;
    auto& wait = *x->until_state;
    if (is_stopped(x->pid) == wait.stopped)
      wait.answer.ok({{"pid", x->pid}});
    else if (loop().now() >= wait.due)
      wait.answer.fail(x->plan.name + " did not take the signal");
    else {
      delayed_send(this, state_look, look_atom::value);
      continue;
    }
    x->until_state.reset();
  }
}

void launcher::do_start(const json& wanted, const reply& asker) {
  auto name = wanted.at("node").get<std::string>();
  auto x = find(name);
  if (!x)
    return asker.fail(unknown_node(name));
  if (stage_ != stage::up)
    return asker.fail(stage_ == stage::starting ? "the cluster is starting"
                                                : "the cluster is stopping");
  if (x->child)
    return asker.fail(name + " runs already, pid " + std::to_string(x->pid));
  if (x->returns || !x->gone)
    return asker.fail(name + " is about to start again by itself");
  x->until_member.push_back(asker);
  auto index = static_cast<std::size_t>(
      std::ranges::find_if(nodes_, [&](auto& y) { return y.get() == x; })
      - nodes_.begin());
  auto failed = [x](const caf::error& why) {
    for (auto& waiting : std::exchange(x->until_member, {}))
      waiting.fail(runtime::to_text(why));
  };
  if (x->listed)
    request(supervisor_, caf::infinite, actors::restart_child{name})
        .then([](const caf::actor&) {}, failed);
  else
    request(supervisor_, caf::infinite, actors::add_child{spec_of(index)})
        .then([](const caf::actor&) {}, failed);
}

void launcher::do_leave(const json& request, const reply& asker) {
  auto name = request.at("node").get<std::string>();
  auto x = find(name);
  if (!x)
    return asker.fail(unknown_node(name));
  if (!x->child)
    return asker.fail(name + " does not run: it " + x->end);
  x->expected = true;
  auto starts = x->starts;
  admin::ask(
      loop(), x->plan.admin, {{"do", "leave"}}, leave_deadline,
      [x, keep = self(), starts,
       asker](admin::outcome how, const caf::error& why, const json& answer) {
        if (how != admin::outcome::answered)
          return asker.fail(runtime::to_text(why));
        if (!answer.at("ok").get<bool>())
          return asker.fail(answer.value("error", "it does not say why"));
        if (!x->child || x->starts != starts)
          return asker.ok({{"pid", x->pid}, {"end", x->end}});
        // Out of the cluster it is of no use to anybody.
        x->until_gone.push_back(asker);
        caf::anon_send(x->child,
                       process::stop_process{runtime::limits::process_stop});
      });
}

// -- what nodes are asked for -------------------------------------------------

void launcher::do_ask(const json& wanted, const reply& asker) {
  std::chrono::milliseconds deadline{
      std::clamp(wanted.value("deadline_ms", 5'000), 1, 600'000)};
  auto& questions = wanted.at("requests");
  // All of them or none: nodes are not to be left half asked.
  for (auto& x : questions)
    if (auto name = x.at("node").get<std::string>(); !find(name))
      return asker.fail(unknown_node(name));
  auto all =
      std::make_shared<gathering>(json{{"answers", json::array()}}, asker);
  for (auto& x : questions) {
    auto name = x["node"].get<std::string>();
    auto& asked = *find(name);
    auto& rows = all->content["answers"];
    auto i = rows.size();
    rows.push_back({{"name", name}, {"how", "ended"}, {"error", asked.end}});
    if (!asked.child)
      continue;
    admin::ask(loop(), asked.plan.admin, x.at("request"), deadline,
               [all, i](admin::outcome how, const caf::error& why,
                        const json& answer) {
                 auto& row = all->content["answers"][i];
                 row["how"] = name_of(how);
                 row["answer"] = answer;
                 row["error"] = why ? json(runtime::to_text(why)) : json();
               });
  }
}

} // namespace sluice::tools
