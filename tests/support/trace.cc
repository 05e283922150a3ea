#include "tests/support/trace.h"

#include "tests/support/seeds.h"

#include <cinttypes>
#include <cstdio>

namespace sluice::testing {

trace::trace(runtime::time_point start)
    : start_(start), print_(replayed_seed().has_value()) {
}

void trace::mix(std::uint64_t x) noexcept {
  // FNV-1a on words, with a shift so that high bits reach the low ones too.
  hash_ = (hash_ ^ x) * 0x100000001b3;
  hash_ ^= hash_ >> 32;
}

void trace::note(runtime::time_point now, std::string_view what, std::int64_t a,
                 std::int64_t b, std::int64_t c) {
  auto since = (now - start_).count();
  mix(static_cast<std::uint64_t>(since));
  for (auto x : what)
    mix(static_cast<unsigned char>(x));
  mix(static_cast<std::uint64_t>(a));
  mix(static_cast<std::uint64_t>(b));
  mix(static_cast<std::uint64_t>(c));
  if (!keep_text_ && !print_)
    return;
  char line[160];
  std::snprintf(line, sizeof line,
                "%12.3f us %-16.*s %" PRId64 " %" PRId64 " %" PRId64 "\n",
                static_cast<double>(since) / 1e3, static_cast<int>(what.size()),
                what.data(), a, b, c);
  if (keep_text_)
    text_ += line;
  if (print_)
    std::fputs(line, stderr);
}

} // namespace sluice::testing
