#include "net/events.h"

namespace sluice::net {

std::string to_string(timeout x) {
  switch (x) {
  case timeout::connect:
    return "connect";
  case timeout::handshake:
    return "handshake";
  case timeout::idle:
    return "idle";
  case timeout::read:
    return "read";
  case timeout::write_stall:
    return "write_stall";
  case timeout::drain:
    return "drain";
  case timeout::user:
    return "user";
  }
  return "invalid";
}

std::string to_string(close_reason x) {
  switch (x) {
  case close_reason::finished:
    return "finished";
  case close_reason::peer_closed:
    return "peer_closed";
  case close_reason::closed:
    return "closed";
  case close_reason::handed_over:
    return "handed_over";
  case close_reason::aborted:
    return "aborted";
  case close_reason::quit:
    return "quit";
  case close_reason::handler_failed:
    return "handler_failed";
  case close_reason::shut_down:
    return "shut_down";
  case close_reason::peer_reset:
    return "peer_reset";
  case close_reason::connect_failed:
    return "connect_failed";
  case close_reason::lookup_failed:
    return "lookup_failed";
  case close_reason::connect_timeout:
    return "connect_timeout";
  case close_reason::handshake_timeout:
    return "handshake_timeout";
  case close_reason::drain_timeout:
    return "drain_timeout";
  case close_reason::write_stall:
    return "write_stall";
  case close_reason::slow_consumer:
    return "slow_consumer";
  case close_reason::frame_too_long:
    return "frame_too_long";
  case close_reason::malformed_frame:
    return "malformed_frame";
  case close_reason::truncated_frame:
    return "truncated_frame";
  case close_reason::system_error:
    return "system_error";
  }
  return "invalid";
}

std::string to_string(reject_reason x) {
  switch (x) {
  case reject_reason::overflow:
    return "overflow";
  case reject_reason::too_large:
    return "too_large";
  case reject_reason::dropped_oldest:
    return "dropped_oldest";
  case reject_reason::dropped_newest:
    return "dropped_newest";
  case reject_reason::closed:
    return "closed";
  case reject_reason::shut_down:
    return "shut_down";
  case reject_reason::bad_frame:
    return "bad_frame";
  case reject_reason::bad_endpoint:
    return "bad_endpoint";
  case reject_reason::unreachable:
    return "unreachable";
  case reject_reason::expired:
    return "expired";
  }
  return "invalid";
}

} // namespace sluice::net
