#pragma once

// fd_broker: an actor around any descriptor that epoll can watch: pipes,
// eventfds, timerfds, terminals, and the sockets of C libraries. With its
// timers it is all that a library needs that exposes a descriptor and a
// timeout (libpq, c-ares, hiredis, ...):
//
//   caf::behavior tail(sluice::net::fd_broker* self) {
//     self->want(sluice::net::interest::read);
//     return {
//       [=](sluice::net::readable r) { /* read(r.fd, ...) until EAGAIN */ },
//       [=](const sluice::net::closed& why) { /* nobody writes any more */ },
//     };
//   }
//   spawn_fd_broker(loop, fd, sluice::net::ownership::owned, tail);
//
// The broker itself reads and writes nothing. What epoll says becomes events:
//
// - *readable*: a read will not wait: there is data, the end of a stream, or an
//   error, which the read finds. Again and again while that is so and reading
//   is wanted (level-triggered).
// - *writable*: a write will not wait, likewise.
// - *closed*: the other side hung up, reading is wanted, and nothing is left to
//   read; or the descriptor failed while nothing is wanted, or cannot be
//   watched (a regular file: it is always ready). The last event. Sockets tell
//   of their end by *readable* instead: the read returns 0.
//
// A descriptor whose other side hung up while nothing is wanted is left alone
// until something is: what is in a pipe can be read after its writer is gone.
// An event that the behavior does not handle ends the interest in it.
//
// For users. Thread rule: the member functions are for handlers of this actor
// (or of classes derived from it); other actors may send `net::close`.
// Lifetime: until `closed`, `quit` or an exit; the actor keeps itself alive.

#include "net/broker.h"
#include "net/commands.h"
#include "net/socket.h"

#include <caf/actor.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace sluice::net {

/// Who closes a descriptor.
enum class ownership : std::uint8_t {
  owned,    // the broker, when it ends or watches another
  borrowed, // somebody else, such as a library, which must not close it while
            // the broker watches it: `rewatch_fd(-1)` first
};

class fd_broker : public broker {
public:
  /// `fd` should not block (O_NONBLOCK), since handlers run on the loop; -1 to
  /// watch nothing yet.
  fd_broker(caf::actor_config& cfg, event_loop& loop, int fd, ownership whose);
  ~fd_broker() override;

  /// Asks for *readable*, *writable*, both or none; none at the start. Holds
  /// until it is replaced, for other descriptors too.
  void want(interest what);
  interest wanted() const noexcept { return wanted_; }

  /// Watches `fd` in place of the current descriptor, with the same interest;
  /// -1 to watch nothing. An owned descriptor is closed by that. Needed as well
  /// when a library closed its descriptor and opened one of the same number.
  void rewatch_fd(int fd, ownership whose = ownership::borrowed);

  /// Ends the broker with `closed{closed}` after the current handler.
  void close();

  /// The descriptor, or -1.
  int fd() const noexcept { return fd_; }

  const char* name() const override { return "fd_broker"; }

protected:
  bool intercept(caf::mailbox_element& x) override;
  bool may_ignore(const caf::mailbox_element& x) const override;
  void on_start() override;
  void on_terminate() override;
  void on_caught_up() override;
  void on_loop_stopping() override;
  void on_loop_aborting() override;
  void settle() override;
  void on_timeout(timeout which) override;
  void on_event(readiness what) override;

private:
  template <class Event>
  void report(interest about);
  void on_nothing_to_report(readiness what);
  void apply_interest();
  void forget_fd();
  void fail(close_reason reason, int os_error = 0, caf::error error = {});
  void end();

  int fd_;
  socket owned_;
  // Not broker::watch and broker::want: a borrowed descriptor may turn out to
  // be gone, which is an event here and a bug there.
  bool watching_ = false; // in the poller, with the interest `applied_`
  interest applied_ = interest::none;
  interest wanted_ = interest::none;
  bool hung_up_ = false;  // and nothing was wanted
  bool awaiting_ = false; // events are skipped until a response is there
  bool ended_ = false;
  std::optional<closed> ending_;
};

/// Spawns a broker with the behavior `f(fd_broker*, args...)`. Any thread.
template <class F, class... Args>
requires(std::is_invocable_v<F&, fd_broker*, std::decay_t<Args>&...>) caf::actor
    spawn_fd_broker(event_loop& loop, int fd, ownership whose, F f,
                    Args&&... args) {
  caf::actor_config cfg{&loop};
  cfg.init_fun =
      runtime::make_init_function<fd_broker, F, std::decay_t<Args>...>(
          std::move(f), std::forward<Args>(args)...);
  return loop.system().spawn_impl<fd_broker, caf::no_spawn_options>(cfg, loop,
                                                                    fd, whose);
}

/// Spawns a broker of class T, made as T{cfg, loop, fd, whose, args...}.
template <class T, class... Args>
caf::actor spawn_fd_broker(event_loop& loop, int fd, ownership whose,
                           Args&&... args) {
  static_assert(std::is_base_of_v<fd_broker, T>);
  return runtime::spawn_on<T>(loop, fd, whose, std::forward<Args>(args)...);
}

} // namespace sluice::net
