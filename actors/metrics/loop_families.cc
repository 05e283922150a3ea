#include "actors/metrics/families.h"

#include <string>

// What loops, and the brokers on them, count.

namespace sluice::actors::metrics {

namespace {

/// Calls `f` with the last sample of each loop that ever gave one.
template <class F>
void for_each_last(const sample& from, F f) {
  for (auto& x : from.loops)
    if (x.last)
      f(*x.last);
}

/// A series for each reason, also for those that have not occurred: a rate
/// needs a series that was there before.
template <class Reason, class Counts>
void add_reasons(family_list& to, std::string_view name, std::string_view help,
                 const Counts& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i)
    to.counter(name, help, number(counts[i]),
               {{"reason", to_string(static_cast<Reason>(i))}});
}

template <class Counts>
void sum_up(Counts& to, const Counts& from) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] += from[i];
}

} // namespace

void add_loops(family_list& to, const sample& from) {
  for (auto& x : from.loops) {
    labels loop{{"loop", x.name}};
    to.gauge("sluice_loop_up",
             "1 if the event loop gave its figures in time, 0 if something "
             "keeps it from its work.",
             x.up ? 1 : 0, loop);
    if (!x.up)
      continue;
    auto& stats = x.last->stats;
    to.gauge("sluice_loop_answer_seconds",
             "How long this question waited for its turn on the loop.",
             seconds(x.took), loop);
    to.gauge("sluice_loop_actors", "Actors that live on the loop.",
             number(x.last->actors), loop);
    to.counter("sluice_loop_iterations_total", "Iterations of the loop.",
               number(stats.iterations), loop);
    to.counter("sluice_loop_ready_events_total",
               "Descriptors that the poller said are ready.",
               number(stats.ready_events), loop);
    to.counter("sluice_loop_actor_turns_total",
               "Turns of actors that had messages.", number(stats.actor_turns),
               loop);
    to.counter("sluice_loop_timers_fired_total", "Deadlines that passed.",
               number(stats.timers_fired), loop);
    auto phase = [&](const char* name, runtime::duration spent) {
      to.counter("sluice_loop_phase_seconds_total",
                 "Where the loop's time went; all but \"poll\" is work.",
                 seconds(spent), {{"loop", x.name}, {"phase", name}});
    };
    phase("actors", stats.spent.actors);
    phase("flush", stats.spent.flush);
    phase("poll", stats.spent.poll);
    phase("deliver", stats.spent.deliver);
    phase("timers", stats.spent.timers);
    to.histogram("sluice_loop_iteration_seconds",
                 "Work of one iteration: for so long everything else on the "
                 "loop waits.",
                 stats.busy, loop);
    to.histogram("sluice_loop_timer_lag_seconds",
                 "How much later than due deadlines fire.", stats.timer_lag,
                 loop);
  }
}

