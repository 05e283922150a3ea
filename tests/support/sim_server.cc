#include "tests/support/sim_server.h"

#include "runtime/panic.h"
#include "tests/support/tcp_socket.h"
#include "tests/support/unix_stream_socket.h"

namespace sluice::testing {

sim_server::sim_server(sim_host& host, const runtime::socket_address& where,
                       int backlog)
    : world_(host.world()), host_(host) {
  stream_socket* socket = nullptr;
  if (where.family() == AF_UNIX)
    socket = &world_.adopt(std::make_unique<unix_stream_socket>(host_));
  else
    socket = &world_.adopt(std::make_unique<tcp_socket>(host_, where.family()));
  id_ = socket->id();
  runtime::check(socket->bind(sim_address::from(where)) == 0
                     && socket->listen(backlog) == 0,
                 "sim_server cannot listen there");
  socket->observe(this);
}

sim_server::~sim_server() {
  on_accept = nullptr;
  if (auto socket = world_.find<stream_socket>(id_))
    socket->close(false);
}

runtime::socket_address sim_server::address() const {
  return world_.find(id_)->local().to_kernel();
}

void sim_server::resume() {
  paused_ = false;
  on_change();
}

void sim_server::on_change() {
  auto listener = world_.find<stream_socket>(id_);
  socket_id id = 0;
  while (!paused_ && listener->accept(id) == 0) {
    peers_.push_back(std::make_unique<sim_peer>(host_));
    auto& peer = *peers_.back();
    // Told what to do first: reading starts with the adoption.
    if (on_accept)
      on_accept(peer);
    peer.adopt(*world_.find<stream_socket>(id));
  }
}

} // namespace sluice::testing
