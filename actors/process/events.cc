#include "actors/process/events.h"

#include "actors/process/commands.h"

#include <caf/actor_system_config.hpp>

namespace sluice::actors::process {

std::string to_string(output_stream x) {
  switch (x) {
  case output_stream::output:
    return "output";
  case output_stream::error:
    return "error";
  }
  return "invalid";
}

std::string to_string(process_end x) {
  switch (x) {
  case process_end::exited:
    return "exited";
  case process_end::killed:
    return "killed";
  case process_end::unknown:
    return "unknown";
  }
  return "invalid";
}

void add_process_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<process_started>("sluice.process_started");
  cfg.add_message_type<process_output>("sluice.process_output");
  cfg.add_message_type<process_ended>("sluice.process_ended");
  cfg.add_message_type<signal_process>("sluice.signal_process");
  cfg.add_message_type<stop_process>("sluice.stop_process");
}

} // namespace sluice::actors::process
