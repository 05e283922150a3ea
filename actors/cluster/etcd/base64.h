#pragma once

// base64: how bytes stand in JSON (RFC 4648, section 4).
//
// Internal. Thread rule: pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace sluice::actors::cluster::etcd {

std::string to_base64(std::string_view bytes);

/// Nothing if the text is not base64 to the letter: with its padding, without
/// anything else, and with zeros in the bits that do not count.
std::optional<std::string> from_base64(std::string_view text);

} // namespace sluice::actors::cluster::etcd
