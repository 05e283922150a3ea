#include "actors/registry.h"

#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/event_based_actor.hpp>
#include <caf/result.hpp>
#include <caf/unit.hpp>

#include <map>
#include <shared_mutex>

namespace sluice::actors {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;

/// The names, for everybody to read and for the server to write. It does not
/// keep the actors alive: who holds only a name holds nothing.
class registry::names {
public:
  caf::actor find(std::string_view name) const {
    std::shared_lock guard{mutex_};
    auto found = all_.find(name);
    return found != all_.end() ? caf::actor_cast<caf::actor>(found->second)
                               : caf::actor{};
  }

  std::vector<std::pair<std::string, caf::actor>> list() const {
    std::vector<std::pair<std::string, caf::actor>> result;
    std::shared_lock guard{mutex_};
    for (auto& [name, who] : all_)
      if (auto living = caf::actor_cast<caf::actor>(who))
        result.emplace_back(name, std::move(living));
    return result;
  }

  void put(const std::string& name, const caf::actor_addr& who) {
    std::unique_lock guard{mutex_};
    all_[name] = who;
  }

  void erase(const std::string& name) {
    std::unique_lock guard{mutex_};
    all_.erase(name);
  }

private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, caf::actor_addr, std::less<>> all_;
};

class registry::keeper : public caf::event_based_actor {
public:
  keeper(caf::actor_config& cfg, std::shared_ptr<names> shared)
      : caf::event_based_actor(cfg), shared_(std::move(shared)) {
    set_down_handler([this](caf::down_msg& x) { on_down(x.source); });
  }

  const char* name() const override { return "registry"; }

protected:
  caf::behavior make_behavior() override {
    return {
        [this](const register_name& x) { return put(x); },
        [this](const unregister_name& x) -> caf::result<void> {
          if (owner(x.name) == x.who.address())
            erase(x.name);
          return caf::unit;
        },
        [this](const whereis_name& x) -> caf::result<caf::actor> {
          if (auto found = caf::actor_cast<caf::actor>(owner(x.name)))
            return found;
          return make_error(errc::unknown_name,
                            "nobody is registered as " + quoted(x.name));
        },
        [this](const watch_names& x) { watch(x); },
    };
  }

private:
  static std::string quoted(const std::string& name) {
    return "\"" + name.substr(0, limits::name_bytes_max) + "\"";
  }

  caf::actor_addr owner(const std::string& name) const {
    auto found = owners_.find(name);
    return found != owners_.end() ? found->second : caf::actor_addr{};
  }

  caf::result<void> put(const register_name& x) {
    if (x.name.empty() || x.name.size() > limits::name_bytes_max)
      return make_error(
          errc::bad_setting,
          "a name has from 1 to " + std::to_string(limits::name_bytes_max)
              + " bytes; this one has " + std::to_string(x.name.size()));
    if (!x.who)
      return make_error(errc::bad_setting,
                        "no actor to register as " + quoted(x.name));
    auto has = owner(x.name);
    if (has == x.who.address())
      return caf::unit;
    if (has)
      return make_error(errc::name_taken,
                        quoted(x.name) + " is the name of another actor");
    monitor_once(x.who.address());
    owners_[x.name] = x.who.address();
    shared_->put(x.name, x.who.address());
    for (auto& [prefix, observer] : observers_)
      if (x.name.starts_with(prefix))
        send(caf::actor_cast<caf::actor>(observer), name_up{x.name, x.who});
    return caf::unit;
  }

  void erase(const std::string& name) {
    owners_.erase(name);
    shared_->erase(name);
    for (auto& [prefix, observer] : observers_)
      if (name.starts_with(prefix))
        send(caf::actor_cast<caf::actor>(observer), name_down{name});
  }

  void watch(const watch_names& x) {
    if (!x.observer)
      return;
    monitor_once(x.observer.address());
    observers_.emplace_back(x.prefix, x.observer.address());
    for (auto& [name, who] : owners_)
      if (name.starts_with(x.prefix))
        send(x.observer, name_up{name, caf::actor_cast<caf::actor>(who)});
  }

  /// An actor that ended before is reported as down at once.
  void monitor_once(const caf::actor_addr& who) {
    for (auto& [name, owner] : owners_)
      if (owner == who)
        return;
    for (auto& [prefix, observer] : observers_)
      if (observer == who)
        return;
    monitor(who);
  }

  void on_down(const caf::actor_addr& who) {
    std::erase_if(observers_, [&](auto& x) { return x.second == who; });
    std::vector<std::string> gone;
    for (auto& [name, owner] : owners_)
      if (owner == who)
        gone.push_back(name);
    for (auto& name : gone)
      erase(name);
  }

  std::shared_ptr<names> shared_;
  std::map<std::string, caf::actor_addr> owners_;
  std::vector<std::pair<std::string, caf::actor_addr>> observers_;
};

registry::registry(caf::actor_system& system)
    : names_(std::make_shared<names>()),
      server_(system.spawn<registry::keeper>(names_)) {
}

caf::actor registry::whereis(std::string_view name) const {
  return names_->find(name);
}

std::vector<std::pair<std::string, caf::actor>> registry::list() const {
  return names_->list();
}

} // namespace sluice::actors
