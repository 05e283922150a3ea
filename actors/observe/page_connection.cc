#include "actors/observe/page_connection.h"

#include "actors/observe/access.h"
#include "actors/observe/observer.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::actors::observe {

namespace limits = runtime::limits;
namespace websocket = net::websocket;
using namespace std::chrono_literals;

namespace {

/// Names a frame in `written`; other texts have no number.
constexpr std::uint64_t frame_token = 1;

/// The observer is of the same process.
constexpr auto open_deadline = 5s;

struct page_state {
  std::string asker;
  bool under_way = false; // a frame
  std::optional<byte_slice> newest;
};

} // namespace

caf::behavior serve_page_connection(websocket::connection* self,
                                    const caf::actor& observer) {
  auto state = std::make_shared<page_state>();
  auto me = [self] { return caf::actor{self}; };
  auto send_frame = [=](const byte_slice& bytes) {
    state->under_way = self->send_text(bytes, frame_token);
  };
  // Each control gives the credit for another one with its result.
  self->read_credit(limits::observe_page_commands_max);
  return {
      [=, observer = observer](const websocket::opened& x) {
        state->asker = to_string(x.remote);
        if (state->asker.starts_with("tcp://"))
          state->asker.erase(0, 6);
        self->request(observer, open_deadline, open_page{me()})
            .then([] {},
                  [=](const caf::error& why) {
                    self->close(websocket::close_code::try_again_later,
                                runtime::to_text(why));
                  });
      },
      [=](const page_text& x) {
        if (x.what == text_kind::frame && state->under_way)
          state->newest = x.bytes;
        else if (x.what == text_kind::frame)
          send_frame(x.bytes);
        else
          self->send_text(x.bytes);
        if (x.what == text_kind::result)
          self->read_credit(1);
      },
      [=](const net::written&) {
        state->under_way = false;
        if (auto bytes = std::exchange(state->newest, std::nullopt))
          send_frame(*bytes);
      },
      [=, observer = observer](const websocket::message& x) {
        self->send(observer,
                   page_said{me(), state->asker, std::string{x.bytes.view()}});
      },
      // It has not taken what is more than anybody needs to be told.
      [=](const net::rejected&) {
        self->close(websocket::close_code::try_again_later,
                    "this browser is too slow");
      },
      [](const runtime::backpressure&) {},
  };
}

websocket::options page_connection_options(std::vector<std::string> hosts) {
  websocket::options result;
  result.message_bytes_max = limits::observe_command_bytes_max;
  result.handshake.allow_origin =
      [hosts = std::move(hosts)](std::string_view origin,
                                 std::string_view host) {
        return check_host(host, hosts).empty()
               && websocket::same_origin(origin, host);
      };
  net::stream_options stream;
  stream.write_cap_bytes = limits::observe_page_queue_bytes_max;
  result.stream = stream;
  return result;
}

} // namespace sluice::actors::observe
