#include "actors/cluster/etcd/http_session.h"

#include "runtime/error.h"
#include "runtime/panic.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::actors::cluster::etcd {

using runtime::errc;
using runtime::event_loop;
using runtime::interest;
using runtime::make_error;
using runtime::readiness;

namespace {

/// How long a connection may be idle before the kernel asks whether the other
/// side is still there, and how often: a stream may be silent for long.
constexpr long keepalive_idle_seconds = 5;
constexpr long keepalive_interval_seconds = 2;

struct free_easy {
  void operator()(CURL* x) const noexcept { curl_easy_cleanup(x); }
};

struct free_list {
  void operator()(curl_slist* x) const noexcept { curl_slist_free_all(x); }
};

using easy_ptr = std::unique_ptr<CURL, free_easy>;
using list_ptr = std::unique_ptr<curl_slist, free_list>;

/// One request. curl writes into it; what came is told when curl has returned.
struct transfer {
  http_session::request_id id = 0;
  easy_ptr easy;
  list_ptr headers;
  list_ptr connect_to;
  std::string url;
  std::string body; // of the request
  std::size_t bytes_max = 0;
  std::string received;
  bool overflow = false;
  http_session::on_bytes each; // streams only
  http_session::on_answer done;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  std::optional<CURLcode> result;

  long status() const {
    long result_status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &result_status);
    return result_status;
  }
};

