#pragma once

// registry: names for actors. A name belongs to one actor at a time, and goes
// when its actor ends.
//
//   registry names{sys};
//   sys.spawn([=](caf::event_based_actor* self) {
//     self->request(names.server(), 1s, register_name{"parser",
//     parser}).then(...);
//   });
//   if (auto parser = names.whereis("parser")) ...
//
// Registering is a request, since in a cluster others have to agree; looking up
// is a look into a cache, which follows the registry with a short delay.
//
// For users. Thread rule: a registry is a value that any thread may copy and
// look into. Lifetime: the server lives while there is a copy of the registry,
// or a handle of it.

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/meta/type_name.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::actors {

// -- requests to the server
// -----------------------------------------------------

/// Answered, without content, when the name is `who`'s, also if it was before.
/// Errors: errc::name_taken if it is another's, errc::bad_setting for a name
/// that is empty or over limits::name_bytes_max, or for no actor.
struct register_name {
  std::string name;
  caf::actor who;
};

/// Answered, without content, also if the name was not `who`'s.
struct unregister_name {
  std::string name;
  caf::actor who;
};

/// Answered with the actor. Errors: errc::unknown_name.
struct whereis_name {
  std::string name;
};

/// From now on `observer` gets `name_up` for each name that begins with
/// `prefix`, at once for those that are there, and `name_down`. Until it ends.
struct watch_names {
  std::string prefix;
  caf::actor observer;
};

// -- events
// ---------------------------------------------------------------------

struct name_up {
  std::string name;
  caf::actor who;
};

struct name_down {
  std::string name;
};

// -------------------------------------------------------------------------------

class registry {
public:
  /// Starts the server of a new, empty registry.
  explicit registry(caf::actor_system& system);

  const caf::actor& server() const noexcept { return server_; }

  /// The actor with that name, or none. Never waits.
  caf::actor whereis(std::string_view name) const;

  /// All names, sorted.
  std::vector<std::pair<std::string, caf::actor>> list() const;

private:
  class names;
  class keeper;

  std::shared_ptr<names> names_;
  caf::actor server_;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, register_name& x) {
  return f(caf::meta::type_name("sluice.register_name"), x.name, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unregister_name& x) {
  return f(caf::meta::type_name("sluice.unregister_name"), x.name, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, whereis_name& x) {
  return f(caf::meta::type_name("sluice.whereis_name"), x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, watch_names& x) {
  return f(caf::meta::type_name("sluice.watch_names"), x.prefix, x.observer);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_up& x) {
  return f(caf::meta::type_name("sluice.name_up"), x.name, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_down& x) {
  return f(caf::meta::type_name("sluice.name_down"), x.name);
}

} // namespace sluice::actors
