#include "actors/cluster/node_messages.h"

#include "actors/cluster/letter.h"
#include "actors/cluster/provider.h"

namespace sluice::actors::cluster {

std::string to_string(node_state x) {
  switch (x) {
  case node_state::joining:
    return "joining";
  case node_state::member:
    return "member";
  case node_state::alone:
    return "alone";
  case node_state::leaving:
    return "leaving";
  case node_state::left:
    return "left";
  case node_state::failed:
    return "failed";
  }
  return "unknown";
}

void add_cluster_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<member>("sluice.member");
  cfg.add_message_type<version>("sluice.version");
  cfg.add_message_type<view>("sluice.view");
  cfg.add_message_type<change>("sluice.change");
  cfg.add_message_type<letter>("sluice.letter");
  cfg.add_message_type<node_joined>("sluice.node_joined");
  cfg.add_message_type<node_suspected>("sluice.node_suspected");
  cfg.add_message_type<node_trusted>("sluice.node_trusted");
  cfg.add_message_type<node_left>("sluice.node_left");
  cfg.add_message_type<node_down>("sluice.node_down");
  cfg.add_message_type<membership_gained>("sluice.membership_gained");
  cfg.add_message_type<membership_lost>("sluice.membership_lost");
  cfg.add_message_type<leave_cluster>("sluice.leave_cluster");
  cfg.add_message_type<member_unreachable>("sluice.member_unreachable");
  cfg.add_message_type<join_cluster>("sluice.join_cluster");
  cfg.add_message_type<provider_ended>("sluice.provider_ended");
  cfg.add_message_type<watch_members>("sluice.watch_members");
  cfg.add_message_type<list_members>("sluice.list_members");
  cfg.add_message_type<report_membership>("sluice.report_membership");
  cfg.add_message_type<membership_report>("sluice.membership_report");
  cfg.add_message_type<prepare_to_leave>("sluice.prepare_to_leave");
  cfg.add_message_type<member_list>("sluice.member_list");
}

} // namespace sluice::actors::cluster
