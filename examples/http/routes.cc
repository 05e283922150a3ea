#include "examples/http/routes.h"

#include "net/events.h"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice::examples::http_server {

namespace http = net::http;
namespace websocket = net::websocket;
using runtime::byte_slice;

namespace {

constexpr const char* plain = "text/plain; charset=utf-8";
constexpr std::size_t piece_bytes = 32 * 1024;
constexpr std::size_t collected_bytes_max = 64 * 1024;
constexpr std::uint64_t wait_ms_max = 3'600'000;

/// A number in a path, or nothing.
std::optional<std::uint64_t> number_at(const http::path_parameters& at,
                                       std::string_view name) {
  auto text = at.at(name);
  std::uint64_t result = 0;
  auto end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, result);
  if (text.empty() || error != std::errc{} || stop != end)
    return std::nullopt;
  return result;
}

void refuse_number(http::server_broker* self) {
  self->respond(http::status::bad_request, plain,
                "The path takes a number from 0 to 18446744073709551615.\n");
}

// [hello]
void hello(http::server_broker* self, const http::request&,
           const http::path_parameters&) {
  self->respond(http::status::ok, "text/plain", "hello\n");
}
// [/hello]

/// The body goes back while it comes: what the client does not take is not
/// read.
// [echo]
void echo(http::server_broker* self, const http::request& in,
          const http::path_parameters&) {
  http::response head;
  if (auto type = in.fields().find("content-type"))
    head.fields.add("Content-Type", *type);
  auto length = in.has_body() ? in.content_length() : 0;
  self->read_body([=](byte_slice part) { self->write_body(std::move(part)); },
                  [=] { self->end_response(); });
  self->start_response(head, length);
  if (!in.has_body())
    self->end_response();
}
// [/echo]

/// The handler runs when the whole body is there.
void collect(http::server_broker* self, const http::request& in,
             const http::path_parameters&) {
  self->respond(http::status::ok, plain,
                std::to_string(in.body().size()) + "\n");
}

/// Reads a body of any length, and keeps nothing of it.
void measure(http::server_broker* self, const http::request&,
             const http::path_parameters&) {
  auto size = std::make_shared<std::uint64_t>(0);
  self->read_body([=](byte_slice part) { *size += part.size(); },
                  [=] {
                    self->respond(http::status::ok, plain,
                                  std::to_string(*size) + "\n");
                  });
}

/// The numbers from 1, a line each, in an answer whose length nobody knows.
// [count]
void count(http::server_broker* self, const http::request&,
           const http::path_parameters& at) {
  auto last = number_at(at, "n");
  if (!last)
    return refuse_number(self);
  http::response head;
  head.fields.add("Content-Type", plain);
  auto more = [last = *last,
               next = std::uint64_t{1}](http::server_broker* me) mutable {
    std::string piece;
    while (next <= last && next != 0 && piece.size() < piece_bytes)
      piece += std::to_string(next++) + "\n";
    if (!piece.empty())
      me->write_body(piece);
    if (next > last || next == 0)
      me->end_response();
  };
  self->start_response(head, std::nullopt, more);
}
// [/count]

/// n bytes, of which byte i is i modulo 251.
void bytes(http::server_broker* self, const http::request&,
           const http::path_parameters& at) {
  auto size = number_at(at, "n");
  if (!size)
    return refuse_number(self);
  http::response head;
  head.fields.add("Content-Type", "application/octet-stream");
  auto more = [size = *size,
               done = std::uint64_t{0}](http::server_broker* me) mutable {
    std::string piece(std::min<std::uint64_t>(size - done, piece_bytes), '\0');
    for (auto& x : piece)
      x = static_cast<char>(done++ % 251);
    if (!piece.empty())
      me->write_body(piece);
    if (done == size)
      me->end_response();
  };
  self->start_response(head, *size, more);
}

/// Another actor decides when it is answered; meanwhile the connection waits,
/// and its loop does not.
// [slow]
void slow(http::server_broker* self, const http::request&,
          const http::path_parameters& at) {
  auto ms = number_at(at, "ms");
  if (!ms || *ms > wait_ms_max)
    return self->respond(http::status::bad_request, plain,
                         "The path takes up to 3600000 ms.\n");
  auto clock = self->system().spawn([](caf::event_based_actor* me) {
    return caf::behavior{
        [=](std::uint64_t delay) {
          auto done = me->make_response_promise();
          me->delayed_send(me, std::chrono::milliseconds{delay},
                           caf::ok_atom::value);
          me->become([=](caf::ok_atom) mutable {
            done.deliver(caf::ok_atom::value);
            me->quit();
          });
          return done;
        },
    };
  });
  self->request(clock, caf::infinite, *ms).then([=](caf::ok_atom) {
    self->respond(http::status::ok, plain, "done\n");
  });
}
// [/slow]

// [live]
caf::behavior live(websocket::connection* self) {
  return {
      [=](const websocket::message& in) {
        self->send_message(in.kind, in.bytes);
      },
  };
}
// [/live]

} // namespace

// [routes]
caf::error add_routes(http::router& to, const route_settings& settings) {
  http::route_options whole{.collect_body_bytes = collected_bytes_max};
  http::route_options endless{.body_bytes_max = ~std::uint64_t{0}};
  http::route_options bounded{.body_bytes_max = settings.body_bytes_max};
  auto thing = [](http::server_broker* self, const http::request&,
                  const http::path_parameters& at) {
    self->respond(http::status::ok, plain, std::string{at.at("id")} + "\n");
  };
  for (auto err : {
           to.get("/hello", hello),
           to.post("/echo", echo, bounded),
           to.put("/echo", echo, bounded),
           to.patch("/echo", echo, bounded),
           to.del("/echo", echo, bounded),
           to.post("/collect", collect, whole),
           to.post("/length", measure, endless),
           to.get("/count/{n}", count),
           to.get("/bytes/{n}", bytes),
           to.get("/slow/{ms}", slow),
           to.get("/things/{id}", thing),
           to.websocket("/live", live),
       })
    if (err)
      return err;
  return settings.folder.empty() ? caf::error{}
                                 : to.files("/files", settings.folder);
}
// [/routes]

} // namespace sluice::examples::http_server
