#include "actors/remote/middleman.h"

#include "actors/rejected_message.h"
#include "actors/remote/basp_broker.h"
#include "actors/remote/signal_desk.h"
#include "runtime/backpressure.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system_config.hpp>

namespace sluice::actors::remote {

namespace {

template <class T>
void set_unless_set(caf::actor_system_config& settings, const char* name,
                    T value) {
  if (!caf::get_if<T>(&content(settings), name))
    settings.set(name, value);
}

} // namespace

middleman::middleman(caf::actor_system& system)
    : caf::io::middleman(system), backend_(&system) {
}

caf::actor_system::module* middleman::make(caf::actor_system& system,
                                           caf::detail::type_list<>) {
  return new middleman(system);
}

middleman* middleman::of(caf::actor_system& system) {
  return system.has_middleman() ? dynamic_cast<middleman*>(&system.middleman())
                                : nullptr;
}

void middleman::init(caf::actor_system_config& settings) {
  using namespace runtime;
  set_unless_set<caf::timespan>(settings, "middleman.heartbeat-interval",
                                limits::remote_heartbeat);
  set_unless_set<caf::timespan>(settings, "middleman.connection-timeout",
                                limits::remote_silence);
  set_unless_set(settings, "middleman.workers", limits::remote_workers);
  // A program that uses only CAF does not have them yet.
  settings.add_message_type<backpressure>("sluice.backpressure")
      .add_message_type<rejected_message>("sluice.rejected_message")
      .add_message_type<remote_signal>("sluice.remote_signal")
      .add_error_category(runtime::error_category, runtime::render_error);
  caf::io::middleman::init(settings);
}

void middleman::start() {
  // CAF's start finds the broker by its name, and makes none of its own.
  auto broker = named_broker<basp_broker>(caf::atom("BASP"));
  counters_ =
      static_cast<basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker))
          ->counters();
  signal_desk::open(system());
  caf::io::middleman::start();
}

void middleman::stop() {
  caf::io::middleman::stop();
  // After the proxies are gone, and with them whoever was told by them.
  signal_desk::close(system());
}

} // namespace sluice::actors::remote
