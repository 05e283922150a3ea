#include "tests/support/sim_poller.h"

#include "runtime/error.h"

#include <algorithm>
#include <string>

namespace sluice::testing {

namespace {

using runtime::interest;
using runtime::readiness;

bool any(readiness x) {
  return x.readable || x.writable || x.failed || x.hung_up;
}

readiness masked(readiness x, interest what) {
  x.readable = x.readable && wants(what, interest::read);
  x.writable = x.writable && wants(what, interest::write);
  return x;
}

int bits(readiness x) {
  return x.readable + 2 * x.writable + 4 * x.failed + 8 * x.hung_up;
}

caf::error failed(int number, int fd) {
  return runtime::make_system_error(number,
                                    "epoll_ctl(" + std::to_string(fd) + ")");
}

} // namespace

sim_poller::~sim_poller() {
  for (const auto& [fd, x] : watched_)
    host_.watch(fd, -1);
}

caf::error sim_poller::add(int fd, interest what,
                           runtime::io_handler& handler) {
  if (host_.socket_of(fd) == 0)
    return failed(EBADF, fd);
  if (!watched_.emplace(fd, watch{what, &handler}).second)
    return failed(EEXIST, fd);
  world_.note("watch", fd, static_cast<int>(what));
  host_.watch(fd, 1);
  return {};
}

caf::error sim_poller::modify(int fd, interest what,
                              runtime::io_handler& handler) {
  auto i = watched_.find(fd);
  if (i == watched_.end())
    return failed(host_.socket_of(fd) == 0 ? EBADF : ENOENT, fd);
  world_.note("modify", fd, static_cast<int>(what));
  i->second = {what, &handler};
  return {};
}

void sim_poller::remove(int fd) {
  if (watched_.erase(fd) == 0)
    return;
  world_.note("unwatch", fd);
  host_.watch(fd, -1);
}

readiness sim_poller::ready(int fd, const watch& x) const {
  auto socket = world_.find(host_.socket_of(fd));
  return masked(socket->ready(), x.what);
}

readiness sim_poller::seeming(int fd, const watch& x) {
  auto socket = world_.find(host_.socket_of(fd));
  auto result = masked(socket->ready(), x.what);
  auto rate = world_.settings().faults.spurious;
  auto extra = masked(socket->may_seem(), x.what);
  if (extra.readable && world_.kernel_random().per_mille(rate))
    result.readable = true;
  if (extra.writable && world_.kernel_random().per_mille(rate))
    result.writable = true;
  return result;
}

std::size_t sim_poller::wait(std::span<runtime::ready_event> out,
                             runtime::duration timeout) {
  deadline_.reset();
  if (timeout >= runtime::duration::zero())
    deadline_ = timeout > runtime::time_point::max() - world_.now()
                    ? runtime::time_point::max()
                    : world_.now() + timeout;
  auto woken = woken_.exchange(false);
  auto& random = world_.kernel_random();
  if (random.per_mille(world_.settings().faults.interrupted)) {
    world_.note("wait", -EINTR);
    woken_ = woken_ || woken;
    return 0;
  }
  ready_.clear();
  for (const auto& [fd, x] : watched_)
    if (auto what = seeming(fd, x); any(what)) {
      world_.note("ready", fd, bits(what));
      ready_.push_back({x.handler, what});
    }
  random.shuffle(std::span{ready_});
  auto n = std::min(out.size(), ready_.size());
  std::copy_n(ready_.begin(), n, out.begin());
  return n;
}

void sim_poller::wake() noexcept {
  woken_ = true;
}

bool sim_poller::idle() const {
  return !woken_ && std::ranges::none_of(watched_, [this](const auto& x) {
    return any(ready(x.first, x.second));
  });
}

} // namespace sluice::testing
