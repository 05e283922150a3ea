#include "actors/config.h"

#include "actors/channel/events.h"
#include "actors/cluster/name_messages.h"
#include "actors/cluster/node_messages.h"
#include "actors/cluster/sharding_messages.h"
#include "actors/pressure_graph.h"
#include "actors/process/events.h"
#include "actors/registry.h"
#include "actors/rejected_message.h"
#include "actors/supervisor.h"
#include "actors/topic.h"

namespace sluice::actors {

config::config() {
  opt_group{custom_options_, "sluice"}
      .add<std::size_t>("remote-high-bytes",
                        "bytes queued for a node at which senders are told to "
                        "slow down")
      .add<std::size_t>("remote-low-bytes",
                        "bytes queued for a node at which they may go on")
      .add<std::size_t>("remote-cap-bytes",
                        "bytes queued for a node at which messages come back")
      .add<std::size_t>("remote-cap-messages",
                        "messages not yet written at which they come back")
      .add<std::size_t>("remote-message-bytes-max",
                        "largest message accepted from another node");
  channel::add_event_types(*this);
  process::add_process_types(*this);
  cluster::add_cluster_types(*this);
  cluster::add_names_types(*this);
  cluster::add_sharding_types(*this);
  add_supervisor_types(*this);
  add_message_type<rejected_message>("sluice.rejected_message");
  add_message_type<list_pressure_request>("sluice.list_pressure");
  add_message_type<runtime::pressure_entry>("sluice.pressure_entry");
  add_message_type<pressure_graph>("sluice.pressure_graph");
  add_message_type<register_name>("sluice.register_name");
  add_message_type<unregister_name>("sluice.unregister_name");
  add_message_type<whereis_name>("sluice.whereis_name");
  add_message_type<watch_names>("sluice.watch_names");
  add_message_type<name_up>("sluice.name_up");
  add_message_type<name_down>("sluice.name_down");
  add_message_type<subscription>("sluice.subscription");
  add_message_type<subscribe>("sluice.subscribe");
  add_message_type<unsubscribe>("sluice.unsubscribe");
  add_message_type<publish>("sluice.publish");
  add_message_type<count_topic>("sluice.count_topic");
  add_message_type<unsubscribed>("sluice.unsubscribed");
  add_message_type<subscriber_counts>("sluice.subscriber_counts");
  add_message_type<topic_counts>("sluice.topic_counts");
}

} // namespace sluice::actors
