#include "actors/metrics/http_handler.h"

#include "net/http/server_broker.h"
#include "runtime/error.h"

namespace sluice::actors::metrics {

namespace http = net::http;

void answer_scrape(http::server_broker* self, const caf::actor& metrics) {
  self->request(metrics, caf::infinite, collect_metrics{})
      .then(
          [self](const std::string& text) {
            self->respond(http::status::ok, collector::content_type, text);
          },
          [self](const caf::error& why) {
            self->respond(http::status::service_unavailable,
                          "text/plain; charset=utf-8",
                          runtime::to_text(why) + "\n");
          });
}

} // namespace sluice::actors::metrics
