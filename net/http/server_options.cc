#include "net/http/server_options.h"

#include "runtime/error.h"

namespace sluice::net::http {

caf::error server_options::check() const {
  auto bad = [](const char* text) {
    return runtime::make_error(runtime::errc::bad_setting, text);
  };
  if (head.line_bytes == 0 || head.head_bytes < head.line_bytes)
    return bad("http: head_bytes is below line_bytes, or that is 0");
  if (head.head_bytes > runtime::limits::read_slab_bytes)
    return bad("http: head_bytes is over limits::read_slab_bytes");
  if (head.fields == 0)
    return bad("http: fields is 0");
  if (connections_max == 0)
    return bad("http: connections_max is 0");
  for (auto x : {head_deadline, body_silence, idle})
    if (x <= runtime::duration::zero())
      return bad("http: a deadline is not above 0");
  for (auto c : server)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return bad("http: server has a control character in it");
  if (listener.stream.framing)
    return bad("http: framing is not for users here");
  if (listener.stream.on_overflow == overflow::drop_oldest)
    return bad("http: on_overflow is drop_oldest, which would cut pieces out "
               "of answers");
  return listener.stream.check();
}

} // namespace sluice::net::http
