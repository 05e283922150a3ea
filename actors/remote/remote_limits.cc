#include "actors/remote/remote_limits.h"

#include "runtime/panic.h"

#include <caf/actor_system_config.hpp>

namespace sluice::actors::remote {

remote_limits remote_limits::of(const caf::actor_system_config& settings) {
  remote_limits x;
  auto read = [&](const char* name, std::size_t& value) {
    value = caf::get_or(settings, name, value);
  };
  read("sluice.remote-high-bytes", x.high_bytes);
  read("sluice.remote-low-bytes", x.low_bytes);
  read("sluice.remote-cap-bytes", x.cap_bytes);
  read("sluice.remote-cap-messages", x.cap_messages);
  read("sluice.remote-message-bytes-max", x.message_bytes_max);
  runtime::check(x.low_bytes < x.high_bytes && x.high_bytes <= x.cap_bytes,
                 "sluice.remote-*-bytes are not low < high <= cap");
  return x;
}

} // namespace sluice::actors::remote
