#include "examples/kv_cluster/kv_node.h"

#include "net/events.h"

#include <caf/send.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ranges>
#include <utility>

// A node's frame: membership, the ways to the others, time.

namespace sluice::examples::kv_cluster {

using namespace actors::cluster;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
namespace channel = actors::channel;

namespace {

/// How often the node looks for what is overdue.
constexpr milliseconds look_interval{100};

/// Keys of one shard that are removed at a time because their deadline passed.
constexpr std::size_t expiry_budget_keys = 100;

kv::time_ms to_ms(auto since_epoch) {
  return duration_cast<milliseconds>(since_epoch).count();
}

} // namespace

kv_node::kv_node(caf::actor_config& cfg, runtime::event_loop& loop,
                 actors::cluster::node* node, shard_settings shards)
    : runtime::loop_actor(cfg, loop),
      node_(*node),
      epoch_offset_(to_ms(std::chrono::system_clock::now().time_since_epoch())
                    - to_ms(loop.now().time_since_epoch())),
      shared_(now()),
      for_others_(shared_, "another node", "", now()),
      stores_(shards.shards, [this] { return now(); }),
      keeper_(shards, stores_),
      last_asked_(static_cast<std::uint64_t>(now()) << 20),
      lanes_(shards.shards),
      unsettled_(shards.shards) {
  shared_.process_id = getpid();
  shared_.all.clear();
  for (auto& x : stores_.all()) // copies of other nodes' keys, too
    shared_.all.push_back(&x);
  // Of other sessions nobody is told.
  shared_.sessions.clear();
}

kv::time_ms kv_node::now() const {
  return to_ms(loop().now().time_since_epoch()) + epoch_offset_;
}

caf::behavior kv_node::make_behavior() {
  auto& host = node_.channels();
  auto letters = host.open_inlets<shard_letter>(this, letters_name);
  auto requests = host.open_inlets<request_bundle>(this, requests_name);
  auto answers = host.open_inlets<answer_bundle>(this, answers_name);
  if (!letters || !requests || !answers) {
    quit(caf::exit_reason::user_shutdown); // the host was stopped
    return {};
  }
  letters_in_ = std::move(*letters);
  requests_in_ = std::move(*requests);
  answers_in_ = std::move(*answers);
  send(node_.actor(), watch_members{caf::actor_cast<caf::actor>(this), true});
  arm(loop().now());
  return running();
}

caf::behavior kv_node::running() {
  return {
      [this](const channel::batch<shard_letter>& x) { on_letters(x); },
      [this](channel::batch<request_bundle>& x) {
        if (must_wait(*x.begin()))
          late_requests_.push_back({std::move(x), loop().now() + answer_max});
        else
          on_requests(x);
        loop().flush_later(*this);
      },
      [this](const channel::batch<answer_bundle>& x) {
        for (auto& y : x)
          on_answers(y);
        loop().flush_later(*this);
      },
      [this](const channel::inlet_opened&) {},
      [this](const node_joined& x) {
        on_change({x.at, change_kind::joined, x.who});
      },
      [this](const node_suspected& x) {
        on_change({x.at, change_kind::suspected, x.who});
      },
      [this](const node_trusted& x) {
        on_change({x.at, change_kind::trusted, x.who});
      },
      [this](const node_left& x) {
        on_change({x.at, change_kind::left, x.who});
      },
      [this](const node_down& x) {
        on_change({x.at, change_kind::down, x.who});
      },
      [this](const membership_gained& x) {
        auto reborn = self_ && !same(*self_, x.self);
        self_ = x.self;
        look_at_list();
        // What is asked again is asked in the new life.
        if (reborn)
          fail_all_asked();
      },
      [this](const membership_lost&) { loop().flush_later(*this); },
      [this](prepare_to_leave) {
        auto promise = make_response_promise();
        drainers_.push_back(promise);
        keeper_.drain(loop().now());
        loop().flush_later(*this);
        return promise;
      },
      [this](const channel::outlet_opened&) {},
      [this](const channel::outlet_closed& x) {
        auto letters_lost = false;
        for (auto& [name, y] : peers_)
          if (y.on_closed(x, loop().now(), letters_lost)) {
            if (letters_lost) {
              keeper_.on_broken_stream(loop().now(), name);
              if (y.nobody_listens())
                send(node_.actor(), member_unreachable{y.who()});
            }
            break;
          }
        loop().flush_later(*this);
      },
      [this](const runtime::backpressure&) { loop().flush_later(*this); },
      [this](const channel::inlet_interrupted& x) { letters_in_.close(x.id); },
      [this](const channel::inlet_ended&) {},
      [this](const channel::inlet_closed&) {},
      [this](std::uint16_t port) { shared_.port = port; },
  };
}

void kv_node::on_exit() {
  loop().timers().cancel(timer_);
  loop().flush_forget(*this);
  peers_.clear();
  letters_in_.close();
  requests_in_.close();
  answers_in_.close();
  late_requests_.clear();
}

// -- members ------------------------------------------------------------------

void kv_node::on_change(const change& x) {
  list_.apply(x);
  if (x.what == change_kind::left || x.what == change_kind::down)
    on_member_gone(x.who);
  look_at_list();
}

void kv_node::on_member_gone(const member& x) {
  auto at = peers_.find(x.name);
  if (at == peers_.end() || !same(at->second.who(), x))
    return;
  peers_.erase(at);
  fail_asked(holder{x});
}

/// There is a way to each other member.
void kv_node::look_at_list() {
  if (!self_)
    return;
  std::erase_if(peers_, [&](auto& x) { return !list_.has(x.second.who()); });
  for (auto& x : list_.members)
    if (x.who.name != self_->name && !peers_.contains(x.who.name))
      peers_.try_emplace(x.who.name, this, node_.channels(), x.who);
  auto present = this->present();
  keeper_.on_lease(present, node_.lease()->until());
  keeper_.on_view(present, list_, *self_);
  loop().flush_later(*this);
}

peer* kv_node::find_peer(const std::string& name) {
  auto at = peers_.find(name);
  return at != peers_.end() ? &at->second : nullptr;
}

/// In that life: an answer is for who asked, not for who has its name now.
peer* kv_node::find_peer(const holder& x) {
  auto result = find_peer(x.name);
  return result != nullptr && result->holder() == x ? result : nullptr;
}

void kv_node::on_letters(const channel::batch<shard_letter>& letters) {
  auto present = this->present();
  keeper_.on_lease(present, node_.lease()->until());
  for (auto& x : letters)
    keeper_.receive(present, x);
  loop().flush_later(*this);
}

// -- time ---------------------------------------------------------------------

/// Not that of the loop: a process that was stopped goes on in the middle of a
/// turn, with a lease that is over.
runtime::time_point kv_node::present() const {
  return std::chrono::steady_clock::now();
}

void kv_node::arm(runtime::time_point when) {
  if (when == due_)
    return;
  due_ = when;
  loop().timers().arm(timer_, when);
}

void kv_node::on_tick() {
  due_ = runtime::time_point::max();
  loop().flush_later(*this);
}

/// Once in each turn of the loop in which anything has happened.
void kv_node::on_flush() {
  turn();
}

void kv_node::turn() {
  auto present = this->present();
  keeper_.on_lease(present, node_.lease()->until());
  keeper_due_ = keeper_.tick(present);
  auto next = std::min(keeper_due_, loop().now() + look_interval);
  std::size_t lost = 0;
  // What happens may make more happen.
  for (auto more = true; more;) {
    auto events = keeper_.take_events();
    more = !events.empty();
    for (auto& x : events)
      std::visit(
          [&](const auto& y) {
            using T = std::decay_t<decltype(y)>;
            if constexpr (std::is_same_v<T, shard_settled>)
              on_settled(y.shard, y.position);
            else if constexpr (std::is_same_v<T, shard_deactivated>)
              on_deactivated(y);
            else if constexpr (std::is_same_v<T, shard_lost>) {
              ++figures_.lost_shards;
              ++lost;
            } else if constexpr (std::is_same_v<T, shard_routes_changed>)
              retry_all();
            else if constexpr (std::is_same_v<T, shard_drained>) {
              for (auto& promise : std::exchange(drainers_, {}))
                promise.deliver(caf::unit);
            }
          },
          x);
  }
  if (lost > 0)
    std::fprintf(stderr,
                 "%zu shards have lost all their copies at once; they begin "
                 "again, empty\n",
                 lost);
  if (loop().now() >= look_due_) {
    look_due_ = loop().now() + look_interval;
    fail_overdue(loop().now());
    expire_keys();
    sample_rates();
    times_.tick(loop().now());
  }
  for (auto& x : keeper_.take_letters())
    if (auto to = find_peer(x.to.name); to && to->holder() == x.to)
      to->say(x.what);
  for (auto& [name, x] : peers_) {
    x.flush();
    next = std::min(next, x.tick(loop().now()));
  }
  take_late_requests();
  if (!pressed_.empty())
    release_pressed();
  for (auto& x : std::exchange(dirty_, {})) {
    x->flush();
    figures_.bytes_out += std::exchange(x->bytes_written, 0);
  }
  arm(next);
}

void kv_node::sample_rates() {
  auto span = loop().now() - sampled_at_;
  if (span < std::chrono::seconds{1})
    return;
  auto rate = [&](std::uint64_t after, std::uint64_t before) {
    return static_cast<std::uint64_t>(
        static_cast<double>(after - before)
        / std::chrono::duration<double>(span).count());
  };
  rates_ = {rate(figures_.requests, sampled_.requests),
            rate(figures_.forwarded, sampled_.forwarded),
            rate(figures_.bytes_in, sampled_.bytes_in),
            rate(figures_.bytes_out, sampled_.bytes_out)};
  sampled_ = figures_;
  sampled_at_ = loop().now();
}

/// So that keys that nobody asks for go as well. Each copy does it by its own
/// clock.
void kv_node::expire_keys() {
  for (auto& x : stores_.all())
    if (x.next_expiry() <= now())
      x.expire_due(now(), expiry_budget_keys);
}

std::size_t kv_node::on_hold() const noexcept {
  std::size_t result = 0;
  for (auto& x : lanes_)
    result += x.held.size();
  return result;
}

std::size_t kv_node::keys_of_primaries() const {
  std::size_t result = 0;
  auto& table = keeper_.table();
  for (std::uint32_t i = 0; i < table.entries.size(); ++i)
    if (table.entries[i].primary == keeper_.self())
      result += const_cast<shard_stores&>(stores_).at(i).size();
  return result;
}

} // namespace sluice::examples::kv_cluster
