#include "tests/support/socket_text.h"

#include <cstring>

namespace sluice::testing {

std::string result_text(ssize_t result) {
  if (result >= 0)
    return std::to_string(result);
  return std::string{"("} + ::strerrorname_np(static_cast<int>(-result)) + ")";
}

std::string flags_text(runtime::readiness x) {
  std::string result;
  auto add = [&](bool on, const char* name) {
    if (on)
      result += result.empty() ? name : std::string{" "} + name;
  };
  add(x.readable, "in");
  add(x.writable, "out");
  add(x.failed, "err");
  add(x.hung_up, "hup");
  return result;
}

std::string send_text(runtime::socket_api& api, int fd,
                      std::string_view bytes) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return result_text(api.send(fd, {&part, 1}));
}

std::string send_text(runtime::socket_api& api, int fd, std::string_view bytes,
                      const runtime::socket_address* to) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return result_text(api.send_to(fd, {&part, 1}, to));
}

std::string recv_text(runtime::socket_api& api, int fd, std::size_t size) {
  std::string room(size, '\0');
  auto n = api.recv(fd, room);
  if (n == 0)
    return "(end)";
  return n < 0 ? result_text(n) : room.substr(0, static_cast<std::size_t>(n));
}

std::string error_text(runtime::socket_api& api, int fd) {
  return result_text(-api.take_error(fd));
}

} // namespace sluice::testing
