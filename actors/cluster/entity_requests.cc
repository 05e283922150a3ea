#include "actors/cluster/entity_region.h"

#include "actors/cluster/message_bytes.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <utility>

// What becomes of a request until an entity has it, and of its answer.

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;

namespace {

/// Besides what the other node may take for it: letters on their way.
constexpr runtime::duration slack = std::chrono::seconds{5};

} // namespace

void entity_region::submit(caf::response_promise promise, to_entity& x) {
  entity_request y;
  y.who.promise = std::move(promise);
  if (x.key.empty() || x.key.size() > limits::sharding_key_bytes_max)
    return fail(y.who, errc::bad_setting,
                "to_entity: the key has 1 to "
                    + std::to_string(limits::sharding_key_bytes_max)
                    + " bytes, and not " + std::to_string(x.key.size()));
  y.shard = keeper_.shard_of(x.key);
  y.key = std::move(x.key);
  y.what = std::move(x.what);
  run(std::move(y));
}

void entity_region::run(entity_request x) {
  x.sequence = ++last_sequence_;
  if (!lanes_[x.shard].held.empty() || !try_run(x))
    hold(std::move(x));
}

/// Gives a request to its entity, or sends it where it belongs. False if
/// neither can be now; then it is as before.
bool entity_region::try_run(entity_request& x) {
  auto now = present();
  auto to = keeper_.route(now, x.shard, x.at_least);
  if (to.what == route_kind::elsewhere) {
    if (!x.who.peer)
      return forward(x, *to.at);
    answer_moved(x.who); // it asked the wrong one: its table is old
    return true;
  }
  // Those that were asked of another node come first; see rule 2.
  if (to.what != route_kind::here || !setup_.lease->holds(now)
      || lanes_[x.shard].asked > 0)
    return false;
  deliver(std::move(x));
  return true;
}

/// True also if it failed for good.
bool entity_region::forward(entity_request& x, const member& to) {
  auto& there = lanes_[x.shard];
  auto way = find_peer(holder{to});
  if (way == nullptr || (there.asked > 0 && there.at != way->holder()))
    return false;
  if (asked_.size() + delivered_.size() >= setup_.options.under_way_max) {
    fail(x.who, errc::too_many_waiting,
         "as many requests as may be are under way; nothing was done");
    return true;
  }
  if (x.bytes.empty()) {
    auto bytes = write_message(system(), x.what);
    if (!bytes) {
      ++totals_.failed;
      answer_error(x.who, bytes.error());
      return true;
    }
    x.bytes = std::move(*bytes);
  }
  auto number = ++last_number_;
  if (!way->ask({keeper_.self(), keeper_.table().at, number, x.key, x.bytes}))
    return false;
  ++there.asked;
  there.at = way->holder();
  auto& options = setup_.options;
  x.deadline = present() + options.hold_max + options.answer_max + slack;
  asked_.emplace(number, asked_request{std::move(x), there.at});
  return true;
}

void entity_region::hold(entity_request x) {
  if (waiting_ >= setup_.options.waiting_max)
    return fail(x.who, errc::too_many_waiting,
                "as many requests as may be are waiting; nothing was done");
  ++waiting_;
  x.deadline = present() + setup_.options.hold_max;
  auto& held = lanes_[x.shard].held;
  auto at = held.end();
  while (at != held.begin() && std::prev(at)->sequence > x.sequence)
    --at;
  held.insert(at, std::move(x));
}

void entity_region::retry(std::uint32_t shard) {
  auto& held = lanes_[shard].held;
  while (!held.empty() && try_run(held.front())) {
    held.pop_front();
    --waiting_;
  }
}

void entity_region::retry_all() {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i)
    retry(i);
}

entity_region::entity_request entity_region::take_asked(std::uint64_t number) {
  auto at = asked_.find(number);
  auto result = std::move(at->second.what);
  asked_.erase(at);
  --lanes_[result.shard].asked;
  return result;
}

// -- between nodes ------------------------------------------------------------

void entity_region::on_calls(const channel::batch<entity_call>& calls) {
  for (auto& x : calls)
    if (find_peer(x.from) != nullptr)
      accept(x);
    else if (early_.size() < setup_.options.waiting_max)
      early_.push_back({x, present() + setup_.options.hold_max});
}

