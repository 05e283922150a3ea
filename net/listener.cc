#include "net/listener.h"

#include "net/reports.h"
#include "runtime/error.h"

#include <caf/send.hpp>

#include <cerrno>

namespace sluice::net {

namespace limits = runtime::limits;

namespace {

/// Accept found no descriptor or no memory: the machine's trouble, not the
/// peer's, and it may pass.
bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS
         || error == ENOMEM;
}

/// The socket itself is of no use.
bool is_fatal(int error) {
  return error == EBADF || error == EINVAL || error == ENOTSOCK
         || error == EOPNOTSUPP || error == EFAULT;
}

} // namespace

listener::listener(caf::actor_config& cfg, event_loop& loop, socket bound,
                   std::vector<event_loop*> loops, stream_factory factory,
                   listen_options options)
    : broker(cfg, loop),
      socket_(std::move(bound)),
      loops_(std::move(loops)),
      factory_(std::move(factory)),
      stream_options_(
          std::make_shared<const stream_options>(std::move(options.stream))),
      observer_(std::move(options.observer)),
      file_(socket_) {
}

listener::~listener() = default;

caf::behavior listener::make_behavior() {
  return {[this](const net::close&) { quit(); }};
}

void listener::on_start() {
  if (auto err = watch(socket_.fd()))
    return quit(std::move(err));
  want(interest::read);
  ++totals().listeners;
}

listener_report listener::report() const {
  return {id(), socket_.local(), accepted_, times_paused_, paused_};
}

void listener::on_terminate() {
  if (watched())
    --totals().listeners;
  if (std::exchange(paused_, false))
    --totals().paused_now;
  retire();
  file_.remove();
  socket_.close();
}

void listener::settle() {
}

void listener::on_event(readiness) {
  for (std::size_t i = 0; i < limits::accept_turn_connections; ++i) {
    runtime::socket_address peer;
    auto fd = loop().sockets().accept(socket_.fd(), peer);
    if (fd >= 0) {
      ++accepted_;
      ++totals().connections;
      auto& target = *loops_[next_loop_++ % loops_.size()];
      factory_(target, {socket{loop().sockets(), fd}, {}, stream_options_});
      continue;
    }
    auto error = -fd;
    if (error == EAGAIN)
      return;
    if (is_exhaustion(error))
      return pause(error);
    if (is_fatal(error)) {
      run([&] { quit(runtime::make_system_error(error, "accept")); });
      return;
    }
    // The peer gave up while it waited, or an error of its network (accept(2)
    // says to treat those like EAGAIN): on to the next one.
  }
}

/// Level-triggered readiness would report the waiting connections for ever.
void listener::pause(int error) {
  want(interest::none);
  ++times_paused_;
  ++totals().paused;
  if (!std::exchange(paused_, true))
    ++totals().paused_now;
  arm(timeout::read, loop().now() + limits::accept_pause);
  if (observer_)
    tell(caf::actor_cast<caf::strong_actor_ptr>(observer_),
         accept_paused{error});
}

void listener::on_timeout(timeout) {
  if (std::exchange(paused_, false))
    --totals().paused_now;
  want(interest::read);
  if (observer_)
    tell(caf::actor_cast<caf::strong_actor_ptr>(observer_), accept_resumed{});
}

} // namespace sluice::net
