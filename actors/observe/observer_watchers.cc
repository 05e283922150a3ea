#include "actors/observe/observer_actor.h"

#include "actors/observe/sentences.h"
#include "runtime/error.h"

#include <utility>

// What an observer does for other nodes.

namespace sluice::actors::observe {

namespace limits = runtime::limits;

void observer_actor::on_order(const order& x) {
  auto from = admit(x);
  if (from == nullptr)
    return; // no member that this node knows: it asks again
  wake();
  if (x.id != 0)
    obey(x, from);
}

/// Of each node its present life counts, at the endpoint that the cluster knows
/// it by; also of one that is down, which may be wrong.
observer_actor::watcher* observer_actor::admit(const order& x) {
  auto who = board_.find(x.from);
  if (who == nullptr || who->incarnation != x.incarnation || !self_)
    return nullptr;
  auto known = watchers_.find(x.from);
  if (known == watchers_.end()) {
    if (watchers_.size() >= limits::observe_watchers_max)
      return nullptr;
    known = watchers_.try_emplace(x.from).first;
  }
  auto& result = known->second;
  if (!same(result.who, *who))
    result = {.who = *who};
  result.until = loop().now() + limits::observe_lease;
  if (!result.out)
    if (auto out = node_.channels().open_outlet<note>(this, who->endpoint,
                                                      notes_name, own_link())) {
      result.out = std::move(*out);
      result.pushed = loop().now();
      result.short_until = {};
    }
  return &result;
}

/// An order that breaks the bounds is answered, and not logged: who sends one
/// is not to fill the log with what is in it.
void observer_actor::obey(const order& x, watcher* to) {
  note said{.from = self_->name, .incarnation = self_->incarnation, .id = x.id};
  said.text = check(x);
  if (said.text.empty()) {
    said.ok = follow(x, said.text);
    board_.control(
        at(), self_->name, said.ok ? severity::info : severity::warn,
        sentences::asked(x.asker + ", on the page of " + x.from, said.text));
    send_events();
  }
  // It was closed if the way was cut until now.
  if (!to->out)
    to = admit(x);
  if (to != nullptr && to->out)
    static_cast<void>(to->out.push(said)); // the asker has a deadline
}

bool observer_actor::follow(const order& x, std::string& text) {
  command wanted;
  wanted.node = self_->name;
  wanted.peer = x.peer;
  wanted.bytes_per_second = x.bytes_per_second;
  wanted.what = static_cast<verb>(x.what);
  if (wanted.what != verb::cut || x.peer != x.from)
    return execute(wanted, text);
  // The answer goes first; it would not arrive any more.
  text = sentences::cut(self_->name, x.peer);
  delayed_send(this, limits::observe_cut_delay, cut_atom::value, x.peer);
  return true;
}

/// What a node does itself: its part of slow, cut and heal.
bool observer_actor::execute(const command& x, std::string& text) {
  auto& channels = node_.channels();
  switch (x.what) {
  case verb::slow:
    channels.slow(static_cast<std::size_t>(x.bytes_per_second));
    text = sentences::slowed(x.node, x.bytes_per_second);
    return true;
  case verb::heal:
    channels.heal_all();
    channels.slow(0);
    text = sentences::healed(x.node);
    return true;
  case verb::cut: {
    auto peer = board_.find(x.peer);
    if (peer == nullptr) {
      text = sentences::no_such_node(x.peer);
      return false;
    }
    if (auto err = channels.cut(peer->endpoint)) {
      text = runtime::to_text(err);
      return false;
    }
    text = sentences::cut(x.node, x.peer);
    return true;
  }
  default:
    text = sentences::no_launcher(to_string(x.what));
    return false;
  }
}

/// The next report to a node goes when it has taken the last one. If that took
/// long, short ones follow for a while; then a whole one is tried again.
void observer_actor::tell_watchers(const node_report& x) {
  if (!self_)
    return;
  auto now = loop().now();
  for (auto& [name, to] : watchers_) {
    if (!to.out)
      continue;
    if (to.out.confirmed() != to.out.position()) {
      if (now - to.pushed >= limits::observe_slow_reader)
        to.short_until = now + limits::observe_lease;
      continue;
    }
    note said{
        .from = self_->name, .incarnation = self_->incarnation, .report = x};
    if (now < to.short_until)
      shorten(said.report);
    if (!to.out.push(said))
      to.pushed = now;
  }
}

} // namespace sluice::actors::observe
