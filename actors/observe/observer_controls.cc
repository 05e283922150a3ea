#include "actors/observe/observer_actor.h"

#include "actors/admin/client.h"
#include "actors/observe/sentences.h"
#include "runtime/error.h"

#include <nlohmann/json.hpp>

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

// What pages ask an observer for. The ways to do it:
//
//   stop, cont, kill, start   the launcher does it
//   slow, cut, heal           the nodes do it, each its part. If there is a
//                             launcher it asks them, by their admin sockets:
//                             the cluster's own connections are what is being
//                             made slow or cut. Else they are asked over those

namespace sluice::actors::observe {

namespace limits = runtime::limits;
using nlohmann::json;

namespace {

const char* signal_of(verb x) {
  return x == verb::stop ? "STOP" : x == verb::cont ? "CONT" : "KILL";
}

json request_of(const command& x, const std::string& node) {
  switch (x.what) {
  case verb::slow:
    return {{"do", "slow"}, {"bytes_per_s", x.bytes_per_second}};
  case verb::cut:
    return {{"do", "cut"}, {"peer", node == x.node ? x.peer : x.node}};
  default:
    return {{"do", "heal"}};
  }
}

std::string done_text(const command& x, std::size_t nodes) {
  switch (x.what) {
  case verb::slow:
    return sentences::slowed(x.node, x.bytes_per_second);
  case verb::cut:
    return sentences::cut(x.node, x.peer);
  case verb::heal:
    return x.node.empty() ? sentences::healed_all(nodes)
                          : sentences::healed(x.node);
  case verb::stop:
    return sentences::stopped(x.node);
  case verb::cont:
    return sentences::continued(x.node);
  case verb::kill:
    return sentences::killed(x.node);
  case verb::start:
    break;
  }
  return sentences::started(x.node);
}

/// A text under `field`, whatever came.
std::string text_in(const json& x, const char* field) {
  auto at = x.is_object() ? x.find(field) : x.end();
  return x.is_object() && at != x.end() && at->is_string()
             ? at->get<std::string>()
             : std::string{};
}

bool is_ok(const json& x) {
  auto at = x.is_object() ? x.find("ok") : x.end();
  return x.is_object() && at != x.end() && *at == true;
}

} // namespace

void observer_actor::on_said(const page_said& x) {
  std::uint64_t id = 0;
  std::string why;
  auto wanted = read_command(x.text, id, why);
  if (wanted)
    why = objection(*wanted);
  if (!why.empty())
    return tell_page(x.page, text_kind::result,
                     page_texts::result_text(id, false, why));
  begin(x, *wanted);
}

/// What speaks against it before anybody is asked.
std::string observer_actor::objection(const command& x) const {
  if (controls_.size() >= limits::observe_controls_max)
    return sentences::too_many_controls(limits::observe_controls_max);
  if (is_for_launcher(x.what) && options_.launcher.empty())
    return sentences::no_launcher(to_string(x.what));
  for (auto& name : {x.node, x.peer})
    if (!name.empty() && board_.find(name) == nullptr)
      return sentences::no_such_node(name);
  if ((x.what == verb::stop || x.what == verb::kill) && self_
      && x.node == self_->name)
    return sentences::own_page(x.node, to_string(x.what));
  if (is_for_launcher(x.what) || x.what == verb::heal)
    return {};
  for (auto& name : {x.node, x.peer})
    if (auto state = board_.state_of(name);
        state == member_state::down || state == member_state::left)
      return sentences::not_there(name, to_string(*state));
  return {};
}

void observer_actor::begin(const page_said& by, const command& x) {
  auto id = ++last_control_;
  control made{.what = x, .page = by.page, .asker = by.asker};
  if (is_for_launcher(x.what))
    return ask_launcher(id, std::move(made));
  if (!x.node.empty())
    made.missing.insert(x.node);
  if (!x.peer.empty())
    made.missing.insert(x.peer);
  if (x.what == verb::heal && x.node.empty())
    for (auto& y : board_.shown())
      made.missing.insert(y.name);
  made.done = done_text(x, made.missing.size());
  if (options_.launcher.empty())
    ask_nodes(id, std::move(made));
  else
    ask_through_launcher(id, std::move(made));
}

// -- over the cluster ---------------------------------------------------------

/// This node does its part at once, but for a cut: that would keep the answers
/// of the other one away.
void observer_actor::ask_nodes(std::uint64_t id, control x) {
  if (self_ && x.missing.erase(self_->name) > 0) {
    x.last_here = x.what.what == verb::cut;
    auto mine = x.what;
    mine.node = self_->name;
    if (std::string text; !x.last_here && !execute(mine, text))
      x.wrong = text;
  }
  auto& made = controls_.emplace(id, std::move(x)).first->second;
  if (made.missing.empty())
    return finish(id);
  for (auto& name : made.missing)
    add_order(id, made, name);
  delayed_send(this, limits::observe_control, late_atom::value, id);
}

void observer_actor::add_order(std::uint64_t id, const control& x,
                               const std::string& node) {
  auto who = board_.find(node);
  auto to = who != nullptr && self_ ? line_to(*who) : nullptr;
  if (to == nullptr)
    return; // it will be late
  order wanted{
      .from = self_->name, .incarnation = self_->incarnation, .id = id};
  wanted.what = static_cast<std::uint8_t>(x.what.what);
  wanted.peer = node == x.what.node ? x.what.peer : x.what.node;
  wanted.bytes_per_second = x.what.bytes_per_second;
  wanted.asker = x.asker;
  static_cast<void>(to->out.push(wanted));
}

/// Also of one that was late, or that nobody asked.
void observer_actor::on_part(std::uint64_t id, const std::string& node, bool ok,
                             const std::string& text) {
  auto at = controls_.find(id);
  if (at == controls_.end() || at->second.missing.erase(node) == 0)
    return;
  auto& x = at->second;
  if (!ok)
    x.wrong += (x.wrong.empty() ? "" : " ")
               + text.substr(0, limits::error_excerpt_bytes);
  if (x.missing.empty())
    finish(id);
}

/// Those that are down need not be healed: their process has most likely ended.
void observer_actor::on_late(std::uint64_t id) {
  auto at = controls_.find(id);
  if (at == controls_.end())
    return;
  auto& x = at->second;
  for (auto& name : x.missing) {
    auto state = board_.state_of(name);
    if (x.what.what == verb::heal && x.what.node.empty()
        && (state == member_state::down || state == member_state::left))
      continue;
    x.wrong += (x.wrong.empty() ? "" : " ")
               + sentences::no_answer(name, limits::observe_control);
  }
  x.missing.clear();
  finish(id);
}

void observer_actor::finish(std::uint64_t id) {
  auto x = std::move(controls_.at(id));
  controls_.erase(id);
  if (x.last_here && x.wrong.empty()) {
    auto mine = x.what;
    if (mine.node != self_->name)
      std::swap(mine.node, mine.peer);
    std::string text;
    if (!execute(mine, text))
      x.wrong = text;
  }
  answer(x, x.wrong.empty(), x.wrong.empty() ? x.done : x.wrong);
}

void observer_actor::answer(const control& x, bool ok,
                            const std::string& text) {
  auto what = std::string{to_string(x.what.what)}
              + (x.what.node.empty() ? "" : " " + x.what.node)
              + (x.what.peer.empty() ? "" : " " + x.what.peer);
  board_.control(at(), x.what.node, ok ? severity::info : severity::warn,
                 ok ? sentences::asked(x.asker, text)
                    : sentences::asked_in_vain(x.asker, what, text));
  tell_page(x.page, text_kind::result,
            page_texts::result_text(x.what.id, ok, text));
  send_events();
}

// -- through the launcher -----------------------------------------------------

void observer_actor::ask_launcher(std::uint64_t id, control x) {
  json request{{"do", "start"}, {"node", x.what.node}};
  if (x.what.what != verb::start)
    request = {{"do", "signal"},
               {"node", x.what.node},
               {"signal", signal_of(x.what.what)}};
  x.done = done_text(x.what, 1);
  controls_.emplace(id, std::move(x));
  auto err =
      admin::ask(loop(), options_.launcher, request, limits::observe_launcher,
                 [this, id, keep = caf::actor{this}](
                     admin::outcome how, const caf::error& why,
                     const json& said) { on_launcher(id, how, why, said); });
  if (err)
    fail(id, runtime::to_text(err));
}

void observer_actor::ask_through_launcher(std::uint64_t id, control x) {
  auto requests = json::array();
  for (auto& name : x.missing)
    requests.push_back({{"node", name}, {"request", request_of(x.what, name)}});
  json request{{"do", "ask"},
               {"requests", std::move(requests)},
               {"deadline_ms", limits::observe_control.count()}};
  controls_.emplace(id, std::move(x));
  auto err = admin::ask(
      loop(), options_.launcher, request, 2 * limits::observe_control,
      [this, id, keep = caf::actor{this}](
          admin::outcome how, const caf::error& why, const json& said) {
        on_launcher(id, how, why, said);
      });
  if (err)
    fail(id, runtime::to_text(err));
}

/// Of a signal or a start it is the answer; else it has one of each node.
void observer_actor::on_launcher(std::uint64_t id, admin::outcome how,
                                 const caf::error& why, const json& said) {
  if (!controls_.contains(id))
    return; // this actor has ended
  if (how != admin::outcome::answered)
    return fail(id, sentences::no_launcher_answer(runtime::to_text(why)));
  if (!is_ok(said))
    return fail(id, text_in(said, "error"));
  if (auto rows = said.find("answers"); rows != said.end())
    on_answers(id, *rows);
  else
    finish(id);
}

void observer_actor::on_answers(std::uint64_t id, const json& rows) {
  auto& x = controls_.at(id);
  if (rows.is_array())
    for (auto& row : rows) {
      auto name = text_in(row, "name");
      auto part = row.is_object() ? row.value("answer", json{}) : json{};
      auto why = text_in(part, "error");
      // What has ended has forgotten what it was cut off from.
      auto has_ended =
          x.what.what == verb::heal && text_in(row, "how") == "ended";
      if (has_ended || is_ok(part))
        x.missing.erase(name);
      else if (!why.empty() && x.missing.erase(name) > 0)
        x.wrong += (x.wrong.empty() ? "" : " ") + name + ": " + why;
    }
  on_late(id);
}

void observer_actor::fail(std::uint64_t id, const std::string& why) {
  controls_.at(id).wrong = sentences::capital(why);
  finish(id);
}

} // namespace sluice::actors::observe
