#include "actors/channel/end_reason.h"

namespace sluice::actors::channel {

namespace {

const char* name_of(end_reason x) noexcept {
  switch (x) {
  case end_reason::finished:
    return "finished";
  case end_reason::dropped:
    return "dropped";
  case end_reason::cancelled:
    return "cancelled";
  case end_reason::owner_ended:
    return "owner_ended";
  case end_reason::unknown_name:
    return "unknown_name";
  case end_reason::type_mismatch:
    return "type_mismatch";
  case end_reason::name_in_use:
    return "name_in_use";
  case end_reason::position_lost:
    return "position_lost";
  case end_reason::too_many_channels:
    return "too_many_channels";
  case end_reason::open_timeout:
    return "open_timeout";
  case end_reason::malformed_message:
    return "malformed_message";
  case end_reason::mailbox_full:
    return "mailbox_full";
  case end_reason::protocol_error:
    return "protocol_error";
  case end_reason::link_lost:
    return "link_lost";
  case end_reason::peer_silent:
    return "peer_silent";
  case end_reason::version_mismatch:
    return "version_mismatch";
  case end_reason::not_a_host:
    return "not_a_host";
  case end_reason::connect_failed:
    return "connect_failed";
  case end_reason::host_stopped:
    return "host_stopped";
  case end_reason::nobody_listens:
    return "nobody_listens";
  }
  return nullptr;
}

} // namespace

std::string to_string(end_reason x) {
  auto name = name_of(x);
  return name != nullptr ? name
                         : "reason " + std::to_string(static_cast<int>(x));
}

bool is_known(std::uint16_t code) noexcept {
  return name_of(static_cast<end_reason>(code)) != nullptr;
}

} // namespace sluice::actors::channel
