#include "net/listen.h"

#include "runtime/error.h"

namespace sluice::net {

using runtime::errc;
using runtime::make_error;

namespace {

caf::expected<endpoint> parse_stream(std::string_view where) {
  auto result = endpoint::parse(where);
  if (result && result->socket_type() != SOCK_STREAM)
    return make_error(errc::bad_endpoint,
                      "bad endpoint \"" + std::string{where}
                          + "\": connections need tcp:// or unix://");
  return result;
}

} // namespace

loop_choice::loop_choice(runtime::loop_group& group) : group_(&group) {
  for (std::size_t i = 0; i < group.size(); ++i)
    loops_.push_back(&group.at(i));
}

loop_choice::loop_choice(event_loop& loop) : loops_{&loop} {
}

event_loop& loop_choice::pick() noexcept {
  return group_ != nullptr ? group_->next() : *loops_.front();
}

caf::expected<listening> listen_with(loop_choice loops, std::string_view where,
                                     stream_factory factory,
                                     listen_options options) {
  auto target = parse_stream(where);
  if (!target)
    return target.error();
  if (auto err = options.stream.check())
    return err;
  auto& home = loops.pick();
  auto bound = bind_socket(home.sockets(), *target, options.backlog);
  if (!bound)
    return bound.error();
  auto local = bound->local();
  auto actor =
      runtime::spawn_on<listener>(home, std::move(*bound), loops.all(),
                                  std::move(factory), std::move(options));
  return listening{std::move(actor), std::move(local)};
}

caf::expected<stream_setup> prepare_connect(std::string_view where,
                                            stream_options options) {
  auto target = parse_stream(where);
  if (!target)
    return target.error();
  if (target->scheme() == endpoint_scheme::tcp && target->port() == 0)
    return make_error(errc::bad_endpoint, "bad endpoint \"" + std::string{where}
                                              + "\": nobody listens on port 0");
  if (auto err = options.check())
    return err;
  return stream_setup{
      socket{}, std::move(*target),
      std::make_shared<const stream_options>(std::move(options))};
}

} // namespace sluice::net
