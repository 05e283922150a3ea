#include "examples/kv/connection.h"

#include "examples/kv/commands.h"
#include "examples/kv/database.h"
#include "net/resp.h"
#include "net/resp_codec.h"

#include <caf/actor_cast.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace sluice::examples::kv {

namespace {

void log(const std::string& who, const std::string& what) {
  std::fprintf(stderr, "%s %s\n", who.c_str(), what.c_str());
}

} // namespace

net::stream_options connection_options(const connection_settings& settings) {
  net::stream_options result;
  result.write_stall = settings.stall;
  result.framing = [] {
    return std::make_unique<net::resp_codec>(net::resp_side::commands);
  };
  // A reply may be as long as the longest value. What is queued stays bounded
  // all the same: while a client does not read its replies, none of its
  // commands is executed.
  result.write_cap_bytes = reply_bytes_max + result.write_marks.high;
  return result;
}

caf::behavior serve(net::stream_broker* self, const caf::actor& keys,
                    const connection_settings& settings) {
  self->idle_timeout(settings.idle);
  auto home =
      static_cast<database*>(caf::actor_cast<caf::abstract_actor*>(keys));
  auto client = std::make_shared<std::optional<session>>();
  auto verbose = settings.verbose;
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
      [=](const net::timed_out& what) {
        if (verbose)
          log((*client)->peer_address, "timed out: " + to_string(what.which));
        if (what.which == net::timeout::idle)
          self->quit();
      },
      [=](const net::closed& why) {
        if (verbose)
          log((*client)->peer_address,
              "ended: " + to_string(why.reason)
                  + ", unsent bytes: " + std::to_string(why.unsent));
      },
  };
}

} // namespace sluice::examples::kv
