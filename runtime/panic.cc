#include "runtime/panic.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::runtime {

void panic(std::string_view what) noexcept {
  std::fprintf(stderr, "sluice: broken invariant: %.*s\n",
               static_cast<int>(what.size()), what.data());
  std::abort();
}

} // namespace sluice::runtime
