#include "net/http/request.h"

#include "net/http/token.h"
#include "runtime/limits.h"

#include <functional>
#include <utility>

namespace sluice::net::http {

std::optional<std::string_view>
field_views::find(std::string_view name) const noexcept {
  for (auto& x : lines_)
    if (same_name(x.name(), name))
      return x.value();
  return std::nullopt;
}

bool field_views::has_token(std::string_view name,
                            std::string_view token) const noexcept {
  for (auto& x : lines_)
    if (same_name(x.name(), name) && list_has(x.value(), token))
      return true;
  return false;
}

void request::clear() noexcept {
  auto lines = std::move(fields_.lines_);
  lines.clear();
  *this = request{};
  fields_.lines_ = std::move(lines);
}

void request::compact() {
  if (bytes_.size() >= bytes_.pinned() / runtime::limits::compact_ratio)
    return;
  rebase(byte_slice::copy(bytes_.view()));
}

/// Lets the views point to the same places in a copy of the bytes.
void request::rebase(const byte_slice& to) noexcept {
  auto move = [this, &to](std::string_view& x) {
    // "/" may stand for no path, and is a literal.
    std::less_equal<const char*> before;
    if (before(bytes_.data(), x.data())
        && before(x.data() + x.size(), bytes_.data() + bytes_.size()))
      x = {to.data() + (x.data() - bytes_.data()), x.size()};
  };
  for (auto x : {&verb_text_, &target_, &path_, &query_, &host_})
    move(*x);
  for (auto& x : fields_.lines_) {
    move(x.name_);
    move(x.value_);
  }
  bytes_ = to;
}

} // namespace sluice::net::http
