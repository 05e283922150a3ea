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

void host::stop() {
  state_->stop();
}

} // namespace sluice::actors::channel
