#include "net/websocket/options.h"

#include "runtime/error.h"

namespace sluice::net::websocket {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t message_bytes_default = 1024 * 1024;
constexpr std::chrono::milliseconds ping_interval_default = 30'000ms;
constexpr std::chrono::milliseconds ping_answer_default = 20'000ms;
constexpr std::chrono::milliseconds close_answer_default = 5'000ms;

} // namespace

options::options()
    : message_bytes_max(message_bytes_default),
      ping_interval(ping_interval_default),
      ping_answer(ping_answer_default),
      close_answer(close_answer_default) {
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
