#include "tools/sluice/status_view.h"

#include "tools/sluice/table.h"
#include "tools/sluice/text.h"

#include <algorithm>
#include <utility>

namespace sluice::tools {

using nlohmann::json;

namespace {

/// The value under `name`, null if there is none.
json field(const json& x, const char* name) {
  if (!x.is_object())
    return {};
  auto found = x.find(name);
  return found == x.end() ? json() : *found;
}

std::string text_of(const json& x) {
  if (x.is_null())
    return "-";
  return x.is_string() ? x.get<std::string>() : x.dump();
}

std::string text_in(const json& x, const char* name) {
  return text_of(field(x, name));
}

/// The names of the members, and of those that are suspected.
std::pair<json, json> names_of(const json& members) {
  if (!members.is_array())
    return {};
  auto all = json::array();
  auto suspected = json::array();
  for (auto& x : members) {
    auto name = field(x, "name");
    if (field(x, "suspected") == true)
      suspected.push_back(name);
    all.push_back(std::move(name));
  }
  return {all, suspected};
}

json node_json(const json& from) {
  json result;
  for (auto name :
       {"name", "pid", "process", "end", "resp_port", "page", "log"})
    result[name] = field(from, name);
  result["for_s"] = number_in(from, "for_ms") / 1000;
  auto answer = field(field(from, "answers"), "status");
  auto answers = answer.is_object() && field(answer, "ok") == true;
  result["answers"] = answers;
  result["error"] = answers ? json() : field(answer, "error");
  result["silent_for_s"] = from.contains("silent_ms")
                               ? json(number_in(from, "silent_ms") / 1000)
                               : json();
  for (auto name :
       {"state", "incarnation", "version", "seed", "keys", "shards", "rates"})
    result[name] = field(answer, name);
  auto [members, suspected] = names_of(field(answer, "members"));
  result["members"] = std::move(members);
  result["suspected"] = std::move(suspected);
  return result;
}

std::string shards_text(const json& x) {
  if (!x.is_object())
    return "-";
  auto result = count_text(number_in(x, "primary")) + " + "
                + count_text(number_in(x, "backup"));
  if (auto n = number_in(x, "moving"); n > 0)
    result += ", " + count_text(n) + " moving";
  if (auto n = number_in(x, "under_replicated"); n > 0)
    result += ", " + count_text(n) + " short";
  return result;
}

std::string version_text(const json& x) {
  return x.is_object() ? text_in(x, "term") + "." + text_in(x, "seq") : "-";
}

std::string members_text(const json& node) {
  auto& members = node["members"];
  if (!members.is_array())
    return "-";
  std::string result;
  for (auto& x : members) {
    auto& suspected = node["suspected"];
    auto is_suspected =
        std::find(suspected.begin(), suspected.end(), x) != suspected.end();
    result +=
        (result.empty() ? "" : " ") + text_of(x) + (is_suspected ? "?" : "");
  }
  return result;
}

std::chrono::milliseconds seconds_in(const json& x, const char* name) {
  return std::chrono::milliseconds{
      static_cast<std::int64_t>(number_in(x, name) * 1000)};
}

bool any_suspected(const json& status) {
  return std::ranges::any_of(status["nodes"], [](auto& x) {
    return x["suspected"].is_array() && !x["suspected"].empty();
  });
}

} // namespace

double number_in(const json& x, const char* name) {
  auto found = field(x, name);
  return found.is_number() ? found.get<double>() : 0;
}

json status_json(const json& launcher) {
  json result{
      {"dir", field(launcher, "dir")},
      {"launcher_pid", field(launcher, "launcher_pid")},
      {"program", field(launcher, "program")},
      {"stage", field(launcher, "stage")},
      {"up_for_s", number_in(launcher, "up_for_ms") / 1000},
      {"nodes", json::array()},
  };
  for (auto& x : field(launcher, "nodes"))
    result["nodes"].push_back(node_json(x));
  return result;
}

std::string absence_text(const json& x) {
  auto process = text_in(x, "process");
  auto since = duration_text(seconds_in(x, "for_s"));
  if (process == "ended")
    return text_in(x, "end") + " " + since + " ago";
  if (process == "waiting")
    return text_in(x, "end") + ", starts again soon";
  if (process == "not started")
    return process;
  if (field(x, "answers") == true)
    return {};
  if (auto error = field(x, "error"); error.is_string())
    return "answers: " + text_of(error);
  return (process == "stopped" ? "stopped: no answer for " : "no answer for ")
         + duration_text(seconds_in(x, "silent_for_s"));
}

std::string status_text(const json& status) {
  table rows{{"NODE"},
             {"PID", align::right},
             {"STATE"},
             {"RESP"},
             {"KEYS", align::right},
             {"SHARDS"},
             {"VERSION"},
             {"MEMBERS"}};
  json seed;
  json page;
  for (auto& x : status["nodes"]) {
    if (auto absent = absence_text(x); !absent.empty()) {
      rows.add({text_of(x["name"]), text_of(x["pid"]), absent});
      continue;
    }
    if (x["state"] == "member")
      seed = x["seed"];
    if (page.is_null())
      page = field(x, "page"); // of a node that answers
    rows.add({text_of(x["name"]), text_of(x["pid"]), text_of(x["state"]),
              text_of(x["resp_port"]),
              x["keys"].is_number() ? count_text(x["keys"].get<double>()) : "-",
              shards_text(x["shards"]), version_text(x["version"]),
              members_text(x)});
  }
  auto result = rows.text();
  if (any_suspected(status))
    result += "A ? marks a member that is suspected.\n";
  result += "\n" + text_of(status["stage"]) + " for "
            + duration_text(seconds_in(status, "up_for_s")) + " in "
            + text_of(status["dir"]) + ", launcher pid "
            + text_of(status["launcher_pid"]);
  if (seed.is_string() && seed != "")
    result += ", seed " + text_of(seed);
  if (page.is_string())
    result += "\nIn a browser: " + text_of(page);
  return result + "\n";
}

bool all_answer(const json& status) {
  return std::ranges::all_of(status["nodes"], [](auto& x) {
    return x["answers"] == true
           || (x["process"] != "running" && x["process"] != "stopped");
  });
}

} // namespace sluice::tools
