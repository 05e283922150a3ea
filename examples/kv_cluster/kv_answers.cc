#include "examples/kv_cluster/kv_node.h"

#include "net/resp.h"

#include <algorithm>
#include <utility>

// What comes back: answers that wait until they are safe, those of other nodes
// and to them, and those that do not come.

namespace sluice::examples::kv_cluster {

using namespace actors::cluster;
namespace channel = actors::channel;

namespace {

constexpr std::string_view nobody_serves =
    "CLUSTERDOWN nobody serves the key at the moment; nothing was done";
constexpr std::string_view node_lost =
    "TRYAGAIN the node that has the key was lost; a write was done or was not";
constexpr std::string_view no_answer =
    "TRYAGAIN the node that has the key does not answer; a write was done or "
    "was not";
constexpr std::string_view shard_taken =
    "TRYAGAIN another node took the key over; a write was done or was not";

} // namespace

// -- answers that wait for the backup ----------------------------------------

bool kv_node::is_settled(std::uint32_t shard) const {
  return keeper_.settled(shard) >= keeper_.position(shard);
}

/// What was read may have been written just now: it is not said before it is
/// safe.
void kv_node::wait_until_settled(std::uint32_t shard, origin who,
                                 std::string_view reply) {
  unsettled_[shard].push_back(
      {keeper_.position(shard), std::move(who), std::string{reply}});
}

void kv_node::on_settled(std::uint32_t shard, std::uint64_t position) {
  auto& waiting = unsettled_[shard];
  while (!waiting.empty() && waiting.front().position <= position) {
    auto x = std::move(waiting.front());
    waiting.pop_front();
    answer(x.who, x.reply);
  }
}

/// What was settled has been answered, since the events come in order. What the
/// keeper says now is of the time after.
void kv_node::on_deactivated(const shard_deactivated& x) {
  for (auto& y : std::exchange(unsettled_[x.shard], {})) {
    fail(y.who, shard_taken);
  }
}

// -- for other nodes ----------------------------------------------------------

/// Its answers could not be sent, or nobody would take them.
bool kv_node::must_wait(const request_bundle& x) {
  if (held_bytes_ > 2 * commands_waiting_max)
    return true;
  auto way = find_peer(x.from.name);
  // This node may not have heard yet that the other one has joined.
  if (way == nullptr || way->who().incarnation < x.from.incarnation)
    return true;
  return way->answers_waiting() > answers_waiting_max;
}

/// Requests that wait count against the window of their channel. The node that
/// sent them has given them up after some time, and may be gone.
void kv_node::take_late_requests() {
  for (auto count = late_requests_.size(); count > 0; --count) {
    auto x = std::move(late_requests_.front());
    late_requests_.pop_front();
    if (!must_wait(*x.requests.begin()))
      on_requests(x.requests);
    else if (loop().now() < x.deadline)
      late_requests_.push_back(std::move(x));
  }
}

void kv_node::on_requests(const channel::batch<request_bundle>& batch) {
  for (auto& x : batch) {
    // It was in another life when it asked, and has to ask again.
    auto stale = find_peer(x.from) == nullptr;
    std::string_view rest = x.entries;
    for (request_entry entry; take(rest, entry);) {
      if (stale) {
        if (auto way = find_peer(x.from.name))
          way->answer({entry.number, answer_kind::moved, {}});
        continue;
      }
      ++figures_.served;
      if (entry.shard >= keeper_.settings().shards)
        continue;
      run({{nullptr, {}, x.from, entry.number},
           0,
           entry.shard,
           entry.writes != 0,
           {},
           x.at,
           std::string{entry.command}});
    }
  }
}

void kv_node::on_answers(const answer_bundle& x) {
  std::string_view rest = x.entries;
  for (answer_entry entry; take(rest, entry);) {
    if (!asked_.contains(entry.number))
      continue; // too late
    auto what = take_asked(entry.number);
    auto shard = what.shard;
    if (entry.what == answer_kind::done)
      answer(what.who, entry.reply);
    else // there is a newer table, and it is on its way
      hold(std::move(what));
    if (lanes_[shard].asked == 0)
      retry(shard);
  }
}

// -- answers ------------------------------------------------------------------

void kv_node::answer(const origin& who, std::string_view reply) {
  if (who.from) {
    if (who.from->fill(who.where, reply))
      flush_later(who.from);
    return;
  }
  if (auto way = find_peer(who.peer))
    way->answer({who.number, answer_kind::done, reply});
  loop().flush_later(*this);
}

void kv_node::answer_error(const origin& who, std::string_view text) {
  std::string reply;
  net::append_error(reply, text);
  answer(who, reply);
}

void kv_node::answer_moved(const origin& who) {
  if (auto way = find_peer(who.peer))
    way->answer({who.number, answer_kind::moved, {}});
  loop().flush_later(*this);
}

void kv_node::flush_later(const std::shared_ptr<client>& x) {
  if (!std::exchange(x->is_dirty, true))
    dirty_.push_back(x);
  loop().flush_later(*this);
}

void kv_node::fail(const origin& who, std::string_view error) {
  ++figures_.failed;
  answer_error(who, error);
}

void kv_node::fail_overdue(runtime::time_point at) {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i)
    while (!lanes_[i].held.empty() && lanes_[i].held.front().deadline <= at)
      fail(take_held(i).who, nobody_serves);
  std::vector<std::uint64_t> overdue;
  for (auto& [number, x] : asked_)
    if (x.what.deadline <= at)
      overdue.push_back(number);
  for (auto x : overdue)
    fail(take_asked(x).who, no_answer);
  // Routes may have changed without a word, when the lease came back.
  retry_all();
}

/// A node has gone with what it was asked.
void kv_node::fail_asked(const holder& of) {
  std::vector<std::uint64_t> gone;
  for (auto& [number, x] : asked_)
    if (x.at == of)
      gone.push_back(number);
  end_asked(gone);
}

/// In a new life: the others have forgotten whom they owe an answer.
void kv_node::fail_all_asked() {
  std::vector<std::uint64_t> all;
  for (auto& [number, x] : asked_)
    all.push_back(number);
  end_asked(all);
}

/// There will be no answer. Reads are asked again.
void kv_node::end_asked(const std::vector<std::uint64_t>& numbers) {
  for (auto number : numbers) {
    auto what = take_asked(number);
    if (what.writes)
      fail(what.who, node_lost);
    else
      hold(std::move(what));
  }
  retry_all();
}

} // namespace sluice::examples::kv_cluster
