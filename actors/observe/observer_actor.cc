#include "actors/observe/observer_actor.h"

#include "net/endpoint.h"
#include "runtime/error.h"

#include <caf/atom.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

// An observer's frame: members, rounds, time.

namespace sluice::actors::observe {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

namespace {

using tick_atom = caf::atom_constant<caf::atom("tick")>;
using survey_atom = caf::atom_constant<caf::atom("survey")>;

std::int64_t ms_since_epoch(std::chrono::system_clock::time_point x) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             x.time_since_epoch())
      .count();
}

/// An order is small, and one for each node that watches is enough; of reports
/// one at a time is under way, so that who is slow gets the newest.
channel::inlet_options small_window(std::size_t messages) {
  channel::inlet_options result;
  result.window_messages = messages;
  return result;
}

constexpr std::size_t orders_window = 8;

} // namespace

caf::expected<caf::actor> start_observer(runtime::event_loop& loop,
                                         cluster::node* node,
                                         observer_options options) {
  if (!options.launcher.empty())
    if (auto where = net::endpoint::parse(options.launcher); !where)
      return where.error();
  caf::error why;
  auto made =
      runtime::spawn_on<observer_actor>(loop, node, std::move(options), &why);
  if (why)
    return why;
  return made;
}

observer_actor::observer_actor(caf::actor_config& cfg,
                               runtime::event_loop& loop, cluster::node* node,
                               observer_options options, caf::error* why)
    : runtime::loop_actor(cfg, loop),
      node_(*node),
      options_(std::move(options)),
      verbs_{"slow", "cut", "heal"},
      survey_(
          this, *node, options_.loops,
          [this](const std::string& endpoint) { return name_of(endpoint); },
          options_.figures) {
  if (!options_.launcher.empty())
    verbs_.insert(verbs_.end(), {"stop", "cont", "kill", "start"});
  auto& host = node_.channels();
  auto orders =
      host.open_inlets<order>(this, orders_name, small_window(orders_window));
  auto notes = host.open_inlets<note>(this, notes_name, small_window(1));
  if (!orders || !notes) {
    *why = !orders ? orders.error() : notes.error();
    return;
  }
  orders_ = std::move(*orders);
  notes_ = std::move(*notes);
}

caf::behavior observer_actor::make_behavior() {
  if (!notes_)
    return {};
  set_down_handler([this](const caf::down_msg& x) {
    std::erase_if(pages_, [&](auto& y) { return y.address() == x.source; });
    if (pages_.empty())
      watch_until_ = loop().now() + limits::observe_linger;
  });
  send(node_.actor(),
       cluster::watch_members{caf::actor_cast<caf::actor>(this)});
  return {
      [this](tick_atom) { on_tick(); },
      [this](loop_counted& x) {
        if (survey_.add(x))
          finish_round();
      },
      [this](survey_atom, std::uint64_t round) {
        if (round == survey_.round() && !survey_.is_complete())
          finish_round();
      },
      [this](late_atom, std::uint64_t id) { on_late(id); },
      [this](cut_atom, const std::string& peer) {
        if (auto who = board_.find(peer))
          static_cast<void>(node_.channels().cut(who->endpoint));
      },
      [this](const channel::batch<order>& x) {
        for (auto& y : x)
          on_order(y);
      },
      [this](const channel::batch<note>& x) {
        for (auto& y : x)
          on_note(y);
      },
      [this](const open_page& x) { return open(x); },
      [this](const page_said& x) { on_said(x); },
      [this](get_state) { return state(); },
      [this](const cluster::node_joined& x) {
        board_.joined(at(), x.who);
        send_events();
      },
      [this](const cluster::node_suspected& x) {
        board_.suspected(at(), x.who);
        send_events();
      },
      [this](const cluster::node_trusted& x) {
        board_.trusted(at(), x.who);
        send_events();
      },
      [this](const cluster::node_left& x) {
        board_.left(at(), x.who);
        send_events();
      },
      [this](const cluster::node_down& x) {
        board_.down(at(), x.who);
        send_events();
      },
      [this](const cluster::membership_gained& x) {
        self_ = x.self;
        board_.membership_gained(at(), x.self);
        send_events();
      },
      [this](const cluster::membership_lost& x) {
        board_.membership_lost(at(), x.why);
        send_events();
      },
      [this](const channel::outlet_closed& x) { on_event(x); },
      [](const channel::outlet_opened&) {},
      [](const channel::inlet_opened&) {},
      [this](const channel::inlet_interrupted& x) {
        orders_.close(x.id);
        notes_.close(x.id);
      },
      [](const channel::inlet_ended&) {},
      [](const channel::inlet_closed&) {},
      // What an outlet does not take is not pushed.
      [](const runtime::backpressure&) {},
  };
}

void observer_actor::on_exit() {
  for (auto& promise : std::exchange(state_waiters_, {}))
    promise.deliver(make_error(errc::connection_closed, "the observer ends"));
  watchers_.clear();
  lines_.clear();
  orders_.close();
  notes_.close();
  pages_.clear();
  controls_.clear();
}

/// Made again with the next order, or the next time one is due.
void observer_actor::on_event(const channel::outlet_closed& x) {
  for (auto& [name, y] : watchers_)
    if (y.out.id() == x.id)
      y.out = {};
  std::erase_if(lines_, [&](auto& y) { return y.second.out.id() == x.id; });
}

/// Not behind the data of a link.
channel::outlet_options observer_actor::own_link() {
  channel::outlet_options result;
  result.own_link = true;
  return result;
}

moment observer_actor::at() const {
  return {loop().now(), ms_since_epoch(loop().wall_now())};
}

std::string observer_actor::name_of(const std::string& endpoint) const {
  return board_.name_at(endpoint);
}

// -- rounds -------------------------------------------------------------------

bool observer_actor::is_watching() const {
  return !pages_.empty() || loop().now() < watch_until_;
}

/// Somebody looks at the cluster from here; called before that counts.
void observer_actor::watch() {
  if (!is_watching())
    board_.begin_watch();
  wake();
}

/// Somebody wants to know: begins at once, if nothing goes on.
void observer_actor::wake() {
  if (std::exchange(ticking_, true))
    return;
  delayed_send(this, std::chrono::milliseconds{0}, tick_atom::value);
}

void observer_actor::on_tick() {
  std::erase_if(watchers_,
                [&](auto& x) { return x.second.until <= loop().now(); });
  if (watchers_.empty() && !is_watching()) {
    ticking_ = false;
    lines_.clear();
    return;
  }
  delayed_send(this, limits::observe_interval, tick_atom::value);
  if (is_watching())
    watch_all();
  if (survey_.begin())
    finish_round();
  else
    delayed_send(this, limits::observe_survey, survey_atom::value,
                 survey_.round());
}

void observer_actor::finish_round() {
  auto counters = survey_.take();
  auto report = meter_.measure(loop().now(), std::move(counters));
  auto nodes = std::max<std::size_t>(board_.living().size(), 1);
  keep_rows(report, std::max(limits::observe_rows_max / nodes,
                             limits::observe_rows_quiet_min));
  tell_watchers(report);
  if (!is_watching())
    return;
  if (self_)
    static_cast<void>(board_.reported(at(), self_->name, self_->incarnation,
                                      std::move(report)));
  make_frame();
}

} // namespace sluice::actors::observe
