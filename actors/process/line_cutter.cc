#include "actors/process/line_cutter.h"

#include "runtime/panic.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sluice::actors::process {

using runtime::byte_slice;

namespace {

/// What is at the start of a text of which no more than a line's longest form
/// was looked at.
struct cut {
  bool found = false;
  std::size_t size = 0;     // of the line or its piece
  std::size_t consumed = 0; // with its ending
  bool more = false;
};

/// `lf` is where the first LF of `text` is, or npos. `last`: no more will come.
cut look(std::string_view text, std::size_t lf, std::size_t max, bool last) {
  auto whole = lf != std::string_view::npos;
  auto size = whole ? lf : text.size();
  auto ends_in_cr = size > 0 && text[size - 1] == '\r';
  if (size - (ends_in_cr && (whole || !last) ? 1 : 0) > max)
    return {true, max, max, true};
  if (whole)
    return {true, size - (ends_in_cr ? 1 : 0), lf + 1, false};
  if (last && size > 0)
    return {true, size, size, false};
  return {};
}

} // namespace

void line_cutter::feed(byte_slice bytes) {
  runtime::check(input_.empty(), "lines were fed before they were taken");
  input_ = std::move(bytes);
}

bool line_cutter::next(piece& out) {
  auto const reach = max_ + 2; // a line and the longest ending
  if (partial_.empty()) {
    auto text = input_.view().substr(0, reach);
    auto last = ended_ && text.size() == input_.size();
    if (auto x = look(text, text.find('\n'), max_, last); x.found) {
      out = {input_.sub(0, x.size), x.more};
      input_.remove_prefix(x.consumed);
      if (input_.empty())
        input_ = {};
      return true;
    }
  }
  auto rest = input_.view().substr(0, reach - std::min(reach, partial_.size()));
  auto lf = rest.find('\n');
  if (lf != std::string_view::npos)
    rest = rest.substr(0, lf + 1);
  partial_.append(rest);
  input_.remove_prefix(rest.size());
  if (input_.empty())
    input_ = {};
  auto x = look(partial_, partial_.find('\n', scanned_), max_,
                ended_ && input_.empty());
  if (!x.found) {
    scanned_ = partial_.size();
    return false;
  }
  out = {byte_slice::copy(std::string_view{partial_}.substr(0, x.size)),
         x.more};
  partial_.erase(0, x.consumed);
  scanned_ = 0;
  if (partial_.empty())
    partial_ = {}; // long lines are rare
  return true;
}

} // namespace sluice::actors::process
