#include "net/line_codec.h"

#include "net/line_scan.h"

namespace sluice::net {

line_codec::line_codec(std::size_t line_bytes_max, line_ending ending)
    : line_bytes_max_(checked_frame_bound(line_bytes_max)), ending_(ending) {
}

decoded line_codec::decode(std::string_view input) {
  return scan_line(input, scanned_, line_bytes_max_, "line is too long");
}

envelope line_codec::wrap(std::size_t) const {
  if (ending_ == line_ending::crlf)
    return {{}, 0, {'\r', '\n'}, 2};
  return {{}, 0, {'\n'}, 1};
}

} // namespace sluice::net