/// From a node of which this one hears later that it has joined, or from a life
/// of a node that is over: that one is not answered any more.
void entity_region::accept_early(runtime::time_point now) {
  for (auto& x : std::exchange(early_, {}))
    if (find_peer(x.what.from) != nullptr)
      accept(x.what);
    else if (now < x.deadline)
      early_.push_back(std::move(x));
}

void entity_region::accept(const entity_call& x) {
  entity_request y;
  y.who.peer = x.from;
  y.who.number = x.number;
  y.shard = keeper_.shard_of(x.key);
  y.key = x.key;
  y.at_least = x.at;
  y.bytes = x.what;
  if (y.key.empty() || y.key.size() > limits::sharding_key_bytes_max
      || y.bytes.empty())
    return fail(y.who, errc::bad_setting, "a request that makes no sense");
  run(std::move(y));
}

void entity_region::on_replies(const channel::batch<entity_reply>& replies) {
  for (auto& x : replies) {
    if (x.to != keeper_.self() || !asked_.contains(x.number))
      continue; // too late
    auto what = take_asked(x.number);
    auto shard = what.shard;
    switch (x.outcome) {
    case entity_outcome::answered:
      if (auto content = read_message(system(), x.what))
        answer(what.who, *content);
      else
        fail(what.who, errc::not_serializable,
             "the entity has answered, but the answer cannot be read here");
      break;
    case entity_outcome::failed:
      answer_error(what.who, read_error(system(), x.what));
      break;
    case entity_outcome::moved:
      hold(std::move(what)); // there is a newer table, and it is on its way
      break;
    }
    if (lanes_[shard].asked == 0)
      retry(shard);
  }
}

// -- answers ------------------------------------------------------------------

void entity_region::answer(const origin& who, const caf::message& x) {
  if (!who.peer) {
    // To a message that is no request there is no answer.
    if (auto promise = who.promise; !promise.async())
      promise.deliver(x);
    return;
  }
  auto bytes = write_message(system(), x);
  if (bytes)
    return reply(who, entity_outcome::answered, std::move(*bytes));
  answer_error(who, make_error(static_cast<errc>(bytes.error().code()),
                               "the entity has answered, but "
                                   + runtime::to_text(bytes.error())));
}

void entity_region::answer_error(const origin& who, const caf::error& x) {
  if (who.peer)
    return reply(who, entity_outcome::failed, write_error(system(), x));
  if (auto promise = who.promise; !promise.async())
    promise.deliver(x);
}

void entity_region::answer_moved(const origin& who) {
  reply(who, entity_outcome::moved, {});
}

/// To a life of a node that is over, there is no way.
void entity_region::reply(const origin& who, entity_outcome outcome,
                          std::string what) {
  if (auto way = find_peer(who.peer))
    way->answer({who.peer, who.number, outcome, std::move(what)});
}

void entity_region::fail(const origin& who, errc code, std::string text) {
  ++totals_.failed;
  answer_error(who, make_error(code, std::move(text)));
}

void entity_region::fail_overdue(runtime::time_point now) {
  constexpr auto nobody = "nobody served the entity's shard; nothing was done";
  for (auto& x : lanes_) {
    while (!x.held.empty() && x.held.front().deadline <= now) {
      fail(x.held.front().who, errc::no_owner, nobody);
      x.held.pop_front();
      --waiting_;
    }
  }
  fail_asked([=](auto& x) { return x.what.deadline <= now; },
             errc::entity_silent,
             "the node that has the entity does not answer; it was, will be or "
             "will not be done");
  accept_early(now);
  // Routes may have changed without a word, when the lease came back.
  retry_all();
}

void entity_region::fail_asked(
    const std::function<bool(const asked_request&)>& which, errc code,
    const char* text) {
  std::vector<std::uint64_t> failed;
  for (auto& [number, x] : asked_)
    if (which(x))
      failed.push_back(number);
  for (auto number : failed)
    fail(take_asked(number).who, code, text);
}

} // namespace sluice::actors::cluster
