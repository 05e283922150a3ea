#include "actors/cluster/etcd/etcd_client.h"

#include "net/endpoint.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <sys/socket.h>

#include <utility>

namespace sluice::actors::cluster::etcd {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

/// A question or a watch: its look-up, and then its request.
struct etcd_client::call : runtime::timer {
  call(etcd_client& o, std::size_t s, const question& q)
      : timer(on_late), owner(o), server(s), what(q) {}

  ~call() { owner.http_->cancel(request); }

  bool is_watch() const noexcept { return static_cast<bool>(each); }

  etcd_client& owner;
  const std::size_t server;
  const question what;
  runtime::time_point due;
  std::unique_ptr<net::name_lookup> lookup;
  http_session::request_id request = 0;
  on_answer done;

  // a watch
  on_line each;
  on_end ended;
  std::string line; // the start of one
};

etcd_client::etcd_client(runtime::event_loop& loop,
                         std::vector<etcd_server> servers,
                         runtime::duration deadline)
    : loop_(loop),
      servers_(std::move(servers)),
      failures_(servers_.size()),
      deadline_(deadline),
      http_(http_session::make(loop)) {
}

etcd_client::~etcd_client() {
  *alive_ = false;
  question_.reset();
  watch_.reset();
}

void etcd_client::ask(std::size_t server, const question& what, on_answer f) {
  question_ = std::make_unique<call>(*this, server, what);
  question_->done = std::move(f);
  resolve(*question_);
}

void etcd_client::watch(std::size_t server, const question& what, on_line each,
                        on_end f) {
  watch_ = std::make_unique<call>(*this, server, what);
  watch_->each = std::move(each);
  watch_->ended = std::move(f);
  resolve(*watch_);
}

void etcd_client::close_watch() {
  watch_.reset();
}

// -- the way there ------------------------------------------------------------

void etcd_client::resolve(call& x) {
  x.due = loop_.now() + deadline_;
  auto& server = servers_[x.server];
  if (server.is_numeric)
    return begin(x, {});
  auto target = net::endpoint::parse("tcp://" + server.host + ":"
                                     + std::to_string(server.port));
  loop_.timers().arm(x, x.due);
  x.lookup = net::name_lookup::start(
      loop_, *target,
      [this, &x](caf::expected<net::name_lookup::addresses> all) {
        if (!all)
          return finish(x, std::move(all.error()));
        // If one of them does not answer, the next one is for the next call.
        auto& address = (*all)[failures_[x.server] % all->size()];
        auto place = net::endpoint::from(address, SOCK_STREAM);
        if (!place)
          return finish(x, std::move(place.error()));
        constexpr std::size_t scheme = 6; // tcp://
        begin(x, to_string(*place).substr(scheme));
      });
}

void etcd_client::on_late(runtime::timer& t) noexcept {
  auto& x = static_cast<call&>(t);
  auto& server = x.owner.servers_[x.server];
  x.owner.finish(x, make_error(errc::connect_failed,
                               server.url + x.what.path + ": the look-up of "
                                   + server.host + " took too long"));
}

void etcd_client::begin(call& x, std::string address) {
  loop_.timers().cancel(x);
  http_request request{servers_[x.server].url + x.what.path, std::move(address),
                       x.what.body, x.due - loop_.now()};
  auto done = [this, &x](caf::expected<http_answer> answer) {
    finish(x, std::move(answer));
  };
  if (x.is_watch())
    x.request = http_->stream(
        request, limits::etcd_answer_bytes_max,
        [this](std::string_view bytes) { take_bytes(bytes); }, done);
  else
    x.request = http_->post(request, limits::etcd_answer_bytes_max, done);
}

// -- what comes ---------------------------------------------------------------

void etcd_client::finish(call& x, caf::expected<http_answer> answer) {
  if (!answer)
    ++failures_[x.server];
  // The callback may begin the next one, or destroy this client.
  if (!x.is_watch()) {
    auto over = std::move(question_);
    auto f = std::move(over->done);
    over.reset();
    return f(std::move(answer));
  }
  auto over = std::move(watch_);
  auto f = std::move(over->ended);
  over.reset();
  if (!answer)
    f(std::move(answer.error()));
  else if (answer->status != 200)
    f(read_error(answer->status, answer->body));
  else
    f(make_error(errc::connection_closed, "etcd closed the watch"));
}

/// Lines are told one by one, each of which may end the watch.
void etcd_client::take_bytes(std::string_view bytes) {
  auto alive = alive_;
  auto this_one = watch_->request;
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    auto part = bytes.substr(0, end);
    auto& line = watch_->line;
    if (part.size() > limits::etcd_answer_bytes_max - line.size()) {
      auto f = watch_->ended;
      watch_.reset();
      return f(make_error(errc::frame_too_long,
                          "a line of etcd's watch has more than "
                              + std::to_string(limits::etcd_answer_bytes_max)
                              + " bytes"));
    }
    line += part;
    if (end == std::string_view::npos)
      return;
    bytes.remove_prefix(end + 1);
    auto whole = std::exchange(line, {});
    auto each = watch_->each;
    if (!whole.empty())
      each(whole);
    if (!*alive || !watch_ || watch_->request != this_one)
      return;
  }
}

} // namespace sluice::actors::cluster::etcd
