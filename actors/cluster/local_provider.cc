#include "actors/cluster/local_provider.h"

#include "actors/cluster/letter.h"
#include "actors/sure_element.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/loop_actor.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;
using channel::end_reason;
using runtime::errc;

namespace {

/// Grows from one start of a node to the next, even of another process; nobody
/// compares it with a clock.
std::uint64_t first_incarnation() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(system_clock::now().time_since_epoch())
          .count());
}

member in_this_life(member x) {
  x.incarnation = first_incarnation();
  return x;
}

channel::outlet_options letter_options() {
  channel::outlet_options result;
  result.own_link = true;
  result.pending_cap_bytes = limits::cluster_letters_cap_bytes;
  result.pending_marks = {limits::cluster_letters_cap_bytes / 2,
                          limits::cluster_letters_cap_bytes / 4};
  return result;
}

class local_provider final : public runtime::loop_actor {
public:
  local_provider(caf::actor_config& cfg, runtime::event_loop& loop,
                 provider_setup setup, channel::host* host, std::string cluster,
                 local_options options)
      : runtime::loop_actor(cfg, loop),
        setup_(std::move(setup)),
        host_(*host),
        inlet_name_("sluice.letters/" + cluster),
        options_(std::move(options)),
        roster_(in_this_life(setup_.self), options_.seeds, options_.times) {}

  const char* name() const override { return "local_provider"; }

protected:
  caf::behavior make_behavior() override;

  void on_exit() override {
    loop().timers().cancel(timer_);
    setup_.lease->end();
    peers_.clear();
    in_.close();
  }

private:
  struct peer {
    channel::outlet<letter> out;
    runtime::time_point used{};
    std::string trouble; // why the last connection ended
  };

  struct tick_timer : runtime::timer {
    explicit tick_timer(local_provider& x) : timer(on_due), home(x) {}
    static void on_due(timer& t) noexcept {
      static_cast<tick_timer&>(t).home.on_tick();
    }
    local_provider& home;
  };

  void begin();
  void on_tick();
  void on_outlet_closed(const channel::outlet_closed& x);
  void turn();
  void say(const roster::outgoing& x);
  bool open(const std::string& where, peer& to);
  void forget_peers();
  void conclude();
  void end_with(caf::error why);
  std::string trouble() const;

  /// No mailbox of a node is too full for it.
  template <class T>
  void tell(T event) {
    if (auto node = caf::actor_cast<caf::strong_actor_ptr>(setup_.node))
      node->enqueue(caf::mailbox_element_ptr{new sure_element{
                        caf::make_message(std::move(event))}},
                    nullptr);
  }

  provider_setup setup_;
  channel::host& host_;
  const std::string inlet_name_;
  const local_options options_;
  roster roster_;
  channel::inlet_group<letter> in_;
  std::map<std::string, peer> peers_; // by endpoint
  std::set<std::string> heard_;       // of the seeds, before it is a member
  runtime::time_point give_up_{};
  bool gained_ = false; // once
  bool ending_ = false;
  tick_timer timer_{*this};
};

caf::behavior local_provider::make_behavior() {
  auto in = host_.open_inlets<letter>(this, inlet_name_);
  if (!in) {
    end_with(in.error());
    return {};
  }
  in_ = std::move(*in);
  begin();
  return {
      [this](const channel::batch<letter>& letters) {
        for (auto& x : letters) {
          if (!gained_ && std::ranges::count(options_.seeds, x.from.endpoint))
            heard_.insert(x.from.endpoint);
          roster_.receive(loop().now(), x);
        }
        turn();
      },
      [this](const channel::outlet_closed& x) { on_outlet_closed(x); },
      [](const channel::outlet_opened&) {},
      [](const channel::inlet_opened&) {},
      // What was on its way is old news when the outlet comes back.
      [this](const channel::inlet_interrupted& x) { in_.close(x.id); },
      [](const channel::inlet_ended&) {},
      [](const channel::inlet_closed&) {},
      [](const runtime::backpressure&) {}, // letters are dropped, see `say`
      // Its own letters find out, and the keeper of the list with them.
      [](const member_unreachable&) {},
      [this](leave_cluster) {
        roster_.leave(loop().now());
        turn();
      },
  };
}

void local_provider::begin() {
  auto now = loop().now();
  give_up_ = options_.join_deadline > runtime::duration::zero()
                 ? now + options_.join_deadline
                 : runtime::time_point::max();
  roster_.start(now);
  turn();
}

