#include "actors/pressure_graph.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <set>

namespace sluice::actors {

namespace {

using caf::actor_id;

const char* unit_text(runtime::pressure_unit x) {
  return x == runtime::pressure_unit::bytes ? "bytes" : "messages";
}

std::string duration_text(caf::actor_clock::duration_type x) {
  auto seconds = std::chrono::duration<double>(x).count();
  char text[32];
  std::snprintf(text, sizeof(text), seconds < 1 ? "%.0f ms" : "%.1f s",
                seconds < 1 ? seconds * 1000 : seconds);
  return text;
}

/// As a string of the DOT language has it.
std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result;
}

std::string name_text(const std::string& name, actor_id id) {
  return name + " " + std::to_string(id);
}

/// The same circle, however it was found: its smallest id first.
std::vector<actor_id> rotated(std::vector<actor_id> x) {
  std::ranges::rotate(x, std::ranges::min_element(x));
  return x;
}

} // namespace

std::vector<std::vector<actor_id>> pressure_graph::cycles() const {
  std::map<actor_id, std::set<actor_id>> holders;
  for (auto& x : edges)
    holders[x.held].insert(x.holder);
  std::set<std::vector<actor_id>> found;
  std::set<actor_id> finished;
  std::vector<actor_id> path;
  std::function<void(actor_id)> visit = [&](actor_id at) {
    if (auto i = std::ranges::find(path, at); i != path.end()) {
      found.insert(rotated({i, path.end()}));
      return;
    }
    if (finished.contains(at))
      return;
    path.push_back(at);
    for (auto next : holders[at])
      visit(next);
    path.pop_back();
    finished.insert(at);
  };
  for (auto& x : edges)
    visit(x.held);
  return {found.begin(), found.end()};
}

pressure_graph list_pressure(caf::actor_system& system) {
  return {runtime::pressure_table::instance().entries(system)};
}

std::string to_text(const pressure_graph& x) {
  if (x.edges.empty())
    return "nobody is held\n";
  std::string result;
  for (auto& e : x.edges)
    result += name_text(e.held_name, e.held) + " is held by "
              + name_text(e.holder_name, e.holder) + " for "
              + duration_text(e.since) + ": " + std::to_string(e.queued) + " "
              + unit_text(e.unit) + " wait there\n";
  for (auto& cycle : x.cycles()) {
    result += "cycle:";
    for (auto id : cycle)
      result += " " + std::to_string(id);
    result += "\n";
  }
  return result;
}

std::string to_dot(const pressure_graph& x) {
  std::string result = "digraph pressure {\n";
  std::map<actor_id, std::string> names;
  for (auto& e : x.edges) {
    names[e.held] = e.held_name;
    names[e.holder] = e.holder_name;
  }
  for (auto& [id, name] : names)
    result += "  " + std::to_string(id) + " [label=\""
              + escaped(name_text(name, id)) + "\"];\n";
  for (auto& e : x.edges)
    result += "  " + std::to_string(e.held) + " -> " + std::to_string(e.holder)
              + " [label=\"" + std::to_string(e.queued) + " "
              + unit_text(e.unit) + ", " + duration_text(e.since) + "\"];\n";
  return result + "}\n";
}

caf::behavior pressure_lister(caf::event_based_actor* self) {
  return {[self](const list_pressure_request&) {
    return list_pressure(self->system());
  }};
}

} // namespace sluice::actors
