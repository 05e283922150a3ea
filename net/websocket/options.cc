#include "net/websocket/options.h"

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

} // namespace sluice::net::websocket
