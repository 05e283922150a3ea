#include "tests/simulation/chain_stage.h"

#include <algorithm>
#include <cstring>

namespace sluice::testing {

cargo::cargo(std::string bytes, counter count)
    : bytes_(std::move(bytes)), count_(std::move(count)) {
  *count_ += bytes_.size();
}

std::string make_frame(std::size_t source, std::string_view bytes) {
  std::string result(frame_header_bytes, '\0');
  result[0] = static_cast<char>(source);
  auto size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(result.data() + 1, &size, sizeof size);
  return result.append(bytes);
}

piece stage_machine::make(std::size_t source, std::string bytes) const {
  return {source, std::make_shared<cargo>(std::move(bytes), count_)};
}

std::vector<piece> stage_machine::take(const piece& x) {
  auto& my = memories_[x.source];
  std::vector<piece> result;
  if (!x.load) {
    if (!my.kept.empty())
      result.push_back(make(x.source, std::exchange(my.kept, {})));
    result.push_back(x);
    return result;
  }
  auto& bytes = x.load->bytes();
  std::string out;
  switch (plan_.work) {
  case stage_work::copy:
    if (!plan_.drops_a_byte)
      return {x};
    out = bytes.substr(1);
    break;
  case stage_work::expand:
    for (auto byte : bytes) {
      out += byte;
      out += static_cast<char>(~byte);
    }
    break;
  case stage_work::shrink:
    for (auto byte : bytes)
      if (!std::exchange(my.odd, !my.odd))
        out += byte;
    break;
  case stage_work::batch:
    my.kept += bytes;
    if (++my.pieces < plan_.factor)
      return {};
    my.pieces = 0;
    out = std::exchange(my.kept, {});
    break;
  case stage_work::split: {
    auto size = (bytes.size() + plan_.factor - 1) / plan_.factor;
    for (std::size_t at = 0; at < bytes.size(); at += size)
      result.push_back(make(x.source, bytes.substr(at, size)));
    return result;
  }
  }
  if (!out.empty())
    result.push_back(make(x.source, std::move(out)));
  return result;
}

} // namespace sluice::testing
