#include "actors/channel/options.h"

#include "runtime/error.h"

namespace sluice::actors::channel {

namespace {

caf::error bad(const char* text) {
  return runtime::make_error(runtime::errc::bad_setting, text);
}

} // namespace

caf::error outlet_options::check() const {
  if (pending_marks.low >= pending_marks.high)
    return bad("outlet_options: pending_marks.low is not below high");
  if (pending_marks.high > pending_cap_bytes)
    return bad("outlet_options: pending_marks.high is over pending_cap_bytes");
  return {};
}

caf::error inlet_options::check() const {
  constexpr auto most = std::size_t{1} << 40; // far from where sums overflow
  if (window_messages == 0 || window_messages > most)
    return bad("inlet_options: window_messages is not in 1..2^40");
  if (window_bytes == 0 || window_bytes > most)
    return bad("inlet_options: window_bytes is not in 1..2^40");
  return {};
}

caf::error host_options::check() const {
  using runtime::duration;
  if (ping_interval <= duration::zero())
    return bad("host_options: ping_interval is not above 0");
  if (silence_max < duration::zero())
    return bad("host_options: silence_max is negative");
  if (handshake <= duration::zero())
    return bad("host_options: handshake is not above 0");
  if (connect_deadline <= duration::zero())
    return bad("host_options: connect_deadline is not above 0");
  if (silence_max > duration::zero() && ping_interval >= silence_max)
    return bad("host_options: ping_interval is not below silence_max");
  if (link_queue_bytes == 0)
    return bad("host_options: link_queue_bytes is 0");
  if (send_buffer_bytes < 0)
    return bad("host_options: send_buffer_bytes is negative");
  if (receive_buffer_bytes < 0)
    return bad("host_options: receive_buffer_bytes is negative");
  return {};
}

} // namespace sluice::actors::channel
