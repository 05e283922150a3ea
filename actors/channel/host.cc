#include "actors/channel/host.h"

#include "runtime/error.h"
#include "runtime/panic.h"

namespace sluice::actors::channel {

host::host(net::loop_choice loops, host_options options)
    : state_(std::make_shared<host_state>(std::move(loops), options)) {
}

host::~host() {
  stop();
}

caf::expected<net::endpoint> host::listen(std::string_view where) {
  return state_->listen(where);
}

caf::error host::cut(std::string_view endpoint) {
  return state_->set_cut(endpoint, true);
}

caf::error host::heal(std::string_view endpoint) {
  return state_->set_cut(endpoint, false);
}

void host::heal_all() {
  state_->heal_all();
}

void host::slow(std::size_t bytes_per_second) {
  state_->slow(bytes_per_second);
}

host_report host::report() const {
  return state_->report();
}

std::function<host_report()> host::reporter() const {
  return [state = std::weak_ptr<const host_state>{state_}] {
    auto there = state.lock();
    return there ? there->report() : host_report{};
  };
}

void host::stop() {
  state_->stop();
}

} // namespace sluice::actors::channel
