#include "net/http/serve.h"

namespace sluice::net::http {

caf::expected<listening> serve(loop_choice loops, std::string_view where,
                               router routes, server_options options) {
  if (auto err = options.check())
    return err;
  auto shared = std::make_shared<server_shared>();
  shared->options = std::move(options);
  auto table = std::make_shared<const router>(std::move(routes));
  shared->body_limit =
      [table, most = shared->options.body_bytes_max](const request& in) {
        return table->body_limit(in).value_or(most);
      };
  auto behave = [table](server_broker* self) -> caf::behavior {
    return {
        [=](const request& in) { table->dispatch(self, in); },
    };
  };
  using behavior = decltype(behave);
  return listen_with(
      std::move(loops), where,
      [shared, behave](event_loop& loop, stream_setup setup) {
        caf::actor_config cfg{&loop};
        cfg.init_fun =
            runtime::make_init_function<server_broker, behavior>(behave);
        loop.system().spawn_impl<server_broker, caf::no_spawn_options>(
            cfg, loop, std::move(setup),
            std::shared_ptr<const server_shared>{shared});
      },
      shared->options.listener);
}

} // namespace sluice::net::http
