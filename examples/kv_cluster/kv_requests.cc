#include "examples/kv_cluster/kv_node.h"

#include "examples/kv/command.h"
#include "examples/kv/commands.h"
#include "examples/kv_cluster/operation.h"
#include "net/resp.h"

#include <iterator>
#include <utility>

// What becomes of a command: it runs here, goes to another node, or is held.

namespace sluice::examples::kv_cluster {

using namespace actors::cluster;

// -- from a client ------------------------------------------------------------

void kv_node::submit(const std::shared_ptr<client>& from,
                     std::string_view frame) {
  if (from->session.closing)
    return; // after QUIT
  ++figures_.requests;
  figures_.bytes_in += frame.size();
  auto wrong = net::split_command(frame, args_, unescaped_);
  if (!wrong.empty()) {
    from->session.closing = true;
    from->answer_error("ERR " + std::string{wrong});
    return flush_later(from);
  }
  if (frame.size() > command_bytes_max)
    return from->answer_error(
        "ERR the command is too long: " + std::to_string(frame.size())
        + " bytes, of at most " + std::to_string(command_bytes_max));
  auto began = present();
  make_plan(args_, keeper_.settings().shards, plan_);
  switch (plan_.what) {
  case plan_kind::local:
    scratch_.clear();
    kv::execute(from->session, args_, now(), scratch_);
    if (!scratch_.empty())
      from->answer(scratch_);
    if (from->session.closing)
      flush_later(from);
    return;
  case plan_kind::refused:
    return from->answer_error(plan_.error);
  case plan_kind::single: {
    auto shard = plan_.shard;
    auto writes = plan_.writes;
    auto& there = lanes_[shard];
    auto ran = there.held.empty() && there.asked == 0
               && run_here(shard, writes, scratch_);
    if (ran && is_settled(shard)) {
      from->answer(scratch_);
      times_.record(present() - began);
      figures_.bytes_out += std::exchange(from->bytes_written, 0);
      return;
    }
    auto number = from->open(merge::one, 1, frame.size() + scratch_.size());
    from->time_last(began, times_);
    origin who{from, {number, 0}, {}, 0};
    if (ran)
      wait_until_settled(shard, std::move(who), scratch_);
    else
      run({std::move(who), 0, shard, writes, {}, {}, std::string{frame}});
    return;
  }
  case plan_kind::parts: {
    auto parts = std::move(plan_.parts);
    auto writes = plan_.writes;
    auto number =
        from->open(plan_.how, static_cast<std::uint32_t>(parts.size()),
                   frame.size(), keeper_.settings().shards, plan_.shard);
    from->time_last(began, times_);
    std::uint32_t i = 0;
    for (auto& x : parts)
      run({{from, {number, i++}, {}, 0},
           0,
           x.shard,
           writes,
           {},
           {},
           std::move(x.command)});
    return;
  }
  }
}

void kv_node::finish(const std::shared_ptr<client>& from) {
  from->session.closing = true;
  flush_later(from);
}

// -- on the primary -----------------------------------------------------------

/// Runs the command `args_`, if this node serves the shard now.
bool kv_node::run_here(std::uint32_t shard, bool writes, std::string& reply) {
  auto at = present();
  reply.clear();
  if (keeper_.route(at, shard).what != route_kind::here
      || (writes && !keeper_.has_room(shard)))
    return false;
  auto& keys = stores_.at(shard);
  shared_.keys = &keys;
  keys_of(args_, keys_);
  if (kv::equals(args_[0], "append") && args_.size() == 3)
    if (auto old = keys.find(args_[1], now());
        old && old->value.size() + args_[2].size() > value_bytes_max) {
      net::append_error(reply, kv::message::too_long);
      return true;
    }
  kv::execute(for_others_, args_, now(), reply);
  if (reply.size() > reply_bytes_max) {
    reply.clear();
    net::append_error(reply, kv::message::reply_too_long);
  }
  if (!writes || reply.starts_with('-'))
    return true;
  operation_.clear();
  for (auto key : keys_)
    if (auto x = keys.find(key, now()))
      append_put(operation_, *x);
    else
      append_erase(operation_, key);
  if (keys_.empty()) // FLUSHALL
    append_clear(operation_);
  keeper_.wrote(shard, operation_);
  loop().flush_later(*this);
  return true;
}

// -- on its way ---------------------------------------------------------------

void kv_node::run(request x) {
  x.sequence = ++last_sequence_;
  if (!lanes_[x.shard].held.empty() || !try_run(x))
    hold(std::move(x));
}

/// Runs a command here, or sends it where it belongs. False if neither can be
/// now.
bool kv_node::try_run(request& x) {
  auto to = keeper_.route(present(), x.shard, x.at_least);
  auto& there = lanes_[x.shard];
  if (to.what == route_kind::elsewhere) {
    if (x.who.from)
      return forward(x, *to.at);
    answer_moved(x.who); // it asked the wrong one: its table is old
    return true;
  }
  if (to.what != route_kind::here || there.asked > 0)
    return false;
  std::string reply;
  auto wrong = net::split_command(x.command, args_, unescaped_);
  if (!wrong.empty() || args_.empty()) {
    answer_error(x.who, "ERR " + std::string{wrong});
    return true;
  }
  if (!run_here(x.shard, x.writes, reply))
    return false;
  if (is_settled(x.shard))
    answer(x.who, reply);
  else
    wait_until_settled(x.shard, std::move(x.who), reply);
  return true;
}

bool kv_node::forward(request& x, const member& to) {
  auto& there = lanes_[x.shard];
  auto way = find_peer(to.name);
  if (way == nullptr || !same(way->who(), to)
      || (there.asked > 0 && there.at != way->holder()))
    return false;
  ++figures_.forwarded;
  ++there.asked;
  there.at = way->holder();
  auto number = ++last_asked_;
  way->ask({number, x.shard, static_cast<std::uint8_t>(x.writes), x.command},
           keeper_.table().at, keeper_.self());
  if (way->requests_waiting() > commands_waiting_max)
    press(x.who);
  x.deadline = loop().now() + answer_max;
  asked_.emplace(number, asked_request{std::move(x), way->holder()});
  loop().flush_later(*this);
  return true;
}

void kv_node::hold(request x) {
  x.deadline = loop().now() + hold_max;
  auto& held = lanes_[x.shard].held;
  auto at = held.end();
  while (at != held.begin() && std::prev(at)->sequence > x.sequence)
    --at;
  held_bytes_ += x.command.size();
  if (held_bytes_ > commands_waiting_max)
    press(x.who);
  held.insert(at, std::move(x));
}

kv_node::request kv_node::take_held(std::uint32_t shard) {
  auto& held = lanes_[shard].held;
  auto result = std::move(held.front());
  held.pop_front();
  held_bytes_ -= result.command.size();
  return result;
}

void kv_node::press(const origin& who) {
  if (!who.from || who.from->is_pressed())
    return; // another node has a window
  who.from->press();
  pressed_.push_back(who.from);
}

void kv_node::release_pressed() {
  auto waiting = held_bytes_;
  for (auto& [name, x] : peers_)
    waiting = std::max(waiting, x.requests_waiting());
  if (2 * waiting > commands_waiting_max)
    return;
  for (auto& x : std::exchange(pressed_, {}))
    x->release();
}

void kv_node::retry(std::uint32_t shard) {
  auto& held = lanes_[shard].held;
  while (!held.empty()) {
    auto size = held.front().command.size();
    if (!try_run(held.front()))
      return;
    held.pop_front();
    held_bytes_ -= size;
  }
}

void kv_node::retry_all() {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i)
    retry(i);
}

kv_node::request kv_node::take_asked(std::uint64_t number) {
  auto at = asked_.find(number);
  auto result = std::move(at->second.what);
  asked_.erase(at);
  --lanes_[result.shard].asked;
  return result;
}

} // namespace sluice::examples::kv_cluster
