#include "actors/cluster/entity_region.h"

#include "actors/cluster/message_bytes.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

// The entities of this node: how they begin, answer and end.

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;
constexpr auto high = caf::message_priority::high;

namespace {

/// Nothing is ever of this type. So whatever an entity answers comes to the
/// handler of errors: CAF puts what nobody expects into
/// sec::unexpected_response.
struct no_content {};

bool is_content(const caf::error& x) {
  return x == caf::sec::unexpected_response;
}

caf::exit_reason constexpr in_order = caf::exit_reason::user_shutdown;

} // namespace

// -- requests -----------------------------------------------------------------

void entity_region::deliver(entity_request x) {
  auto& all = lanes_[x.shard].entities;
  auto at = all.find(x.key);
  if (at != all.end() && at->second.is_handing) {
    if (waiting_ > setup_.options.waiting_max)
      return fail(x.who, errc::too_many_waiting,
                  "as many requests as may be are waiting; nothing was done");
    ++waiting_;
    x.deadline = present() + setup_.options.hold_max;
    at->second.waiting.push_back(std::move(x));
    return;
  }
  if (asked_.size() + delivered_.size() >= setup_.options.under_way_max)
    return fail(x.who, errc::too_many_waiting,
                "as many requests as may be are under way; nothing was done");
  if (x.who.peer) {
    auto what = read_message(system(), x.bytes);
    if (!what)
      return fail(x.who, errc::not_serializable,
                  "at the node that has the entity, "
                      + runtime::to_text(what.error()));
    x.what = std::move(*what);
  }
  if (auto to = at != all.end() ? &at->second : spawn_entity(x))
    dispatch(*to, std::move(x));
}

/// Null if it cannot be: then the request has failed.
entity_region::entity* entity_region::spawn_entity(const entity_request& x) {
  if (addresses_.size() >= setup_.options.entities_max) {
    fail(x.who, errc::too_many_waiting,
         "the node has as many entities as it may have; nothing was done");
    return nullptr;
  }
  caf::message state;
  if (auto kept = states_.find(x.shard, x.key)) {
    auto read = read_message(system(), *kept);
    if (!read) {
      fail(x.who, errc::not_serializable,
           "the state of the entity cannot be read; nothing was done");
      return nullptr;
    }
    state = std::move(*read);
  }
  entity y;
  y.id = ++totals_.spawned;
  y.who = system().spawn(
      [make = setup_.make, key = x.key, state](caf::event_based_actor* self) {
        return make(self, key, state);
      });
  monitor(y.who);
  addresses_[y.who.address()] = {x.shard, x.key};
  return &lanes_[x.shard].entities.emplace(x.key, std::move(y)).first->second;
}

void entity_region::dispatch(entity& to, entity_request x) {
  auto number = ++last_number_;
  ++to.delivered;
  to.used = present();
  // Not by CAF's timeouts: their timers stay when the answer has come.
  auto handle = request(to.who, caf::infinite, x.what);
  delivered_.emplace(
      number, delivery{std::move(x.who), x.shard, std::move(x.key), to.id,
                       to.used + setup_.options.answer_max, handle.id()});
  handle.then([](const no_content&) {},
              [=, this](caf::error& y) { on_answer(number, y); });
}

void entity_region::on_answer(std::uint64_t number, caf::error& x) {
  auto at = delivered_.find(number);
  if (at == delivered_.end())
    return; // has failed before
  auto what = std::move(at->second);
  delivered_.erase(at);
  // The shard may be another node's by now; see 1 of sharding.h.
  if (!setup_.lease->holds(present()))
    fail(what.who, errc::owner_lost,
         "the node that has the entity may have been replaced; it was done or "
         "was not");
  else if (is_content(x))
    answer(what.who, x.context());
  else if (x == caf::sec::request_receiver_down)
    fail(what.who, errc::entity_ended,
         "the entity ended without an answer; it was done or was not");
  else
    answer_error(what.who, x);
  auto& there = lanes_[what.shard];
  auto found = there.entities.find(what.key);
  if (found == there.entities.end() || found->second.id != what.entity)
    return;
  if (--found->second.delivered == 0 && there.is_stopping)
    begin_hand_over(what.shard, what.key, found->second);
}

void entity_region::fail_delivered(
    const std::function<bool(const delivery&)>& which, errc code,
    const char* text) {
  for (auto i = delivered_.begin(); i != delivered_.end();) {
    if (!which(i->second)) {
      ++i;
      continue;
    }
    auto x = std::move(i->second);
    i = delivered_.erase(i);
    multiplexed_responses_.erase(x.response);
    auto& all = lanes_[x.shard].entities;
    auto found = all.find(x.key);
    if (found != all.end() && found->second.id == x.entity)
      --found->second.delivered;
    fail(x.who, code, text);
  }
}

// -- states -------------------------------------------------------------------

/// Keeps what the entity's next life begins with; empty: nothing. Returns the
/// position of the write.
std::uint64_t entity_region::keep(std::uint32_t shard, const std::string& key,
                                  std::string state) {
  if (state.empty() && states_.find(shard, key) == nullptr)
    return keeper_.position(shard);
  auto result = keeper_.wrote(shard, states_.put(shard, key, std::move(state)));
  wake();
  return result;
}

