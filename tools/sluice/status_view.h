#pragma once

// What `sluice status` shows, made of a launcher's answer to "status" with
// {"ask":["status"]}. Nodes may leave fields out: what is not there is shown as
// `-`, and is null in JSON.
//
// Thread rule: pure functions.

#include <nlohmann/json.hpp>

#include <string>

namespace sluice::tools {

/// The object that `--json` prints; its fields are described in
/// docs/cluster.md.
nlohmann::json status_json(const nlohmann::json& launcher);

/// The table of it, and what is to be said about all nodes.
std::string status_text(const nlohmann::json& status);

/// False if a node runs and does not answer.
bool all_answer(const nlohmann::json& status);

/// The number under `name`; 0 if there is none.
double number_in(const nlohmann::json& x, const char* name);

/// What stands in the place of the figures of a node that gave none, such as
/// "no answer for 3.2 s"; empty if it answered. `node` as in `status_json`.
std::string absence_text(const nlohmann::json& node);

} // namespace sluice::tools
