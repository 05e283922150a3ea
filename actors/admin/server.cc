#include "actors/admin/server.h"

#include "actors/admin/builtin.h"
#include "actors/admin/line.h"
#include "net/line_codec.h"

#include <caf/send.hpp>

#include <atomic>
#include <exception>
#include <utility>

namespace sluice::actors::admin {

namespace limits = runtime::limits;
using nlohmann::json;

// -- answers ------------------------------------------------------------------

/// Owned by the replies alone: when it is gone, nobody can answer any more.
struct reply::state {
  explicit state(caf::actor x) : connection(std::move(x)) {}
  ~state() { answer(failure("the request was dropped without an answer")); }

  void answer(const json& x) {
    if (answered.exchange(true))
      return;
    auto line = to_line(x);
    if (line.size() > limits::admin_answer_bytes_max)
      line = to_line(failure("the answer has " + std::to_string(line.size())
                             + " bytes, and may have "
                             + std::to_string(limits::admin_answer_bytes_max)));
    // The connection may write and read by itself: no message of ours.
    caf::anon_send(connection, net::write{runtime::byte_slice::copy(line)});
    caf::anon_send(connection, net::read_credit{1});
  }

  caf::actor connection;
  std::atomic<bool> answered{false};
};

void reply::ok(json fields) const {
  fields["ok"] = true;
  state_->answer(fields);
}

void reply::ok() const {
  ok(json::object());
}

void reply::fail(std::string_view why) const {
  state_->answer(failure(why));
}

// -- connections --------------------------------------------------------------

namespace {

struct server {
  verb_table verbs;
  server_options options;
  std::size_t connections = 0;
};

/// Counts one connection for as long as its behavior lives.
class seat {
public:
  explicit seat(std::shared_ptr<server> home) : home_(std::move(home)) {
    ++home_->connections;
  }
  seat(const seat&) = delete;
  seat& operator=(const seat&) = delete;
  ~seat() { --home_->connections; }

private:
  std::shared_ptr<server> home_;
};

std::string no_such_verb(const server& home, const std::string& verb) {
  auto result = "there is no verb '"
                + verb.substr(0, limits::error_excerpt_bytes) + "'; there are";
  auto separator = " ";
  for (auto& [name, f] : home.verbs) {
    result += separator + name;
    separator = ", ";
  }
  return result;
}

void execute(const server& home, std::string_view line, const reply& done) {
  std::string why;
  auto request = read_object(line, why);
  if (!why.empty())
    return done.fail(why);
  auto verb = verb_of(request, why);
  if (!why.empty())
    return done.fail(why);
  auto found = home.verbs.find(verb);
  if (found == home.verbs.end())
    return done.fail(no_such_verb(home, verb));
  try {
    found->second(request, done);
  } catch (const std::exception& x) {
    done.fail(plain_text(x));
  }
}

caf::behavior converse(net::stream_broker* self,
                       const std::shared_ptr<server>& home) {
  auto place = std::make_shared<seat>(home);
  // Of the request that is under way.
  auto current = std::make_shared<std::weak_ptr<reply::state>>();
  auto say = [self](std::string_view why) {
    self->write(to_line(failure(why)));
  };
  self->read_credit(1);
  self->idle_timeout(home->options.idle);
  return {
      [=](const net::accepted&) {
        if (home->connections <= home->options.connections_max)
          return;
        say("there are " + std::to_string(home->options.connections_max)
            + " connections already");
        self->close();
      },
      [=, place = place](const net::received& in) {
        auto state = std::make_shared<reply::state>(caf::actor{self});
        *current = state;
        execute(*home, in.bytes.view(), reply{std::move(state)});
      },
      [=](const net::bad_frame& in) {
        if (in.reason == net::close_reason::frame_too_long)
          say("a request has at most "
              + std::to_string(limits::admin_request_bytes_max) + " bytes");
        else
          say("the request ends without a line feed");
      },
      [=](net::timed_out what) {
        if (what.which == net::timeout::idle && current->expired())
          self->close();
      },
      // What was not read is of no use to anybody.
      [](const net::rejected&) {},
  };
}

} // namespace

caf::expected<net::listening> serve(runtime::event_loop& loop,
                                    std::string_view where, verb_table verbs,
                                    server_options options) {
  if (options.loops.empty())
    options.loops = {&loop};
  add_builtin_verbs(verbs, loop.system(), options.loops);
  auto home =
      std::make_shared<server>(server{std::move(verbs), std::move(options), 0});
  net::listen_options how;
  how.stream.framing = [] {
    return std::make_unique<net::line_codec>(limits::admin_request_bytes_max);
  };
  how.stream.write_cap_bytes =
      limits::admin_answer_bytes_max + how.stream.write_marks.high;
  return net::listen(loop, where, converse, std::move(how), home);
}

} // namespace sluice::actors::admin
