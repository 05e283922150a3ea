#include "actors/observe/page_server.h"

#include "actors/metrics/collector.h"
#include "actors/observe/observer.h"
#include "actors/observe/page_connection.h"
#include "actors/observe/page_site.h"
#include "net/http/serve.h"
#include "runtime/error.h"

#include <chrono>
#include <utility>
#include <vector>

namespace sluice::actors::observe {

namespace http = net::http;
namespace websocket = net::websocket;
using namespace std::chrono_literals;

namespace {

/// The observer waits for the next round, the collector for all loops.
constexpr auto answer_deadline = 10s;

constexpr auto json_type = "application/json; charset=utf-8";

struct page_home {
  page_options options;
  page_site site;
};

using home_ptr = std::shared_ptr<const page_home>;

void respond(http::server_broker* self, site_answer x) {
  http::response head;
  head.status = static_cast<http::status>(x.status);
  for (auto& [name, value] : x.fields)
    head.fields.add(name, value);
  self->respond(head, std::move(x.body));
}

std::string_view field(const http::request& in, std::string_view name) {
  return in.fields().find(name).value_or(std::string_view{});
}

void send_file(http::server_broker* self, const http::request& in,
               const page_site& site) {
  respond(self,
          site.file(in.path(), field(in, "host"), field(in, "if-none-match")));
}

/// Asks an actor of this process, and answers with what `f` makes of that.
template <class Answer, class What, class F>
void ask(http::server_broker* self, const http::request& in,
         const home_ptr& home, const caf::actor& whom, What what,
         std::string content_type, F f) {
  auto host = std::string{field(in, "host")};
  if (auto why = home->site.refusal(host); !why.empty())
    return respond(self, home->site.error(403, why));
  self->request(whom, answer_deadline, std::move(what))
      .then(
          [=](const Answer& x) {
            respond(self, home->site.text(host, content_type, f(x)));
          },
          [=](const caf::error& why) {
            respond(self, home->site.error(503, runtime::to_text(why)));
          });
}

void send_state(http::server_broker* self, const http::request& in,
                const home_ptr& home) {
  ask<state_text>(self, in, home, home->options.observer, get_state{},
                  json_type, [](const state_text& x) { return x.bytes; });
}

void send_metrics(http::server_broker* self, const http::request& in,
                  const home_ptr& home) {
  ask<std::string>(self, in, home, home->options.metrics->actor(),
                   metrics::collect_metrics{}, metrics::collector::content_type,
                   [](const std::string& x) { return byte_slice::copy(x); });
}

} // namespace

caf::error add_page(http::router& to, const page_options& options) {
  auto home = std::make_shared<const page_home>(
      page_home{options, page_site{options.hosts}});
  std::vector<caf::error> found;
  for (auto& path : home->site.paths())
    found.push_back(
        to.get(path, [home](http::server_broker* self, const http::request& in,
                            const http::path_parameters&) {
          send_file(self, in, home->site);
        }));
  found.push_back(to.get(
      "/api/state",
      [home](http::server_broker* self, const http::request& in,
             const http::path_parameters&) { send_state(self, in, home); }));
  if (options.metrics)
    found.push_back(to.get("/metrics", [home](http::server_broker* self,
                                              const http::request& in,
                                              const http::path_parameters&) {
      send_metrics(self, in, home);
    }));
  found.push_back(to.websocket_with("/live",
                                    page_connection_options(home->site.hosts()),
                                    serve_page_connection, options.observer));
  for (auto& x : found)
    if (x)
      return x;
  return {};
}

caf::expected<net::listening> serve_page(runtime::event_loop& loop,
                                         std::string_view where,
                                         const page_options& options) {
  http::router routes;
  if (auto err = add_page(routes, options))
    return err;
  return http::serve(loop, where, std::move(routes));
}

} // namespace sluice::actors::observe
