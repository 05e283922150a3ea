#pragma once

// page_connection: one browser that has the page open: takes what the observer
// tells, and passes on what the browser asks for. A browser that is slow costs
// one frame that is under way and the newest one: those in between are dropped.
// Of the rest it may keep the connection's cap waiting; over it, it is closed,
// and comes back to a new hello.
//
// Internal; for page_server. Thread rule: a behavior.

#include "net/websocket/connection.h"
#include "net/websocket/options.h"

#include <caf/actor.hpp>

#include <string>
#include <vector>

namespace sluice::actors::observe {

/// The behavior of a page's WebSocket.
caf::behavior serve_page_connection(net::websocket::connection* self,
                                    const caf::actor& observer);

/// Its settings: who may connect, how much it may send, and keep waiting.
net::websocket::options page_connection_options(std::vector<std::string> hosts);

} // namespace sluice::actors::observe
