#include "examples/kv/connection.h"

#include "examples/kv/commands.h"
#include "examples/kv/database.h"
#include "net/resp.h"
#include "net/resp_codec.h"

#include <caf/actor_cast.hpp>

#include <memory>
#include <optional>

namespace sluice::examples::kv {

net::stream_options connection_options() {
  net::stream_options result;
  result.framing = [] {
    return std::make_unique<net::resp_codec>(net::resp_side::commands);
  };
  // A reply may be as long as the longest value. What is queued stays bounded
  // all the same: while a client does not read its replies, none of its
  // commands is executed.
  result.write_cap_bytes = reply_bytes_max + result.write_marks.high;
  return result;
}

caf::behavior serve(net::stream_broker* self, const caf::actor& keys) {
  auto home =
      static_cast<database*>(caf::actor_cast<caf::abstract_actor*>(keys));
  auto client = std::make_shared<std::optional<session>>();
  return {
      [=](const net::accepted& in) {
        client->emplace(home->shared(), to_string(in.remote),
                        to_string(in.local), home->now());
      },
      // Holding `keys` keeps the database alive as long as its connections.
      [=, keys = keys](const net::received& in) {
        auto& reply = home->scratch();
        reply.clear();
        home->execute_frame(**client, in.bytes.view(), reply);
        self->write(reply);
        if ((*client)->closing)
          self->close();
      },
      [=](const net::bad_frame& in) {
        // Who leaves in the middle of a command gets the replies to those
        // before it, and no error.
        if (in.reason == net::close_reason::truncated_frame)
          return;
        std::string reply;
        net::append_error(reply, "ERR " + in.text);
        self->write(reply);
      },
  };
}

} // namespace sluice::examples::kv
