#include "actors/supervisor_messages.h"

namespace sluice::actors {

std::string to_string(child_state x) {
  switch (x) {
  case child_state::running:
    return "running";
  case child_state::stopping:
    return "stopping";
  case child_state::waiting:
    return "waiting";
  case child_state::stopped:
    return "stopped";
  case child_state::finished:
    return "finished";
  case child_state::stuck:
    return "stuck";
  }
  return "invalid";
}

} // namespace sluice::actors
