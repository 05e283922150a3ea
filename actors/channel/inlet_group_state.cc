#include "actors/channel/inlet_group_state.h"

#include "actors/channel/host_state.h"
#include "runtime/limits.h"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <utility>

namespace sluice::actors::channel {

inlet_group_state::inlet_group_state(end_setup setup, std::string name,
                                     std::string type,
                                     const inlet_options& options, factory make)
    : name_(std::move(name)),
      type_(std::move(type)),
      options_(options),
      make_(std::move(make)),
      owner_(caf::actor_cast<caf::weak_actor_ptr>(setup.owner)),
      host_(std::move(setup.host)) {
}

std::shared_ptr<inlet_port>
inlet_group_state::find_or_make(const stream_id& stream, end_id next_id) {
  std::shared_ptr<inlet_port> result;
  std::shared_ptr<inlet_port> oldest; // is told without the lock
  {
    std::lock_guard guard{mutex_};
    if (closed_)
      return nullptr;
    auto at = std::ranges::find(entries_, stream, &entry::stream);
    if (at != entries_.end())
      return at->port;
    auto owner = owner_.lock();
    if (!owner)
      return nullptr;
    result = make_({next_id, std::move(owner), host_}, name_, type_, options_);
    entries_.push_back({stream, result});
    oldest = evict();
  }
  if (oldest)
    oldest->expire();
  result->watch_owner(); // closes it at once if the owner has ended
  return result;
}

std::shared_ptr<inlet_port> inlet_group_state::evict() {
  auto resting = [](const entry& x) { return x.port->rests(); };
  auto count = std::ranges::count_if(entries_, resting);
  if (static_cast<std::size_t>(count)
      <= runtime::limits::channel_group_resting_max)
    return nullptr;
  auto at = std::ranges::find_if(entries_, resting);
  auto result = std::move(at->port);
  entries_.erase(at);
  return result;
}

void inlet_group_state::close(end_id x) {
  std::shared_ptr<inlet_port> port;
  {
    std::lock_guard guard{mutex_};
    auto at = std::ranges::find_if(
        entries_, [&](const entry& y) { return y.port->id() == x; });
    if (at == entries_.end())
      return;
    port = std::move(at->port);
    entries_.erase(at);
  }
  port->cancel();
}

void inlet_group_state::close_all() {
  std::list<entry> entries;
  {
    std::lock_guard guard{mutex_};
    closed_ = true;
    entries.swap(entries_);
  }
  if (auto host = host_.lock())
    host->remove_group(*this);
  for (auto& x : entries)
    x.port->cancel();
}

void inlet_group_state::on_host_stopped() {
  std::list<entry> entries;
  {
    std::lock_guard guard{mutex_};
    closed_ = true;
    entries.swap(entries_);
  }
  for (auto& x : entries)
    x.port->on_host_stopped();
}

void inlet_group_state::remove(const inlet_port& x) {
  std::shared_ptr<inlet_port> last; // is dropped without the lock
  std::lock_guard guard{mutex_};
  auto at = std::ranges::find_if(
      entries_, [&](const entry& y) { return y.port.get() == &x; });
  if (at == entries_.end())
    return;
  last = std::move(at->port);
  entries_.erase(at);
}

std::size_t inlet_group_state::size() const {
  std::lock_guard guard{mutex_};
  return entries_.size();
}

} // namespace sluice::actors::channel
