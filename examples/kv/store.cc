#include "examples/kv/store.h"

#include <functional>

namespace sluice::examples::kv {

namespace {

constexpr std::size_t slots_min = 16;

std::uint32_t hash_of(std::string_view key) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(key));
}

// Keeps the memory of `to` for the common case of values of similar size, but
// not a large buffer behind a small value.
void assign(std::string& to, std::string_view from) {
  constexpr std::size_t kept_bytes_max = 1024;
  if (to.capacity() > kept_bytes_max && to.capacity() / 2 > from.size())
    std::string{from}.swap(to);
  else
    to.assign(from);
}

} // namespace

store::store() {
  clear();
}

store::entry* store::find(std::string_view key, time_ms now) {
  const auto& at = index_[slot_of(key, hash_of(key))];
  if (at.position == vacant)
    return nullptr;
  auto& x = *entries_[at.position];
  if (x.deadline_ > now)
    return &x;
  ++expired_;
  erase(x);
  return nullptr;
}

store::entry& store::put(std::string_view key, std::string_view value,
                         time_ms deadline) {
  auto hash = hash_of(key);
  auto position = index_[slot_of(key, hash)].position;
  auto& x = position == vacant ? add(key, hash) : *entries_[position];
  assign(x.value, value);
  expire_at(x, deadline);
  return x;
}

void store::expire_at(entry& x, time_ms deadline) {
  if (deadline == x.deadline_)
    return;
  if (x.deadline_ == never) {
    due_.emplace(deadline, &x);
  } else {
    auto node = due_.extract({x.deadline_, &x});
    if (deadline != never) {
      node.value().first = deadline;
      due_.insert(std::move(node));
    }
  }
  x.deadline_ = deadline;
}

void store::erase(entry& x) {
  expire_at(x, never);
  vacate(slot_of(x));
  auto position = x.position_;
  if (auto& last = *entries_.back(); &last != &x) {
    index_[slot_of(last)].position = position;
    last.position_ = position;
    entries_[position].swap(entries_.back());
  }
  entries_.pop_back();
  if (index_.size() > slots_min && entries_.size() < index_.size() / 8)
    resize_index(index_.size() / 2);
}

void store::rename(entry& x, std::string_view key) {
  if (x.key_ == key)
    return;
  auto value = std::move(x.value);
  auto deadline = x.deadline_;
  erase(x);
  put(key, {}, deadline).value = std::move(value);
}

void store::clear() {
  due_.clear();
  entries_.clear();
  index_ = std::vector<slot>(slots_min, slot{0, vacant});
}

std::size_t store::expire_due(time_ms now, std::size_t budget) {
  std::size_t removed = 0;
  for (; removed < budget && next_expiry() <= now; ++removed)
    erase(*due_.begin()->second);
  expired_ += removed;
  return removed;
}

store::entry* store::pick(std::uint64_t dice, time_ms now) {
  while (!entries_.empty()) {
    auto& x = *entries_[dice % entries_.size()];
    if (x.deadline_ > now)
      return &x;
    ++expired_;
    erase(x);
  }
  return nullptr;
}

// Where `key` is, or the vacant slot where it would go.
std::size_t store::slot_of(std::string_view key, std::uint32_t hash) const {
  auto i = hash & mask();
  for (; index_[i].position != vacant; i = (i + 1) & mask())
    if (index_[i].hash == hash && entries_[index_[i].position]->key_ == key)
      break;
  return i;
}

std::size_t store::slot_of(const entry& x) const {
  auto i = x.hash_ & mask();
  while (index_[i].position != x.position_)
    i = (i + 1) & mask();
  return i;
}

store::entry& store::add(std::string_view key, std::uint32_t hash) {
  if ((entries_.size() + 1) * 4 > index_.size() * 3)
    resize_index(index_.size() * 2);
  auto& x = *entries_.emplace_back(std::make_unique<entry>(key, hash));
  x.position_ = static_cast<std::uint32_t>(entries_.size() - 1);
  index_[slot_of(key, hash)] = {hash, x.position_};
  return x;
}

// Closes the gap that a removed slot would leave in the chains across it:
// every later slot of the run that may stand in the gap moves there.
void store::vacate(std::size_t gap) {
  for (auto i = (gap + 1) & mask(); index_[i].position != vacant;
       i = (i + 1) & mask()) {
    auto home = index_[i].hash & mask();
    if (((i - home) & mask()) >= ((i - gap) & mask())) {
      index_[gap] = index_[i];
      gap = i;
    }
  }
  index_[gap].position = vacant;
}

void store::resize_index(std::size_t slots) {
  std::vector<slot> old(slots, slot{0, vacant});
  old.swap(index_);
  for (const auto& x : old) {
    if (x.position == vacant)
      continue;
    auto i = x.hash & mask();
    while (index_[i].position != vacant)
      i = (i + 1) & mask();
    index_[i] = x;
  }
}

} // namespace sluice::examples::kv
