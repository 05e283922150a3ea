#include "net/http/fetch.h"

#include "net/http/client_broker.h"
#include "net/http/connect.h"
#include "net/http/uri.h"
#include "runtime/error.h"

#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <memory>

namespace sluice::net::http {

namespace {

using runtime::errc;
using runtime::make_error;

/// What a connection has collected, and whom it is for.
struct collection {
  std::string url;
  std::size_t bytes_max = 0;
  bool to_head = false;
  caf::typed_response_promise<fetched> promise;
  fetched answer;
  caf::error reason;
};

void finish(client_broker* self, collection& x) {
  if (!x.promise.pending())
    return;
  if (x.reason) {
    auto code = x.reason.category() == runtime::error_category
                    ? static_cast<errc>(x.reason.code())
                    : errc::connection_closed;
    x.promise.deliver(
        make_error(code, "fetch " + x.url + ": " + runtime::to_text(x.reason)));
  } else {
    x.promise.deliver(std::move(x.answer));
  }
  self->close();
}

caf::behavior collect(client_broker* self) {
  auto state = std::make_shared<collection>();
  auto refuse = [=](errc code, std::string why) {
    state->reason = make_error(code, std::move(why));
    finish(self, *state);
    self->abort();
  };
  return {
      [=](fetch_request& what) {
        state->url = std::move(what.url);
        state->bytes_max = what.body_bytes_max;
        state->to_head = what.ask.verb == "HEAD";
        state->promise = self->make_response_promise<fetched>();
        self->send(std::move(what.ask));
        return state->promise;
      },
      [=](const answer_head& head) {
        auto has_body = !state->to_head && head.status != 304;
        if (has_body && head.body_size.value_or(0) > state->bytes_max)
          return refuse(errc::frame_too_long,
                        "a body of " + std::to_string(*head.body_size)
                            + " bytes; at most "
                            + std::to_string(state->bytes_max) + " are wanted");
        state->answer.status = head.status;
        state->answer.fields = head.fields;
      },
      [=](const answer_part& part) {
        auto& body = state->answer.body;
        if (part.bytes.size() > state->bytes_max - body.size())
          return refuse(errc::frame_too_long,
                        "a body of more than "
                            + std::to_string(state->bytes_max) + " bytes");
        body.append(part.bytes.view());
      },
      [=](const answer_end&) { finish(self, *state); },
      [=](const request_failed& why) {
        state->reason = why.reason;
        finish(self, *state);
      },
  };
}

caf::behavior answer_fetches(runtime::loop_actor* self) {
  return {
      [=](fetch_request& what) -> caf::result<fetched> {
        auto where = read_url(what.url);
        if (!where)
          return where.error();
        what.ask.target = where->target;
        what.ask.streams_body = false;
        if (!what.ask.fields.find("host"))
          what.ask.fields.add("Host", where->host);
        stream_options options;
        if (what.ask.deadline > runtime::duration::zero())
          options.connect_deadline =
              std::min(options.connect_deadline, what.ask.deadline);
        auto client = connect(self->loop(), where->endpoint, collect, options);
        if (!client)
          return client.error();
        self->delegate(*client, std::move(what));
        return caf::delegated<fetched>{};
      },
  };
}

} // namespace

caf::actor spawn_fetcher(runtime::event_loop& loop) {
  return runtime::spawn_on(loop, answer_fetches);
}

} // namespace sluice::net::http
