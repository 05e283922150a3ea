#pragma once

// What `sluice top` shows: rates, queues, and who is holding whom; made of a
// launcher's answer to "status" with {"ask":["status","pressure"]}.
//
// Thread rule: pure functions.

#include <nlohmann/json.hpp>

#include <string>

namespace sluice::tools {

/// The object that `--json` prints; its fields are described in
/// docs/cluster.md.
nlohmann::json top_json(const nlohmann::json& launcher);

/// The tables of it. Of the queues that ever held something those that hold
/// most, at most `queues_max`.
std::string top_text(const nlohmann::json& top);

inline constexpr std::size_t queues_max = 20;

} // namespace sluice::tools