void local_provider::on_tick() {
  if (!gained_ && loop().now() >= give_up_ && !ending_)
    return end_with(runtime::make_error(
        errc::connection_closed,
        "node \"" + roster_.self().name + "\" found no cluster: " + trouble()));
  forget_peers();
  turn();
}

/// Why the seeds cannot be reached.
std::string local_provider::trouble() const {
  std::string result;
  for (auto& x : options_.seeds) {
    if (x == roster_.self().endpoint || heard_.contains(x))
      continue;
    if (!result.empty())
      result += "; ";
    auto found = peers_.find(x);
    result += found != peers_.end() && !found->second.trouble.empty()
                  ? found->second.trouble
                  : x + " says nothing that a node would say";
  }
  return result.empty() ? "fewer than half of its seeds are there" : result;
}

/// After anything has happened: says what the roster has to say, and arms the
/// timer.
void local_provider::turn() {
  if (ending_)
    return;
  auto next = roster_.tick(loop().now());
  for (auto& x : roster_.take_letters())
    say(x);
  setup_.lease->hold_until(roster_.touch_until());
  for (auto& x : roster_.take_events())
    std::visit(
        [this](auto& y) {
          if constexpr (std::is_same_v<std::decay_t<decltype(y)>,
                                       membership_gained>)
            gained_ = true;
          tell(std::move(y));
        },
        x);
  if (roster_.where() == roster::state::left)
    return conclude();
  if (roster_.where() == roster::state::refused)
    return end_with(runtime::make_error(errc::name_taken, roster_.refusal()));
  loop().timers().arm(timer_, std::min(next, gained_ ? next : give_up_));
}

// -- letters ------------------------------------------------------------------

void local_provider::say(const roster::outgoing& x) {
  auto& to = peers_[x.to];
  to.used = loop().now();
  if (!to.out && !open(x.to, to))
    return;
  // What does not fit any more is dropped with the rest of the letters.
  static_cast<void>(to.out.push(x.what));
}

bool local_provider::open(const std::string& where, peer& to) {
  auto out =
      host_.open_outlet<letter>(this, where, inlet_name_, letter_options());
  if (!out) {
    to.trouble = runtime::to_text(out.error());
    return false;
  }
  to.out = std::move(*out);
  return true;
}

void local_provider::on_outlet_closed(const channel::outlet_closed& x) {
  auto at = std::ranges::find_if(
      peers_, [&](auto& entry) { return entry.second.out.id() == x.id; });
  if (at == peers_.end())
    return;
  auto& [where, to] = *at;
  to.trouble = runtime::to_text(x.error);
  to.out = {};
  if (ending_)
    return conclude();
  switch (x.reason) {
  case end_reason::unknown_name:
    to.trouble = "the node at " + where
                 + " is not of this cluster, or has "
                   "just been started";
    return;
  case end_reason::nobody_listens:
    roster_.unreachable(loop().now(), where);
    return turn();
  case end_reason::link_lost:
  case end_reason::host_stopped:
    // If its process has ended, so it is known at once.
    open(where, to);
    return;
  default:
    return;
  }
}

/// Connections to nodes that have gone.
void local_provider::forget_peers() {
  auto long_ago = loop().now() - 2 * options_.times.down_after;
  std::erase_if(peers_, [&](auto& entry) {
    auto& [where, to] = entry;
    return to.used < long_ago && std::ranges::count(options_.seeds, where) == 0;
  });
}

// -- the end ------------------------------------------------------------------

/// It has left: when what was said last has arrived, or nobody takes it.
void local_provider::conclude() {
  if (!std::exchange(ending_, true)) {
    setup_.lease->end();
    for (auto& [where, to] : peers_)
      to.out.close();
    loop().timers().cancel(timer_);
    delayed_send(this, limits::cluster_retry, caf::exit_msg{});
    set_exit_handler([this](const caf::exit_msg&) { end_with({}); });
  }
  if (std::ranges::none_of(peers_, [](auto& entry) {
        return static_cast<bool>(entry.second.out);
      }))
    end_with({});
}

void local_provider::end_with(caf::error why) {
  ending_ = true;
  setup_.lease->end();
  tell(provider_ended{std::move(why)});
  quit();
}

} // namespace

provider_factory make_local_provider(channel::host& host, std::string cluster,
                                     local_options options) {
  return [host = &host, cluster = std::move(cluster),
          options = std::move(options)](runtime::event_loop& loop,
                                        provider_setup setup) {
    return runtime::spawn_on<local_provider>(loop, std::move(setup), host,
                                             cluster, options);
  };
}

} // namespace sluice::actors::cluster
