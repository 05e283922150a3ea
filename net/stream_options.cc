#include "net/stream_options.h"

#include "runtime/error.h"

namespace sluice::net {

caf::error stream_options::check() const {
  using runtime::errc;
  using runtime::make_error;
  using std::to_string;
  auto bad = [](std::string text) {
    return make_error(errc::bad_setting, std::move(text));
  };
  if (write_marks.low >= write_marks.high)
    return bad("write_marks: low (" + to_string(write_marks.low)
               + " bytes) is not below high (" + to_string(write_marks.high)
               + " bytes)");
  if (write_cap_bytes < write_marks.high)
    return bad("write_cap_bytes (" + to_string(write_cap_bytes)
               + ") is below write_marks.high (" + to_string(write_marks.high)
               + "): senders would be refused before they are told");
  if (write_cap_entries == 0)
    return bad("write_cap_entries is 0: nothing could be written");
  if (write_stall < runtime::duration::zero())
    return bad("write_stall is negative");
  if (connect_deadline <= runtime::duration::zero())
    return bad("connect_deadline is not positive");
  if (close_drain < runtime::duration::zero())
    return bad("close_drain is negative");
  if (send_buffer_bytes < 0 || receive_buffer_bytes < 0)
    return bad("a socket buffer size is negative");
  return {};
}

} // namespace sluice::net
