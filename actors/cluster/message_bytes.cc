#include "actors/cluster/message_bytes.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <vector>

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;

namespace {

/// The name of the first type that the system does not know, or empty.
std::string unknown_type(caf::actor_system& system, const caf::message& x) {
  auto& types = system.types();
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto type = x.type(i);
    if (types.portable_name(type) == types.default_type_name())
      return type.second != nullptr ? type.second->name() : "of a number";
  }
  return {};
}

caf::error refusal(caf::actor_system& system, const caf::error& why) {
  return make_error(errc::not_serializable,
                    "the message cannot be written: " + system.render(why));
}

} // namespace

caf::expected<std::string> write_message(caf::actor_system& system,
                                         const caf::message& x) {
  if (auto type = unknown_type(system, x); !type.empty())
    return make_error(errc::not_serializable,
                      "the message cannot be written: its type " + type
                          + " was not added to the system");
  std::vector<char> buffer;
  caf::binary_serializer sink{system, buffer};
  // Not sink(x), which drops the errors of messages.
  if (auto err = x.save(sink))
    return refusal(system, err);
  std::string result{buffer.begin(), buffer.end()};
  if (result.size() > limits::sharding_message_bytes_max)
    return make_error(errc::message_too_long,
                      "the message has " + std::to_string(result.size())
                          + " bytes, of at most "
                          + std::to_string(limits::sharding_message_bytes_max));
  return result;
}

caf::expected<caf::message> read_message(caf::actor_system& system,
                                         const std::string& bytes) {
  caf::binary_deserializer source{system, bytes.data(), bytes.size()};
  caf::message result;
  auto err = result.load(source); // not source(result), as above
  if (err || source.remaining() != 0)
    return make_error(
        errc::not_serializable,
        "the message cannot be read: "
            + (err ? system.render(err) : std::string{"bytes are left over"}));
  return result;
}

std::string write_error(caf::actor_system& system, const caf::error& x) {
  std::vector<char> buffer;
  caf::binary_serializer sink{system, buffer};
  if (unknown_type(system, x.context()).empty() && !sink(x)
      && buffer.size() <= limits::sharding_message_bytes_max)
    return {buffer.begin(), buffer.end()};
  return write_error(
      system,
      make_error(errc::not_serializable,
                 "the entity answered with an error that cannot be written"));
}

caf::error read_error(caf::actor_system& system, const std::string& bytes) {
  caf::binary_deserializer source{system, bytes.data(), bytes.size()};
  caf::error result;
  if (source(result) || !result)
    return make_error(errc::not_serializable,
                      "the entity answered with an error that cannot be read");
  return result;
}

} // namespace sluice::actors::cluster
