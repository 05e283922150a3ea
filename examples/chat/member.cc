#include "examples/chat/member.h"

#include "examples/chat/limits.h"
#include "examples/chat/line.h"
#include "net/line_codec.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace sluice::examples::chat {

net::stream_options member_options(slow_members policy) {
  net::stream_options result;
  result.framing = [] {
    return std::make_unique<net::line_codec>(line_bytes_max);
  };
  result.write_cap_bytes = unread_bytes_max;
  if (policy == slow_members::leave) {
    result.on_overflow = net::overflow::disconnect;
  } else {
    result.on_overflow = net::overflow::drop_oldest;
    result.write_stall = absence_max;
  }
  return result;
}

namespace {

/// Several short lines may come back in one piece. A notice that comes back
/// stands for the lines that it tells of: their number is its token.
std::uint64_t lines_in(const net::rejected& back) {
  auto count = static_cast<std::uint64_t>(
      std::count(back.bytes.begin(), back.bytes.end(), '\n'));
  return back.token == 0 ? count : count - 1 + back.token;
}

} // namespace

// [member]
caf::behavior member(net::stream_broker* self, const caf::actor& hall) {
  auto lost = std::make_shared<std::uint64_t>(0);
  self->read_credit(lines_ahead_max);
  self->send(hall, arrived{});
  return {
      [=](const net::received& in) {
        auto x = std::make_shared<const line>(in.bytes, caf::actor{self});
        self->send(hall, said{std::move(x)});
      },
      [=](net::half_closed) { self->send(hall, fell_silent{}); },
      [=](const heard& x) { self->write(x.text); },
      [=](const net::rejected& back) { *lost += lines_in(back); },
      [=](const net::backpressure& signal) {
        if (signal.state == net::pressure::released && *lost > 0) {
          auto count = std::exchange(*lost, 0);
          self->write("! you did not read: " + std::to_string(count)
                          + " lines were dropped\n",
                      count);
        }
      },
      [=](const net::bad_frame& in) {
        if (in.reason == net::close_reason::frame_too_long)
          self->write("! a line has at most " + std::to_string(line_bytes_max)
                      + " bytes; goodbye\n");
        self->send(hall, fell_silent{});
      },
  };
}
// [/member]

} // namespace sluice::examples::chat
