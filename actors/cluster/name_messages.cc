#include "actors/cluster/name_messages.h"

#include "actors/cluster/name_letters.h"
#include "actors/cluster/topic_messages.h"

namespace sluice::actors::cluster {

void add_names_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<register_shared_name>("sluice.register_shared_name");
  cfg.add_message_type<name_lost>("sluice.name_lost");
  cfg.add_message_type<name_left>("sluice.name_left");
  cfg.add_message_type<count_names>("sluice.count_names");
  cfg.add_message_type<name_counts>("sluice.name_counts");
  cfg.add_message_type<name_hello>("sluice.name_hello");
  cfg.add_message_type<name_list>("sluice.name_list");
  cfg.add_message_type<name_change>("sluice.name_change");
  cfg.add_message_type<name_claim>("sluice.name_claim");
  cfg.add_message_type<name_unclaim>("sluice.name_unclaim");
  cfg.add_message_type<name_verdict>("sluice.name_verdict");
  cfg.add_message_type<publish_refused>("sluice.publish_refused");
  cfg.add_message_type<count_cluster_topic>("sluice.count_cluster_topic");
  cfg.add_message_type<bridge_counts>("sluice.bridge_counts");
  cfg.add_message_type<cluster_topic_counts>("sluice.cluster_topic_counts");
  cfg.add_message_type<topic_item>("sluice.topic_item");
}

} // namespace sluice::actors::cluster
