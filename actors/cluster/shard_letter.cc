#include "actors/cluster/shard_letter.h"

#include <caf/deserializer.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>

#include <cstddef>

namespace sluice::actors::cluster {

namespace {

constexpr const char* kinds[] = {
    "report",  "answer", "news",  "collect", "promise",
    "refusal", "copies", "probe", "acks",    "outdated",
};

static_assert(std::size(kinds) == std::variant_size_v<shard_letter_body>);

template <std::size_t I = 0>
bool emplace_body(shard_letter_body& x, std::size_t kind) {
  if constexpr (I == std::variant_size_v<shard_letter_body>) {
    return false;
  } else {
    if (kind != I)
      return emplace_body<I + 1>(x, kind);
    x.emplace<I>();
    return true;
  }
}

} // namespace

caf::error inspect(caf::serializer& f, shard_letter& x) {
  auto kind = static_cast<std::uint8_t>(x.body.index());
  if (auto err = f(x.from, kind))
    return err;
  return std::visit([&](auto& body) { return caf::error{f(body)}; }, x.body);
}

caf::error inspect(caf::deserializer& f, shard_letter& x) {
  std::uint8_t kind = 0;
  if (auto err = f(x.from, kind))
    return err;
  if (!emplace_body(x.body, kind))
    return caf::sec::unknown_type;
  return std::visit([&](auto& body) { return caf::error{f(body)}; }, x.body);
}

std::string to_string(const shard_letter& x) {
  return std::string{"shard_"} + kinds[x.body.index()] + " from " + x.from.name;
}

void add_shard_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<shard_table>("sluice.shard_table");
  cfg.add_message_type<shard_letter>("sluice.shard_letter");
}

} // namespace sluice::actors::cluster
