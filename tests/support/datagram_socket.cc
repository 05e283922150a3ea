#include "tests/support/datagram_socket.h"

#include "runtime/limits.h"
#include "tests/support/sim_host.h"
#include "tests/support/sim_world.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

// net.unix.max_dgram_qlen
constexpr std::size_t unix_queue_datagrams = 10;

constexpr auto lateness_max = 50ms;

// An empty datagram takes room too.
std::size_t charge(std::size_t bytes) {
  return bytes + 1;
}

std::string gather(std::span<const iovec> parts) {
  std::string result;
  for (const auto& part : parts)
    result.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return result;
}

} // namespace

datagram_socket::datagram_socket(sim_host& host, int family)
    : sim_socket(host, family, SOCK_DGRAM) {
  auto range = world().settings().datagram_buffer_bytes;
  capacity_ = world().kernel_random().size_between(range.min, range.max);
}

int datagram_socket::connect(const sim_address& address) {
  if (address.family != family() || (is_unix() && address.host.empty()))
    return is_unix() ? -EINVAL : -EAFNOSUPPORT;
  if (is_unix()) {
    auto ids = host().addresses(address, type()).bound_to(address);
    if (ids.empty())
      return address.is_file() ? -ENOENT : -ECONNREFUSED;
    auto found = world().find(ids.front());
    if (found == nullptr)
      return -ECONNREFUSED;
    if (found->type() != type())
      return -EPROTOTYPE;
  }
  const auto& network = world().network();
  remote_ = address;
  if (is_unix())
    return 0;
  if (address.is_any())
    remote_.host = host().source_for(address).host;
  if (!bind_for(remote_)
      || (network.host_of(host(), remote_) == nullptr
          && network.absence_of(remote_) == absence::no_route)) {
    remote_ = {};
    return -ENETUNREACH;
  }
  return 0;
}

// -- sending ------------------------------------------------------------------

ssize_t datagram_socket::send(std::span<const iovec> parts) {
  return send_to(parts, nullptr);
}

ssize_t datagram_socket::send_to(std::span<const iovec> parts,
                                 const sim_address* to) {
  if (to == nullptr && remote_.family == AF_UNSPEC)
    return is_unix() ? -ENOTCONN : -EDESTADDRREQ;
  if (to != nullptr && to->family != family())
    return is_unix() ? -EINVAL : -EAFNOSUPPORT;
  auto target = to != nullptr ? *to : remote_;
  if (total_size(parts) > runtime::limits::datagram_bytes_max)
    return -EMSGSIZE;
  return is_unix() ? send_unix(gather(parts), target)
                   : send_ip(gather(parts), target);
}

ssize_t datagram_socket::send_ip(std::string bytes, const sim_address& to) {
  auto& w = world();
  const auto& faults = w.settings().faults;
  if (to.port == 0)
    return -EINVAL;
  auto there = w.network().host_of(host(), to);
  auto source = host().source_for(to);
  if (source.family == AF_UNSPEC
      || (there == nullptr && w.network().absence_of(to) == absence::no_route))
    return -ENETUNREACH;
  if (error_ != 0)
    return -take_error();
  if (send_shut_)
    return -EPIPE;
  if (w.kernel_random().per_mille(faults.no_buffers))
    return -ENOBUFS;
  if (under_way_ >= capacity_)
    return -EAGAIN;
  if (local_.port == 0)
    bind(sim_address::any(family()));
  source.port = local_.port;
  if (!local_.is_any())
    source.host = local_.host;
  datagram what{source, std::move(bytes)};
  auto size = static_cast<ssize_t>(what.bytes.size());
  if (there == nullptr || w.kernel_random().per_mille(faults.lost_datagram)) {
    w.note("lost datagram", static_cast<std::int64_t>(id()), size);
    return size;
  }
  launch(what, to);
  if (w.kernel_random().per_mille(faults.doubled_datagram))
    launch(what, to);
  return size;
}

void datagram_socket::launch(const datagram& what, const sim_address& to) {
  auto& w = world();
  auto latency = w.network().latency();
  if (w.kernel_random().per_mille(w.settings().faults.late_datagram))
    latency += w.kernel_random().between(runtime::duration{0}, lateness_max);
  under_way_ += charge(what.bytes.size());
  w.after(latency, [&w, self = id(), what, to] {
    if (auto x = w.find<datagram_socket>(self))
      x->arrive(what, to);
  });
}