void add_connections(family_list& to, const sample& from) {
  for (auto& x : from.loops) {
    if (!x.up)
      continue;
    auto& streams = x.last->streams;
    labels loop{{"loop", x.name}};
    for (std::size_t i = 0; i < net::stream_states; ++i) {
      auto state = static_cast<net::stream_state>(i);
      if (state != net::stream_state::idle
          && state != net::stream_state::closed)
        to.gauge("sluice_connections", "Connections by where they stand.",
                 number(streams.by_state[i]),
                 {{"loop", x.name}, {"state", to_string(state)}});
    }
    to.counter("sluice_connection_received_bytes_total",
               "Bytes read from connections.", number(streams.received_bytes),
               loop);
    to.counter(
        "sluice_connection_accepted_bytes_total",
        "Bytes that connections took over from actors; they are written, "
        "queued, or returned.",
        number(streams.accepted_bytes), loop);
    to.counter("sluice_connection_written_bytes_total",
               "Bytes that the operating system took.",
               number(streams.written_bytes), loop);
    to.counter("sluice_connection_returned_bytes_total",
               "Bytes that were taken over and given back.",
               number(streams.returned_bytes), loop);
    to.gauge("sluice_connection_queued_bytes",
             "Bytes that wait for the operating system.",
             number(streams.queued_bytes()), loop);
    to.gauge("sluice_connection_queued_bytes_peak",
             "The most that ever waited in one connection.",
             number(streams.queued_bytes_peak), loop);
  }
  net::stream_totals all;
  for_each_last(from, [&](const loop_sample& x) {
    all.accepted_connections += x.streams.accepted_connections;
    all.made_connections += x.streams.made_connections;
    sum_up(all.closed, x.streams.closed);
    sum_up(all.rejected, x.streams.rejected);
    all.write_wait += x.streams.write_wait;
  });
  all.rejected[static_cast<std::size_t>(net::reject_reason::overflow)] +=
      from.refused_at_door;
  constexpr auto opened = "Connections that were opened, by whom.";
  to.counter("sluice_connections_opened_total", opened,
             number(all.accepted_connections), {{"by", "peer"}});
  to.counter("sluice_connections_opened_total", opened,
             number(all.made_connections), {{"by", "us"}});
  add_reasons<net::close_reason>(to, "sluice_connections_closed_total",
                                 "Connections that ended, or could not be "
                                 "opened, by reason.",
                                 all.closed);
  add_reasons<net::reject_reason>(
      to, "sluice_connection_writes_rejected_total",
      "Writes that came back, by reason; those that "
      "found no room in the mailbox of any broker "
      "are with \"overflow\".",
      all.rejected);
  to.histogram("sluice_connection_write_wait_seconds",
               "From when the operating system took no more of a connection's "
               "bytes until it had taken all.",
               all.write_wait);
}

void add_datagrams(family_list& to, const sample& from) {
  net::datagram_totals all;
  for_each_last(from, [&](const loop_sample& loop) {
    auto& x = loop.datagrams;
    auto add = [](auto& sum, auto& part) {
      sum.datagrams += part.datagrams;
      sum.bytes += part.bytes;
    };
    all.sockets += x.sockets;
    all.truncated += x.truncated;
    add(all.accepted, x.accepted);
    add(all.written, x.written);
    add(all.returned, x.returned);
    add(all.received, x.received);
    sum_up(all.closed, x.closed);
    sum_up(all.rejected, x.rejected);
  });
  to.gauge("sluice_datagram_sockets", "Datagram sockets that are open.",
           number(all.sockets));
  to.counter("sluice_datagrams_received_total", "Datagrams read.",
             number(all.received.datagrams));
  to.counter("sluice_datagram_received_bytes_total", "Bytes of these.",
             number(all.received.bytes));
  to.counter("sluice_datagrams_truncated_total",
             "Datagrams read that were longer than the room for them.",
             number(all.truncated));
  to.counter("sluice_datagrams_written_total",
             "Datagrams that the operating system took.",
             number(all.written.datagrams));
  to.counter("sluice_datagram_written_bytes_total", "Bytes of these.",
             number(all.written.bytes));
  to.counter("sluice_datagrams_returned_total",
             "Datagrams that had waited and were given back.",
             number(all.returned.datagrams));
  to.gauge("sluice_datagrams_queued", "Datagrams that wait.",
           number(all.queued().datagrams));
  to.gauge("sluice_datagram_queued_bytes", "Bytes of these.",
           number(all.queued().bytes));
  add_reasons<net::reject_reason>(to, "sluice_datagrams_rejected_total",
                                  "Datagrams that came back, by reason.",
                                  all.rejected);
  add_reasons<net::close_reason>(to, "sluice_datagram_sockets_closed_total",
                                 "Datagram sockets that ended, by reason.",
                                 all.closed);
}

void add_listeners(family_list& to, const sample& from) {
  net::listener_totals all;
  for_each_last(from, [&](const loop_sample& loop) {
    auto& x = loop.listeners;
    all.listeners += x.listeners;
    all.paused_now += x.paused_now;
    all.paused += x.paused;
    all.connections += x.connections;
  });
  to.gauge("sluice_listeners", "Listening sockets.", number(all.listeners));
  to.gauge("sluice_listeners_paused",
           "Listeners that wait for descriptors or memory.",
           number(all.paused_now));
  to.counter("sluice_listener_pauses_total",
             "How often accept found no descriptor or no memory.",
             number(all.paused));
  to.counter("sluice_listener_connections_total", "Connections accepted.",
             number(all.connections));
}

} // namespace sluice::actors::metrics
