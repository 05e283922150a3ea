#pragma once

// content_type: the media type of a file by the end of its name.
//
// The table is fixed: what a file is served as must not depend on which
// packages a machine has (/etc/mime.types), and a browser that runs a script
// or draws a picture only if its type is right (nosniff) must do so everywhere.
//
// For users. Thread rule: pure functions.

#include <string_view>

namespace sluice::net::http {

/// The type for a path or a name, upper and lower case alike; text with
/// "; charset=utf-8". A name with another ending, or none, is
/// "application/octet-stream": better saved than shown wrong.
std::string_view content_type_of(std::string_view path) noexcept;

} // namespace sluice::net::http
