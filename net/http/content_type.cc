#include "net/http/content_type.h"

#include <algorithm>
#include <array>

namespace sluice::net::http {

namespace {

struct entry {
  std::string_view extension;
  std::string_view type;
};

/// Sorted by extension. Types as the IANA has them registered.
constexpr std::array table = {
    entry{"7z", "application/x-7z-compressed"},
    entry{"aac", "audio/aac"},
    entry{"apng", "image/apng"},
    entry{"atom", "application/atom+xml; charset=utf-8"},
    entry{"avif", "image/avif"},
    entry{"bin", "application/octet-stream"},
    entry{"bmp", "image/bmp"},
    entry{"bz2", "application/x-bzip2"},
    entry{"cjs", "text/javascript; charset=utf-8"},
    entry{"css", "text/css; charset=utf-8"},
    entry{"csv", "text/csv; charset=utf-8"},
    entry{"deb", "application/vnd.debian.binary-package"},
    entry{"epub", "application/epub+zip"},
    entry{"flac", "audio/flac"},
    entry{"gif", "image/gif"},
    entry{"gz", "application/gzip"},
    entry{"htm", "text/html; charset=utf-8"},
    entry{"html", "text/html; charset=utf-8"},
    entry{"ico", "image/vnd.microsoft.icon"},
    entry{"ics", "text/calendar; charset=utf-8"},
    entry{"jpeg", "image/jpeg"},
    entry{"jpg", "image/jpeg"},
    entry{"js", "text/javascript; charset=utf-8"},
    entry{"json", "application/json"},
    entry{"jsonl", "application/jsonl; charset=utf-8"},
    entry{"log", "text/plain; charset=utf-8"},
    entry{"m4a", "audio/mp4"},
    entry{"map", "application/json"},
    entry{"md", "text/markdown; charset=utf-8"},
    entry{"mjs", "text/javascript; charset=utf-8"},
    entry{"mp3", "audio/mpeg"},
    entry{"mp4", "video/mp4"},
    entry{"oga", "audio/ogg"},
    entry{"ogg", "audio/ogg"},
    entry{"ogv", "video/ogg"},
    entry{"opus", "audio/ogg"},
    entry{"otf", "font/otf"},
    entry{"pdf", "application/pdf"},
    entry{"png", "image/png"},
    entry{"rss", "application/rss+xml; charset=utf-8"},
    entry{"rtf", "application/rtf"},
    entry{"svg", "image/svg+xml; charset=utf-8"},
    entry{"tar", "application/x-tar"},
    entry{"tif", "image/tiff"},
    entry{"tiff", "image/tiff"},
    entry{"ttf", "font/ttf"},
    entry{"txt", "text/plain; charset=utf-8"},
    entry{"wasm", "application/wasm"},
    entry{"wav", "audio/wav"},
    entry{"webm", "video/webm"},
    entry{"webmanifest", "application/manifest+json"},
    entry{"webp", "image/webp"},
    entry{"woff", "font/woff"},
    entry{"woff2", "font/woff2"},
    entry{"xhtml", "application/xhtml+xml; charset=utf-8"},
    entry{"xml", "application/xml; charset=utf-8"},
    entry{"xz", "application/x-xz"},
    entry{"yaml", "application/yaml; charset=utf-8"},
    entry{"yml", "application/yaml; charset=utf-8"},
    entry{"zip", "application/zip"},
    entry{"zst", "application/zstd"},
};

constexpr bool before(const entry& a, const entry& b) noexcept {
  return a.extension < b.extension;
}

static_assert(std::is_sorted(table.begin(), table.end(), before));

constexpr std::size_t extension_size_max = 16;

} // namespace

std::string_view content_type_of(std::string_view path) noexcept {
  constexpr std::string_view unknown = "application/octet-stream";
  auto name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
  auto dot = name.rfind('.');
  // A name that only begins with a dot has no ending.
  if (dot == std::string_view::npos || dot == 0
      || name.size() - dot - 1 > extension_size_max)
    return unknown;
  std::array<char, extension_size_max> lower{};
  auto extension = name.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  entry wanted{{lower.data(), extension.size()}, {}};
  auto at = std::lower_bound(table.begin(), table.end(), wanted, before);
  return at != table.end() && at->extension == wanted.extension ? at->type
                                                                : unknown;
}

} // namespace sluice::net::http
