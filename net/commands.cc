#include "net/commands.h"

namespace sluice::net {

std::string to_string(close_mode x) {
  return x == close_mode::drain ? "drain" : "abort";
}

} // namespace sluice::net
