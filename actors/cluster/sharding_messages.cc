#include "actors/cluster/sharding_messages.h"

#include "actors/cluster/shard_letter.h"

namespace sluice::actors::cluster {

void add_sharding_types(caf::actor_system_config& cfg) {
  add_shard_types(cfg);
  cfg.add_message_type<to_entity>("sluice.to_entity");
  cfg.add_message_type<keep_state>("sluice.keep_state");
  cfg.add_message_type<count_entities>("sluice.count_entities");
  cfg.add_message_type<entity_counts>("sluice.entity_counts");
  cfg.add_message_type<hand_over>("sluice.hand_over");
  cfg.add_message_type<entity_call>("sluice.entity_call");
  cfg.add_message_type<entity_reply>("sluice.entity_reply");
}

} // namespace sluice::actors::cluster
