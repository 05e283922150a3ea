#pragma once

// Messages and errors of CAF as bytes, checked: CAF itself prints a line for an
// element that the system does not know, wherever it stands.
//
// Internal. Thread rule: functions of values.

#include <caf/actor_system.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>

#include <string>

namespace sluice::actors::cluster {

/// Errors: errc::not_serializable if the system does not know the type of an
/// element or cannot write it, errc::message_too_long over
/// limits::sharding_message_bytes_max.
caf::expected<std::string> write_message(caf::actor_system& system,
                                         const caf::message& x);

/// Errors: errc::not_serializable if the bytes are no message of types that the
/// system knows.
caf::expected<caf::message> read_message(caf::actor_system& system,
                                         const std::string& bytes);

/// An error whose context cannot be written goes as one that says so.
std::string write_error(caf::actor_system& system, const caf::error& x);
caf::error read_error(caf::actor_system& system, const std::string& bytes);

} // namespace sluice::actors::cluster
