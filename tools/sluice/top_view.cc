#include "tools/sluice/top_view.h"

#include "tools/sluice/status_view.h"
#include "tools/sluice/table.h"
#include "tools/sluice/text.h"

#include <algorithm>
#include <utility>

namespace sluice::tools {

using nlohmann::json;

namespace {

std::string text_of(const json& x) {
  return x.is_string() ? x.get<std::string>() : x.dump();
}

std::string text_in(const json& x, const char* name) {
  auto found = x.find(name);
  return found == x.end() || found->is_null() ? "-" : text_of(*found);
}

/// The objects of the array under `name` of an answer, if there are any, each
/// with the node that gave it.
void collect(json& out, const json& node, const char* verb, const char* name) {
  auto answers = node.find("answers");
  if (answers == node.end() || !answers->contains(verb))
    return;
  auto& answer = (*answers)[verb];
  auto rows = answer.find(name);
  if (rows == answer.end() || !rows->is_array())
    return;
  for (auto x : *rows) {
    if (!x.is_object())
      continue;
    x["node"] = node["name"];
    out.push_back(std::move(x));
  }
}

std::string rates_text(const json& top) {
  table rows{{"NODE"},
             {"REQUESTS/S", align::right},
             {"FORWARDED/S", align::right},
             {"IN", align::right},
             {"OUT", align::right},
             {"KEYS", align::right}};
  for (auto& x : top["nodes"]) {
    if (auto absent = absence_text(x); !absent.empty()) {
      rows.add({text_of(x["name"]), absent});
      continue;
    }
    auto& rates = x["rates"];
    rows.add({text_of(x["name"]),
              count_text(number_in(rates, "requests_per_s")),
              count_text(number_in(rates, "forwarded_per_s")),
              rate_text(number_in(rates, "bytes_in_per_s")),
              rate_text(number_in(rates, "bytes_out_per_s")),
              count_text(number_in(x, "keys"))});
  }
  return rows.text();
}

std::string holders_text(const json& x) {
  std::string result;
  if (auto holders = x.find("holders");
      holders != x.end() && holders->is_array())
    for (auto& y : *holders)
      result += (result.empty() ? "" : " ") + text_of(y);
  return result;
}

std::string queues_text(const json& top) {
  // Those that were never used say nothing.
  std::vector<json> all;
  for (auto& x : top["queues"])
    if (number_in(x, "queued") > 0 || number_in(x, "peak") > 0)
      all.push_back(x);
  if (all.empty())
    return {};
  auto more = [](const json& a, const json& b) {
    return std::pair{number_in(a, "queued"), number_in(a, "peak")}
           > std::pair{number_in(b, "queued"), number_in(b, "peak")};
  };
  std::ranges::stable_sort(all, more);
  table rows{{"NODE"},
             {"QUEUE"},
             {"QUEUED", align::right},
             {"PEAK", align::right},
             {"HOLDERS"}};
  for (std::size_t i = 0; i < std::min(all.size(), queues_max); ++i)
    rows.add({text_in(all[i], "node"), text_in(all[i], "what"),
              count_text(number_in(all[i], "queued")),
              count_text(number_in(all[i], "peak")), holders_text(all[i])});
  auto result = "\n" + rows.text();
  if (all.size() > queues_max)
    result += "and " + std::to_string(all.size() - queues_max) + " more\n";
  return result;
}

std::string pressure_text(const json& top) {
  if (top["pressure"].empty())
    return "\nNobody is held.\n";
  table rows{{"NODE"},
             {"WHO"},
             {"IS HELD BY"},
             {"FOR", align::right},
             {"WHERE THERE WAIT"}};
  for (auto& x : top["pressure"])
    rows.add({text_in(x, "node"),
              text_in(x, "held") + " " + text_in(x, "held_id"),
              text_in(x, "holder") + " " + text_in(x, "holder_id"),
              duration_text(std::chrono::milliseconds{
                  static_cast<std::int64_t>(number_in(x, "for_ms"))}),
              count_text(number_in(x, "queued")) + " " + text_in(x, "unit")});
  return "\n" + rows.text();
}

} // namespace

json top_json(const json& launcher) {
  auto status = status_json(launcher);
  json result{
      {"dir", status["dir"]},
      {"nodes", json::array()},
      {"queues", json::array()},
      {"pressure", json::array()},
  };
  for (auto& x : status["nodes"]) {
    json row;
    for (auto name : {"name", "pid", "process", "answers", "error",
                      "silent_for_s", "for_s", "end", "state", "keys", "rates"})
      row[name] = x[name];
    result["nodes"].push_back(std::move(row));
  }
  if (auto nodes = launcher.find("nodes"); nodes != launcher.end())
    for (auto& x : *nodes) {
      collect(result["queues"], x, "status", "queues");
      collect(result["pressure"], x, "pressure", "edges");
    }
  return result;
}

std::string top_text(const json& top) {
  return rates_text(top) + queues_text(top) + pressure_text(top);
}

} // namespace sluice::tools