class curl_session final : public http_session, public runtime::flushable {
public:
  explicit curl_session(event_loop& loop) : loop_(loop) {
    static const auto library = curl_global_init(CURL_GLOBAL_DEFAULT);
    runtime::check(library == CURLE_OK, "libcurl cannot be initialized");
    multi_ = curl_multi_init();
    runtime::check(multi_ != nullptr, "libcurl has no memory");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  ~curl_session() override {
    closing_ = true;
    *alive_ = false;
    loop_.flush_forget(*this);
    loop_.timers().cancel(timer_);
    for (auto& x : sockets_)
      loop_.unwatch(x->fd, *x);
    for (auto& [id, x] : transfers_)
      curl_multi_remove_handle(multi_, x->easy.get());
    transfers_.clear();
    curl_multi_cleanup(multi_);
  }

  request_id post(const http_request& what, std::size_t bytes_max,
                  on_answer f) override {
    return begin(what, bytes_max, {}, std::move(f));
  }

  request_id stream(const http_request& what, std::size_t bytes_max,
                    on_bytes each, on_end f) override {
    return begin(what, bytes_max, std::move(each), std::move(f));
  }

  void cancel(request_id id) override {
    auto found = transfers_.find(id);
    if (found == transfers_.end())
      return;
    auto x = std::move(found->second);
    transfers_.erase(found);
    if (!x->result)
      curl_multi_remove_handle(multi_, x->easy.get());
  }

  void on_flush() override { tell(); }

private:
  struct watched_socket final : runtime::io_handler {
    watched_socket(curl_session& o, curl_socket_t f) : owner(o), fd(f) {}

    // curl may close the socket, and destroy this handler, meanwhile.
    void on_ready(readiness what) override {
      int mask = 0;
      // An error is found by whoever reads or writes.
      if (what.readable || what.hung_up)
        mask |= CURL_CSELECT_IN;
      if (what.writable)
        mask |= CURL_CSELECT_OUT;
      if (what.failed)
        mask |= CURL_CSELECT_ERR;
      owner.act(fd, mask);
    }

    curl_session& owner;
    curl_socket_t fd;
  };

  struct due_timer final : runtime::timer {
    explicit due_timer(curl_session& o) noexcept : timer(on_due), owner(o) {}
    static void on_due(timer& t) noexcept {
      static_cast<due_timer&>(t).owner.act(CURL_SOCKET_TIMEOUT, 0);
    }
    curl_session& owner;
  };

  // -- requests ---------------------------------------------------------------

  request_id begin(const http_request& what, std::size_t bytes_max,
                   on_bytes each, on_answer f) {
    auto x = std::make_unique<transfer>();
    x->id = ++last_id_;
    x->url = what.url;
    x->body = what.body;
    x->bytes_max = bytes_max;
    x->each = std::move(each);
    x->done = std::move(f);
    x->easy.reset(curl_easy_init());
    runtime::check(x->easy != nullptr, "libcurl has no memory");
    set_up(*x, what);
    auto& added = *transfers_.emplace(x->id, std::move(x)).first->second;
    if (auto n = curl_multi_add_handle(multi_, added.easy.get());
        n != CURLM_OK) {
      added.result = CURLE_FAILED_INIT;
      loop_.flush_later(*this);
    }
    return added.id;
  }

  void set_up(transfer& x, const http_request& what) {
    auto easy = x.easy.get();
    auto set = [&](CURLoption option, auto value) {
      auto n = curl_easy_setopt(easy, option, value);
      runtime::check(n == CURLE_OK, "libcurl does not know an option");
    };
    x.headers.reset(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    if (!what.address.empty()) {
      x.connect_to.reset(
          curl_slist_append(nullptr, ("::" + what.address).c_str()));
      set(CURLOPT_CONNECT_TO, x.connect_to.get());
    }
    set(CURLOPT_URL, x.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http");
    set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_POSTFIELDS, x.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(x.body.size()));
    set(CURLOPT_HTTPHEADER, x.headers.get());
    set(CURLOPT_ERRORBUFFER, x.error_text.data());
    set(CURLOPT_PRIVATE, static_cast<void*>(&x));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&x));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_TCP_KEEPIDLE, keepalive_idle_seconds);
    set(CURLOPT_TCP_KEEPINTVL, keepalive_interval_seconds);
    using std::chrono::milliseconds;
    auto wait = std::chrono::ceil<milliseconds>(what.deadline).count();
    // 0 would be for ever.
    set(x.each ? CURLOPT_CONNECTTIMEOUT_MS : CURLOPT_TIMEOUT_MS,
        static_cast<long>(std::max<milliseconds::rep>(wait, 1)));
  }

  // -- curl calls these, and must not be called from inside of them -----------

  static std::size_t on_body(char* bytes, std::size_t, std::size_t count,
                             void* self) {
    auto& x = *static_cast<transfer*>(self);
    if (count > x.bytes_max - std::min(x.bytes_max, x.received.size())) {
      x.overflow = true;
      return 0;
    }
    x.received.append(bytes, count);
    return count;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& session = *static_cast<curl_session*>(self);
    if (session.closing_)
      return 0;
    auto& timers = session.loop_.timers();
    if (milliseconds < 0)
      timers.cancel(session.timer_);
    else
      timers.arm(session.timer_,
                 session.loop_.now() + std::chrono::milliseconds{milliseconds});
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    auto& session = *static_cast<curl_session*>(self);
    if (!session.closing_)
      session.watch(fd, what);
    return 0;
  }

  void watch(curl_socket_t fd, int what) {
    auto wanted = interest::none;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
      wanted = wanted | interest::read;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
      wanted = wanted | interest::write;
    auto found = std::ranges::find_if(
        sockets_, [&](const auto& x) { return x->fd == fd; });
    // If a socket cannot be watched, the deadline ends what it is for.
    if (what == CURL_POLL_REMOVE) {
      if (found == sockets_.end())
        return;
      loop_.unwatch(fd, **found);
      sockets_.erase(found);
    } else if (found != sockets_.end()) {
      loop_.rewatch(fd, wanted, **found);
    } else {
      auto handler = std::make_unique<watched_socket>(*this, fd);
      if (!loop_.watch(fd, wanted, *handler))
        sockets_.push_back(std::move(handler));
    }
  }

  // -- what came --------------------------------------------------------------

  void act(curl_socket_t fd, int mask) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, mask, &running);
    int left = 0;
    while (auto message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto easy = message->easy_handle;
      auto result = message->data.result; // gone with the next call
      transfer* x = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x);
      curl_multi_remove_handle(multi_, easy);
      x->result = result;
    }
    tell();
  }

  /// Tells whoever has something new. A callback may change everything.
  void tell() {
    std::vector<request_id> all;
    for (auto& [id, x] : transfers_)
      if (x->result || (x->each && !x->received.empty()))
        all.push_back(id);
    auto alive = alive_;
    for (auto id : all) {
      tell_bytes(id);
      if (!*alive)
        return;
      tell_end(id);
      if (!*alive)
        return;
    }
  }

  void tell_bytes(request_id id) {
    auto found = transfers_.find(id);
    if (found == transfers_.end())
      return;
    auto& x = *found->second;
    if (!x.each || x.received.empty() || x.status() != 200)
      return;
    auto bytes = std::exchange(x.received, {});
    auto each = x.each; // lives on if the request is cancelled
    each(bytes);
  }

  void tell_end(request_id id) {
    auto found = transfers_.find(id);
    if (found == transfers_.end() || !found->second->result)
      return;
    auto x = std::move(found->second);
    transfers_.erase(found);
    if (x->overflow)
      x->done(make_error(errc::frame_too_long,
                         x->url + ": the answer has more than "
                             + std::to_string(x->bytes_max) + " bytes"));
    else if (*x->result != CURLE_OK)
      x->done(make_error(errc::connect_failed,
                         x->url + ": "
                             + (x->error_text[0] != '\0'
                                    ? x->error_text.data()
                                    : curl_easy_strerror(*x->result))));
    else
      x->done(http_answer{x->status(), std::move(x->received)});
  }

  event_loop& loop_;
  CURLM* multi_ = nullptr;
  bool closing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  due_timer timer_{*this};
  std::vector<std::unique_ptr<watched_socket>> sockets_;
  std::map<request_id, std::unique_ptr<transfer>> transfers_;
  request_id last_id_ = 0;
};

} // namespace

std::unique_ptr<http_session> http_session::make(event_loop& loop) {
  return std::make_unique<curl_session>(loop);
}

} // namespace sluice::actors::cluster::etcd
