#include "net/websocket/options.h"

#include "runtime/error.h"
#include "runtime/limits.h"

namespace sluice::net::websocket {

namespace limits = runtime::limits;

options::options()
    : message_bytes_max(limits::websocket_message_bytes_max),
      ping_interval(limits::websocket_ping_interval),
      ping_answer(limits::websocket_ping_answer),
      close_answer(limits::websocket_close_answer) {
}

caf::error options::check() const {
  auto bad = [](const char* what) {
    return runtime::make_error(runtime::errc::bad_setting,
                               std::string{"websocket options: "} + what);
  };
  auto zero = runtime::duration::zero();
  if (message_bytes_max == 0)
    return bad("message_bytes_max is 0");
  if (ping_interval < zero || ping_answer <= zero || close_answer <= zero)
    return bad("a time is negative, or ping_answer or close_answer is 0");
  for (auto& x : handshake.subprotocols)
    if (x.empty() || x.find_first_of(" ,\r\n") != std::string::npos)
      return bad("a subprotocol is empty, or has a space, comma or line end");
  return stream ? stream->check() : caf::error{};
}

} // namespace sluice::net::websocket
