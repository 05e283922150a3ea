#include "actors/metrics/families.h"

#include <array>
#include <map>
#include <string>

// What queues between actors, channels and the cluster count.

namespace sluice::actors::metrics {

using channel::outlet_report;

void add_pressure(family_list& to, const sample& from) {
  for (std::size_t i = 0; i < from.pressure.size(); ++i) {
    auto& x = from.pressure[i];
    labels queue{{"queue", to_string(static_cast<runtime::pressure_kind>(i))}};
    to.counter("sluice_backpressure_applied_total",
               "How often an actor was told to slow down, by kind of queue.",
               number(x.applied), queue);
    to.counter("sluice_backpressure_released_total",
               "How often an actor was told to go on.", number(x.released),
               queue);
    to.counter("sluice_backpressure_stalled_total",
               "How often an actor was told that nothing moves.",
               number(x.stalled), queue);
    to.gauge("sluice_backpressure_held",
             "Actors that were told to slow down, and not yet to go on; once "
             "for each queue that told them.",
             number(x.applied - x.released), queue);
    to.histogram("sluice_backpressure_held_seconds",
                 "From each \"slow down\" to its \"go on\".", x.held, queue);
  }
}

void add_mailboxes(family_list& to, const sample& from) {
  for (auto& x : from.mailboxes) {
    if (x.actors == 0 && x.handled == 0 && x.refused == 0)
      continue;
    labels actor{{"actor", x.name}};
    to.gauge("sluice_mailboxes",
             "Actors with a bounded mailbox, by the name of their class.",
             number(x.actors), actor);
    to.gauge("sluice_mailbox_messages", "Messages that wait in mailboxes.",
             number(x.queued), actor);
    to.gauge("sluice_mailbox_messages_peak",
             "The most that ever waited in one mailbox.", number(x.peak),
             actor);
    to.gauge("sluice_mailboxes_overloaded",
             "Mailboxes past their high mark, which hold their senders.",
             number(x.overloaded), actor);
    to.gauge("sluice_mailboxes_paused",
             "Actors that handle nothing, since they were told to slow down.",
             number(x.paused), actor);
    to.counter("sluice_mailbox_overloads_total",
               "How often a mailbox rose past its high mark.",
               number(x.overloads), actor);
    to.counter("sluice_mailbox_holding_seconds_total",
               "How long mailboxes have held senders.", seconds(x.holding_time),
               actor);
    to.counter("sluice_mailbox_pauses_total", "How often an actor was paused.",
               number(x.pauses), actor);
    to.counter("sluice_mailbox_paused_seconds_total",
               "How long actors have been paused.", seconds(x.paused_time),
               actor);
    to.counter("sluice_mailbox_handled_messages_total",
               "Messages that have left mailboxes.", number(x.handled), actor);
    to.counter("sluice_mailbox_refused_messages_total",
               "Messages over the cap; they went back to their senders.",
               number(x.refused), actor);
    to.counter("sluice_mailbox_dropped_messages_total",
               "Those of them that had no sender to go back to.",
               number(x.dropped), actor);
  }
}

// -- channels -----------------------------------------------------------------

namespace {

struct channel_sums {
  std::array<std::uint64_t, 3> outlets{}; // by state
  std::uint64_t pressed = 0;
  std::uint64_t queued_messages = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t credit = 0;
  std::array<std::uint64_t, 2> inlets{}; // waiting, linked
  std::uint64_t held_messages = 0;
  std::uint64_t held_bytes = 0;
  std::array<std::uint64_t, 3> links{}; // opening, open, cut
  std::uint64_t link_queued_bytes = 0;
  channel::channel_totals totals;
};

channel_sums sum_up(const std::vector<channel::host_report>& hosts) {
  channel_sums result;
  for (auto& host : hosts) {
    for (auto& x : host.outlets) {
      ++result.outlets[static_cast<std::size_t>(x.state)];
      result.pressed += x.pressed ? 1 : 0;
      result.queued_messages += x.queued_messages;
      result.queued_bytes += x.queued_bytes;
      result.in_flight += x.in_flight_messages;
      result.credit += x.credit_messages;
    }
    for (auto& x : host.inlets) {
      ++result.inlets[x.linked ? 1 : 0];
      result.held_messages += x.held_messages;
      result.held_bytes += x.held_bytes;
    }
    for (auto& x : host.links) {
      ++result.links[x.cut ? 2 : x.open ? 1 : 0];
      result.link_queued_bytes += x.queued_bytes;
    }
    auto& totals = host.totals;
    result.totals.links += totals.links;
    result.totals.pushed_messages += totals.pushed_messages;
    result.totals.confirmed_messages += totals.confirmed_messages;
    result.totals.received_messages += totals.received_messages;
    result.totals.handled_messages += totals.handled_messages;
    for (auto& [reason, count] : totals.links_ended)
      result.totals.links_ended[reason] += count;
  }
  return result;
}

} // namespace

void add_channels(family_list& to, const sample& from) {
  if (from.channels.empty())
    return;
  auto all = sum_up(from.channels);
  for (std::size_t i = 0; i < all.outlets.size(); ++i)
    to.gauge("sluice_channel_outlets",
             "Outlets by state; a closed one may be opened again.",
             number(all.outlets[i]),
             {{"state", to_string(static_cast<outlet_report::state_type>(i))}});
  to.gauge("sluice_channel_outlets_pressed",
           "Outlets whose owner was told to slow down.", number(all.pressed));
  to.gauge("sluice_channel_queued_messages",
           "Messages in outlets that wait for credit.",
           number(all.queued_messages));
  to.gauge("sluice_channel_queued_bytes", "Bytes of these.",
           number(all.queued_bytes));
  to.gauge("sluice_channel_in_flight_messages",
           "Messages that were sent and not confirmed.", number(all.in_flight));
  to.gauge("sluice_channel_credit_messages",
           "Messages that outlets may send at once.", number(all.credit));
  constexpr auto inlets = "Inlets, by whether an outlet feeds them.";
  to.gauge("sluice_channel_inlets", inlets, number(all.inlets[0]),
           {{"state", "waiting"}});
  to.gauge("sluice_channel_inlets", inlets, number(all.inlets[1]),
           {{"state", "linked"}});
  to.gauge("sluice_channel_held_messages",
           "Messages that were received and not handled yet.",
           number(all.held_messages));
  to.gauge("sluice_channel_held_bytes", "Bytes of these.",
           number(all.held_bytes));
  to.counter("sluice_channel_pushed_messages_total",
             "Messages pushed into outlets.",
             number(all.totals.pushed_messages));
  to.counter("sluice_channel_confirmed_messages_total",
             "Messages that the other end has handled.",
             number(all.totals.confirmed_messages));
  to.counter("sluice_channel_received_messages_total",
             "Messages that came into inlets.",
             number(all.totals.received_messages));
  to.counter("sluice_channel_handled_messages_total",
             "Messages of inlets that were handled.",
             number(all.totals.handled_messages));
  constexpr std::array states{"opening", "open", "cut"};
  for (std::size_t i = 0; i < all.links.size(); ++i)
    to.gauge("sluice_channel_links", "Links to other hosts, by state.",
             number(all.links[i]), {{"state", states[i]}});
  to.gauge("sluice_channel_link_queued_bytes",
           "Bytes of links that wait for the operating system.",
           number(all.link_queued_bytes));
  to.counter("sluice_channel_links_made_total", "Links that were made.",
             number(all.totals.links));
  for (auto& [reason, count] : all.totals.links_ended)
    to.counter("sluice_channel_links_ended_total",
               "Links that ended, by reason.", number(count),
               {{"reason", to_string(reason)}});
}

// -- membership ---------------------------------------------------------------

void add_membership(family_list& to, const sample& from) {
  if (!from.membership)
    return;
  auto& x = *from.membership;
  using cluster::node_state;
  for (auto state : {node_state::joining, node_state::member, node_state::alone,
                     node_state::leaving, node_state::left, node_state::failed})
    to.gauge("sluice_cluster_node_state",
             "1 for what this node is: joining, member, alone (cut off, and "
             "trying to come back), leaving, left, failed.",
             x.state == state ? 1 : 0,
             {{"node", x.node}, {"state", to_string(state)}});
  to.gauge("sluice_cluster_members", "Members, as this node knows them.",
           number(x.members));
  to.gauge("sluice_cluster_members_suspected",
           "Members that are silent: slow, stopped or dead.",
           number(x.suspected));
  for (std::size_t i = 0; i < x.changes.size(); ++i)
    to.counter("sluice_cluster_changes_total",
               "Changes of the membership that this node heard of.",
               number(x.changes[i]),
               {{"change", to_string(static_cast<cluster::change_kind>(i))}});
  to.counter("sluice_cluster_membership_gained_total",
             "How often this node became a member.", number(x.gained));
  to.counter("sluice_cluster_membership_lost_total",
             "How often this node was no member any more without leaving.",
             number(x.lost));
}

void add_sample(family_list& to, const sample& from) {
  add_loops(to, from);
  add_connections(to, from);
  add_datagrams(to, from);
  add_listeners(to, from);
  add_pressure(to, from);
  add_mailboxes(to, from);
  add_channels(to, from);
  add_membership(to, from);
}

} // namespace sluice::actors::metrics