void entity_region::save(caf::response_promise promise, const keep_state& x) {
  auto shard = keeper_.shard_of(x.key);
  auto& all = lanes_[shard].entities;
  std::string bytes;
  if (!x.state.empty()) {
    auto written = write_message(system(), x.state);
    if (!written)
      return promise.deliver(written.error());
    bytes = std::move(*written);
  }
  // Who is here has a shard that is here; see 1 of this class.
  auto now = present();
  if (!all.contains(x.key) || !setup_.lease->holds(now)
      || !keeper_.has_room(shard))
    return promise.deliver(
        make_error(errc::no_owner, "the entity is not at this node, or nothing "
                                   "can be kept at the moment"));
  auto position = keep(shard, x.key, std::move(bytes));
  if (keeper_.settled(shard) >= position)
    promise.deliver(caf::unit);
  else
    saves_[shard].push_back({position, std::move(promise)});
}

// -- ends ---------------------------------------------------------------------

void entity_region::begin_hand_over(std::uint32_t shard, const std::string& key,
                                    entity& x) {
  if (std::exchange(x.is_handing, true))
    return;
  request<high>(x.who, setup_.options.hand_over_max, hand_over{})
      .then([](const no_content&) {},
            [=, this, id = x.id](caf::error& y) {
              on_handed(shard, key, id, y);
            });
}

void entity_region::on_handed(std::uint32_t shard, const std::string& key,
                              std::uint64_t id, const caf::error& x) {
  auto& all = lanes_[shard].entities;
  auto at = all.find(key);
  if (at == all.end() || at->second.id != id)
    return;
  auto why = in_order;
  if (is_content(x)) {
    auto state = x.context();
    auto bytes = state.empty() ? caf::expected<std::string>{std::string{}}
                               : write_message(system(), state);
    if (bytes) {
      totals_.handed_over += !bytes->empty();
      keep(shard, key, std::move(*bytes));
    } else {
      ++totals_.states_lost;
    }
  } else if (x != caf::sec::unexpected_message) {
    ++totals_.states_lost;
    why = caf::exit_reason::kill;
  }
  remove(shard, key, why);
  if (lanes_[shard].is_stopping)
    note_stopped(shard);
  wake();
}

/// It has handed over, or has ended. What waited for it goes on.
void entity_region::remove(std::uint32_t shard, const std::string& key,
                           caf::exit_reason why) {
  auto node = lanes_[shard].entities.extract(key);
  end(node.mapped(), why);
  retry(shard);
}

void entity_region::end(entity& x, caf::exit_reason why) {
  demonitor(x.who);
  addresses_.erase(x.who.address());
  caf::anon_send_exit(x.who, why);
  waiting_ -= x.waiting.size();
  for (auto& y : x.waiting)
    hold(std::move(y));
}

void entity_region::on_down(const caf::actor_addr& who) {
  auto known = addresses_.find(who);
  if (known == addresses_.end())
    return;
  auto [shard, key] = known->second;
  auto id = lanes_[shard].entities.at(key).id;
  fail_delivered([=](auto& x) { return x.entity == id; }, errc::entity_ended,
                 "the entity ended without an answer; it was done or was not");
  remove(shard, key, in_order);
  if (lanes_[shard].is_stopping)
    note_stopped(shard);
  wake();
}

// -- shards -------------------------------------------------------------------

void entity_region::handle(const shard_stopping& x) {
  auto& there = lanes_[x.shard];
  there.is_stopping = true;
  there.stop_by = present() + setup_.options.stop_max;
  stop_quiet(x.shard);
  note_stopped(x.shard);
}

/// Those that have nothing to answer hand over.
void entity_region::stop_quiet(std::uint32_t shard) {
  for (auto& [key, x] : lanes_[shard].entities)
    if (x.delivered == 0)
      begin_hand_over(shard, key, x);
}

void entity_region::note_stopped(std::uint32_t shard) {
  if (!lanes_[shard].entities.empty())
    return;
  keeper_.stopped(present(), shard);
  pump();
  wake();
}

void entity_region::fail_silent(runtime::time_point now) {
  if (!delivered_.empty() && delivered_.begin()->second.deadline <= now)
    fail_delivered([=](auto& x) { return x.deadline <= now; },
                   errc::entity_silent,
                   "the entity does not answer; it was, will be or will not be "
                   "done");
}

void entity_region::look_at_stopping(runtime::time_point now) {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (!lanes_[i].is_stopping || now < lanes_[i].stop_by)
      continue;
    fail_delivered([=](auto& x) { return x.shard == i; }, errc::entity_silent,
                   "the entity moves, and does not answer before; it was, will "
                   "be or will not be done");
    stop_quiet(i);
  }
}

void entity_region::look_at_idle(runtime::time_point now) {
  auto idle = setup_.options.idle_after;
  if (idle <= runtime::duration{} || now < idle_due_)
    return;
  idle_due_ = now + idle / 4;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i)
    for (auto& [key, x] : lanes_[i].entities)
      if (x.delivered == 0 && x.used + idle <= now)
        begin_hand_over(i, key, x);
}

void entity_region::handle(const shard_deactivated& x) {
  constexpr auto text = "another node took over; it was done or was not";
  auto& there = lanes_[x.shard];
  there.is_stopping = false;
  fail_delivered([&](auto& y) { return y.shard == x.shard; }, errc::owner_lost,
                 text);
  // What waited for them may be for new ones, if the shard has come back.
  for (auto& [key, y] : std::exchange(there.entities, {}))
    end(y, in_order);
  retry(x.shard);
  for (auto& y : std::exchange(saves_[x.shard], {}))
    y.promise.deliver(make_error(errc::owner_lost, text));
}

} // namespace sluice::actors::cluster
