#include "actors/cluster/etcd/member_list.h"

#include "actors/cluster/etcd/member_record.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::actors::cluster::etcd {

std::optional<std::string> member_list::name_of(std::string_view key) const {
  if (!key.starts_with(prefix_))
    return std::nullopt;
  key.remove_prefix(prefix_.size());
  if (check_name(key, "the name"))
    return std::nullopt;
  return std::string{key};
}

view member_list::to_view(const key_list& x) const {
  view result;
  result.at = {x.head.cluster, x.head.revision};
  for (auto& key : x.keys) {
    auto name = name_of(key.key);
    auto record = read_record(key.value);
    if (name && record)
      result.members.push_back(
          {to_member(std::move(*name), key.created, std::move(*record)),
           false});
  }
  return result;
}

bool member_list::agrees(const key_list& x) const {
  auto other = to_view(x);
  return other.members.size() == list_.members.size()
         && std::ranges::all_of(other.members,
                                [&](auto& y) { return list_.has(y.who); });
}

std::vector<change> member_list::reset(const key_list& x) {
  auto after = to_view(x);
  auto result = difference(list_, after);
  for (auto& y : result) {
    if (list_.at == version{}) {
      y.at.seq = y.who.incarnation;
    } else if (y.what == change_kind::down) {
      auto found = leaving_.find(y.who.name);
      if (found != leaving_.end() && found->second == y.who.incarnation)
        y.what = change_kind::left;
    }
  }
  list_ = std::move(after);
  leaving_.clear();
  for (auto& key : x.keys) {
    auto name = name_of(key.key);
    auto record = read_record(key.value);
    if (name && record && record->leaving)
      leaving_[*name] = key.created;
  }
  return result;
}

std::vector<change> member_list::apply(const watch_answer& x) {
  std::vector<change> result;
  // One revision may have several events, but all of them in one answer.
  auto known = revision();
  for (auto& event : x.events)
    if (event.what.modified > known)
      apply(x.head.cluster, event, result);
  return result;
}

void member_list::apply(std::uint64_t cluster, const key_event& x,
                        std::vector<change>& result) {
  version at{cluster, std::max(revision(), x.what.modified)};
  list_.at = at;
  auto name = name_of(x.what.key);
  if (!name)
    return;
  auto old = list_.find(*name);
  auto gone = x.deleted || (old && old->who.incarnation != x.what.created);
  if (old && gone) {
    auto found = leaving_.find(*name);
    auto left = found != leaving_.end();
    if (left)
      leaving_.erase(found);
    publish(at, left ? change_kind::left : change_kind::down, old->who, result);
    old = nullptr;
  }
  if (x.deleted)
    return;
  auto record = read_record(x.what.value);
  if (!record)
    return;
  auto leaving = record->leaving;
  if (!old && x.what.created == x.what.modified)
    publish(at, change_kind::joined,
            to_member(*name, x.what.created, std::move(*record)), result);
  if (leaving)
    leaving_[*name] = x.what.created;
}

void member_list::publish(version at, change_kind what, member who,
                          std::vector<change>& result) {
  change next{at, what, std::move(who)};
  list_.apply(next);
  result.push_back(std::move(next));
}

} // namespace sluice::actors::cluster::etcd
