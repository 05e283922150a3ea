#pragma once

// listen and connect: how connections come into being.
//
//   auto server = sluice::net::listen(loops, "tcp://127.0.0.1:7000", echo);
//   if (!server) ... server.error() names the endpoint and what went wrong
//   server->local.port() is the port, also if 0 was asked for
//
//   auto client = sluice::net::connect(loops, "tcp://example.org:80", fetch);
//
// A behavior is a function that takes a stream_broker* (and further arguments,
// copied for each connection), or a class derived from stream_broker.
//
// For users. Thread rule: any thread. Lifetime: the returned handles need not
// be kept; listeners and connections live until they end.

#include "net/listener.h"
#include "net/stream_broker.h"
#include "runtime/loop_group.h"

#include <caf/expected.hpp>

#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::net {

/// A listener, and where it listens.
struct listening {
  caf::actor actor;
  endpoint local;
};

/// Where connections are dealt out: all loops of a group, or just one.
class loop_choice {
public:
  loop_choice(runtime::loop_group& group); // NOLINT: meant to convert
  loop_choice(event_loop& loop);           // NOLINT: meant to convert

  /// The loop of the next connection.
  event_loop& pick() noexcept;

  const std::vector<event_loop*>& all() const noexcept { return loops_; }

private:
  runtime::loop_group* group_ = nullptr;
  std::vector<event_loop*> loops_;
};

/// Listens at `where` and runs `factory` for each connection. The socket is
/// bound before this returns. Errors: errc::bad_endpoint, errc::bad_setting,
/// errc::system_error, e.g. for a port in use.
caf::expected<listening> listen_with(loop_choice loops, std::string_view where,
                                     stream_factory factory,
                                     listen_options options = {});

/// What connects on `loop`; the connection is asked for when the actor starts.
caf::expected<stream_setup> prepare_connect(std::string_view where,
                                            stream_options options);

/// A factory for function-based brokers.
template <class F, class... Args>
stream_factory make_stream_factory(F f, Args... args) {
  return [f, args...](event_loop& loop, stream_setup setup) {
    caf::actor_config cfg{&loop};
    cfg.init_fun =
        runtime::make_init_function<stream_broker, F, Args...>(f, args...);
    loop.system().spawn_impl<stream_broker, caf::no_spawn_options>(
        cfg, loop, std::move(setup));
  };
}

/// Listens with the behavior `f(stream_broker*, args...)`.
template <class F, class... Args>
requires(std::is_invocable_v<F&, stream_broker*, std::decay_t<Args>&...>)
    caf::expected<listening> listen(loop_choice loops, std::string_view where,
                                    F f, listen_options options = {},
                                    Args&&... args) {
  return listen_with(std::move(loops), where,
                     make_stream_factory<F, std::decay_t<Args>...>(
                         std::move(f), std::forward<Args>(args)...),
                     std::move(options));
}

/// Listens with brokers of class T, made as T{cfg, loop, setup, args...}.
template <class T, class... Args>
caf::expected<listening> listen(loop_choice loops, std::string_view where,
                                listen_options options = {}, Args... args) {
  static_assert(std::is_base_of_v<stream_broker, T>);
  return listen_with(
      std::move(loops), where,
      [args...](event_loop& loop, stream_setup setup) {
        caf::actor_config cfg{&loop};
        loop.system().spawn_impl<T, caf::no_spawn_options>(
            cfg, loop, std::move(setup), args...);
      },
      std::move(options));
}

/// Connects to `where` with the behavior `f(stream_broker*, args...)`. Returns
/// the broker at once; it gets *connected*, or *closed* with the reason:
/// look-up and connect never hold up anybody. Errors: errc::bad_endpoint,
/// errc::bad_setting.
template <class F, class... Args>
requires(std::is_invocable_v<F&, stream_broker*, std::decay_t<Args>&...>)
    caf::expected<caf::actor> connect(loop_choice loops, std::string_view where,
                                      F f, stream_options options = {},
                                      Args&&... args) {
  auto setup = prepare_connect(where, std::move(options));
  if (!setup)
    return setup.error();
  auto& loop = loops.pick();
  caf::actor_config cfg{&loop};
  cfg.init_fun =
      runtime::make_init_function<stream_broker, F, std::decay_t<Args>...>(
          std::move(f), std::forward<Args>(args)...);
  return loop.system().spawn_impl<stream_broker, caf::no_spawn_options>(
      cfg, loop, std::move(*setup));
}

/// Connects with a broker of class T, made as T{cfg, loop, setup, args...}.
template <class T, class... Args>
caf::expected<caf::actor> connect(loop_choice loops, std::string_view where,
                                  stream_options options = {}, Args&&... args) {
  static_assert(std::is_base_of_v<stream_broker, T>);
  auto setup = prepare_connect(where, std::move(options));
  if (!setup)
    return setup.error();
  auto& loop = loops.pick();
  caf::actor_config cfg{&loop};
  return loop.system().spawn_impl<T, caf::no_spawn_options>(
      cfg, loop, std::move(*setup), std::forward<Args>(args)...);
}

} // namespace sluice::net
