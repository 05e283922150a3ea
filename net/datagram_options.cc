#include "net/datagram_options.h"

#include "runtime/error.h"

namespace sluice::net {

caf::error datagram_options::check() const {
  // Bounds of a queue mean the same here and there.
  stream_options same;
  same.write_marks = write_marks;
  same.write_cap_bytes = write_cap_bytes;
  same.connect_deadline = connect_deadline;
  same.close_drain = close_drain;
  same.send_buffer_bytes = send_buffer_bytes;
  same.receive_buffer_bytes = receive_buffer_bytes;
  if (auto err = same.check())
    return err;
  auto bad = [](std::string text) {
    return runtime::make_error(runtime::errc::bad_setting, std::move(text));
  };
  if (expiry < runtime::duration::zero())
    return bad("expiry is negative");
  if (receive_bytes_max == 0
      || receive_bytes_max > runtime::limits::datagram_bytes_max)
    return bad("receive_bytes_max (" + std::to_string(receive_bytes_max)
               + ") is not in 1.."
               + std::to_string(runtime::limits::datagram_bytes_max));
  return {};
}

} // namespace sluice::net
