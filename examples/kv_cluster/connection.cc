#include "examples/kv_cluster/connection.h"

#include "examples/kv_cluster/client.h"
#include "examples/kv_cluster/kv_node.h"
#include "net/resp.h"
#include "net/resp_codec.h"

#include <caf/actor_cast.hpp>

#include <memory>
#include <string>

namespace sluice::examples::kv_cluster {

net::stream_options connection_options() {
  net::stream_options result;
  result.framing = [] {
    net::resp_bounds bounds;
    bounds.bulk_bytes = command_bytes_max;
    bounds.frame_bytes = 2 * command_bytes_max;
    return std::make_unique<net::resp_codec>(net::resp_side::commands, bounds);
  };
  // While a client does not read its answers, none of its commands is run; what
  // was under way then comes on top.
  result.write_cap_bytes = client_answers_bytes_max;
  return result;
}

caf::behavior serve(net::stream_broker* self, const caf::actor& node) {
  auto home =
      static_cast<kv_node*>(caf::actor_cast<caf::abstract_actor*>(node));
  auto me = std::make_shared<std::shared_ptr<client>>();
  return {
      [=](const net::accepted& in) {
        *me = std::make_shared<client>(*self, home->shared(),
                                       to_string(in.remote),
                                       to_string(in.local), home->now());
      },
      // Holding `node` keeps the actor alive as long as its connections.
      [=, node = node](const net::received& in) {
        home->submit(*me, in.bytes.view());
      },
      // Who has asked all still gets the answers that are under way.
      [=](net::half_closed) { home->finish(*me); },
      [=](const net::bad_frame& in) {
        if (in.reason == net::close_reason::truncated_frame)
          return;
        std::string reply;
        net::append_error(reply, "ERR " + in.text);
        self->write(reply);
      },
      [=](const net::closed&) {
        if (*me)
          (*me)->gone();
      },
  };
}

} // namespace sluice::examples::kv_cluster
