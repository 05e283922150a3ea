#include "runtime/clock.h"

namespace sluice::runtime {

clock::~clock() = default;

} // namespace sluice::runtime
