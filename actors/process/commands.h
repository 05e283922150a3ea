#pragma once

// What any actor may send to a child_process. A behavior calls the member
// functions instead. Those of net/commands.h mean here:
//
//   net::write            write_input; what does not fit comes back in
//                         `net::rejected`
//   net::shutdown_write   close_input
//   net::read_credit, net::read_flowing, net::read_paused
//                         deliver this much `process_output`, all, none
//
// For users. Thread rule: values.

#include "runtime/clock.h"

#include <caf/meta/type_name.hpp>

#include <cstdint>

namespace sluice::actors::process {

/// See child_process::signal.
struct signal_process {
  std::int32_t number = 0;
};

/// See child_process::stop.
struct stop_process {
  runtime::duration deadline{};
};

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, signal_process& x) {
  return f(caf::meta::type_name("sluice.signal_process"), x.number);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stop_process& x) {
  return f(caf::meta::type_name("sluice.stop_process"), x.deadline);
}

} // namespace sluice::actors::process
