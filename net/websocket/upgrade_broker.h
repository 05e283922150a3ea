#pragma once

// upgrade_broker: a connection until its WebSocket handshake is done. It reads
// the head of one request, answers it, and hands the connection over, or ends
// it.
//
// Internal to websocket::listen. Thread rule: its loop. Lifetime: until the
// answer is sent, or limits' time for a handshake has passed.

#include "net/stream_broker.h"
#include "net/websocket/events.h"
#include "net/websocket/options.h"

#include <functional>
#include <memory>
#include <string>

namespace sluice::net::websocket {

class upgrade_broker : public stream_broker {
public:
  using upgrade = std::function<stream_successor(opened)>;

  upgrade_broker(caf::actor_config& cfg, event_loop& loop, stream_setup setup,
                 std::shared_ptr<const websocket::options> settings,
                 upgrade next);
  ~upgrade_broker() override;

  const char* name() const override { return "websocket_upgrade"; }

protected:
  caf::behavior make_behavior() override;
  delivery on_accepted(accepted& what) override;
  delivery on_payload(byte_slice head) override;
  delivery on_bad_frame(bad_frame& what) override;

private:
  void refuse(const handshake_refused& why);

  std::shared_ptr<const websocket::options> settings_;
  upgrade next_;
  bool answered_ = false;
};

} // namespace sluice::net::websocket
