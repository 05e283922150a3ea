#pragma once

// The lines of the admin interface: one JSON object each (RFC 8259), in UTF-8,
// ended by a line feed. Requests name what is to be done, answers say whether
// it was:
//
//   {"do":"cut","peer":"n2"}
//   {"ok":true}            {"ok":false,"error":"there is no node 'n2'"}
//
// For the two ends of an admin connection. Thread rule: pure functions.

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace sluice::actors::admin {

/// The object in `text`; or null, and then `why` says what is wrong with it:
/// no JSON, no object, or nested deeper than `depth_max`.
nlohmann::json read_object(std::string_view text, std::string& why);

/// What is asked for, the text under "do"; or an empty one, and `why`.
std::string verb_of(const nlohmann::json& request, std::string& why);

/// As a line, with its ending. Bytes that are no UTF-8 are replaced (U+FFFD).
std::string to_line(const nlohmann::json& x);

/// {"ok":false,"error":...}
nlohmann::json failure(std::string_view why);

/// What an exception of the JSON library says, without its number.
std::string plain_text(const std::exception& x);

} // namespace sluice::actors::admin
