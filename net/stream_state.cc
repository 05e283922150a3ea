#include "net/stream_state.h"

namespace sluice::net {

std::string to_string(stream_state x) {
  switch (x) {
  case stream_state::idle:
    return "idle";
  case stream_state::looking_up:
    return "looking_up";
  case stream_state::connecting:
    return "connecting";
  case stream_state::open:
    return "open";
  case stream_state::draining:
    return "draining";
  case stream_state::leaving:
    return "leaving";
  case stream_state::lingering:
    return "lingering";
  case stream_state::failing:
    return "failing";
  case stream_state::closed:
    return "closed";
  }
  return "invalid";
}

} // namespace sluice::net