void datagram_socket::arrive(datagram what, const sim_address& to) {
  auto& w = world();
  under_way_ -= charge(what.bytes.size());
  auto there = w.network().host_of(host(), to);
  if (there != nullptr && !w.network().is_cut(host(), *there)) {
    auto target = receiver(what.from, to, *there);
    w.note("datagram", static_cast<std::int64_t>(target ? target->id() : 0),
           static_cast<std::int64_t>(what.bytes.size()));
    if (target != nullptr && !target->is_full_for(what))
      target->take_in(std::move(what));
    else if (target == nullptr && !w.network().is_cut(*there, host()))
      // ICMP port unreachable; only a connected socket hears of it (udp(7)).
      w.after(w.network().latency(), [&w, self = id(), to] {
        auto x = w.find<datagram_socket>(self);
        if (x && x->remote_ == to) {
          x->error_ = ECONNREFUSED;
          x->changed();
        }
      });
  }
  if (closed_ && under_way_ == 0)
    w.bury(id());
  changed();
}

ssize_t datagram_socket::send_unix(std::string bytes, const sim_address& to) {
  if (send_shut_)
    return -EPIPE;
  auto known = !host().addresses(to, type()).bound_to(to).empty();
  auto target = unix_receiver(to);
  if (target == nullptr)
    return to.is_file() && !known ? -ENOENT : -ECONNREFUSED;
  if (target->received_.size() > unix_queue_datagrams)
    return -EAGAIN;
  auto size = static_cast<ssize_t>(bytes.size());
  target->take_in({local_, std::move(bytes)});
  return size;
}

// -- receiving ----------------------------------------------------------------

datagram_socket* datagram_socket::receiver(const sim_address& from,
                                           const sim_address& to,
                                           sim_host& there) const {
  datagram_socket* result = nullptr;
  for (auto id : there.addresses(to, type()).bound_to(to)) {
    auto x = world().find<datagram_socket>(id);
    if (x->remote_ == from)
      return x;
    if (result == nullptr && x->remote_.family == AF_UNSPEC)
      result = x;
  }
  return result;
}

datagram_socket* datagram_socket::unix_receiver(const sim_address& to) const {
  auto ids = host().addresses(to, type()).bound_to(to);
  return ids.empty() ? nullptr : world().find<datagram_socket>(ids.front());
}

bool datagram_socket::is_full_for(const datagram& what) const {
  return received_size_ != 0
         && received_size_ + charge(what.bytes.size()) > capacity_;
}

void datagram_socket::take_in(datagram what) {
  received_size_ += charge(what.bytes.size());
  received_.push_back(std::move(what));
  changed();
}

ssize_t datagram_socket::recv(std::span<char> room) {
  sim_address ignored;
  auto result = recv_from(room, ignored);
  return std::min(result, static_cast<ssize_t>(room.size()));
}

ssize_t datagram_socket::recv_from(std::span<char> room, sim_address& from) {
  if (error_ != 0)
    return -take_error();
  if (received_.empty())
    return -EAGAIN;
  auto what = std::move(received_.front());
  received_.pop_front();
  received_size_ -= charge(what.bytes.size());
  from = what.from;
  auto n = std::min(room.size(), what.bytes.size());
  if (n != 0)
    std::memcpy(room.data(), what.bytes.data(), n);
  return static_cast<ssize_t>(what.bytes.size());
}

// -- state --------------------------------------------------------------------

int datagram_socket::shutdown_write() {
  if (remote_.family == AF_UNSPEC)
    return -ENOTCONN;
  send_shut_ = true;
  return 0;
}

void datagram_socket::close(bool) {
  observe(nullptr);
  unbind();
  closed_ = true;
  remote_ = {};
  // What is under way still arrives, and its events look for this socket.
  if (under_way_ == 0)
    world().bury(id());
}

runtime::readiness datagram_socket::ready() const {
  runtime::readiness result;
  result.failed = error_ != 0;
  result.readable = !received_.empty();
  result.writable = under_way_ * 2 < capacity_;
  if (is_unix() && remote_.family == AF_UNIX) {
    auto target = unix_receiver(remote_);
    if (target != nullptr && target->received_.size() > unix_queue_datagrams)
      result.writable = false;
  }
  return result;
}

runtime::readiness datagram_socket::may_seem() const {
  runtime::readiness result;
  result.readable = true;
  result.writable = true;
  return result;
}

int datagram_socket::peer_address(sim_address& out) const {
  if (remote_.family == AF_UNSPEC)
    return -ENOTCONN;
  out = remote_;
  return 0;
}

} // namespace sluice::testing
