#include "net/http/client_broker.h"

#include "net/http/client_head.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

// A client_broker's requests: the queue, what is sent, and what fails.

namespace sluice::net::http {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

namespace {

/// Tokens from here on are ours.
constexpr auto own_token = std::uint64_t{1} << 63;

/// How much of a body that is there as a whole is handed to the connection at
/// once; the next piece follows when it was taken.
constexpr std::size_t piece_bytes = limits::write_high_bytes;

caf::error ended(std::string text) {
  return make_error(errc::connection_closed, std::move(text));
}

} // namespace

client_broker::client_broker(caf::actor_config& cfg, event_loop& loop,
                             stream_setup setup)
    : stream_broker(cfg, loop, std::move(setup)),
      deadline_(*this,
                [](runtime::timer& t) noexcept {
                  auto& self = static_cast<clock_hand&>(t).owner;
                  self.react([&] { self.on_deadline_due(); });
                }),
      continue_wait_(*this, [](runtime::timer& t) noexcept {
        auto& self = static_cast<clock_hand&>(t).owner;
        self.react([&] { self.want_body(); });
      }) {
}

client_broker::~client_broker() = default;

// -- asking -------------------------------------------------------------------

std::uint64_t client_broker::send(client_request what) {
  if (state() == stream_state::closed)
    return 0;
  auto x = std::make_unique<exchange>();
  x->id = ++last_id_;
  x->request = std::move(what);
  if (x->request.deadline > runtime::duration::zero())
    x->due = loop().now() + x->request.deadline;
  auto id = x->id;
  if (auto err = check_request(x->request)) {
    give_back(std::move(x), std::move(err));
  } else if (state() > stream_state::open || last_answer_) {
    give_back(std::move(x), ended("the connection is about to end"));
  } else if (waiting_.size() >= limits::http_client_queue_requests) {
    give_back(
        std::move(x),
        make_error(errc::too_many_waiting,
                   "more than "
                       + std::to_string(limits::http_client_queue_requests)
                       + " requests wait for one connection"));
  } else {
    waiting_.push_back(std::move(x));
    arm_deadline();
  }
  settle_later();
  return id;
}

void client_broker::cancel(std::uint64_t id) {
  auto why = [] { return ended("the request was taken back"); };
  if (current_ && current_->id == id)
    return give_up(why());
  auto at = std::find_if(waiting_.begin(), waiting_.end(),
                         [id](auto& x) { return x->id == id; });
  if (at == waiting_.end())
    return;
  auto x = std::move(*at);
  waiting_.erase(at);
  give_back(std::move(x), why());
  arm_deadline();
  settle_later();
}

// -- sending ------------------------------------------------------------------

void client_broker::start_next() {
  if (current_ || waiting_.empty() || last_answer_
      || state() != stream_state::open)
    return;
  current_ = std::move(waiting_.front());
  waiting_.pop_front();
  auto& x = *current_;
  parser_.begin(x.request.verb == "HEAD");
  auto host = x.request.fields.find("host");
  if (!write(head_of(x.request, host ? std::string{*host} : host_)))
    return give_up(ended("the head of the request does not fit"));
  x.sent = true;
  if (!x.request.streams_body && x.request.body.empty())
    x.body = body_state::done;
  else if (x.request.expects_continue)
    loop().timers().arm(continue_wait_,
                        loop().now() + limits::http_continue_wait);
  else
    want_body();
}

/// The server asked for the body, or has had long enough to refuse it.
void client_broker::want_body() {
  loop().timers().cancel(continue_wait_);
  if (!current_ || current_->body != body_state::held)
    return;
  current_->body = body_state::flowing;
  if (!current_->request.streams_body)
    return send_whole_body();
  body_wanted event{current_->id};
  deliver(event);
}

/// One piece after the other, so that a body may be larger than what a
/// connection queues.
void client_broker::send_whole_body() {
  auto& x = *current_;
  auto piece = x.request.body.sub(x.body_sent, piece_bytes);
  x.body_sent += piece.size();
  auto is_last = x.body_sent == x.request.body.size();
  if (is_last)
    x.body = body_state::done;
  if (!write(std::move(piece), is_last ? 0 : own_token + x.id))
    give_up(ended("a piece of the body does not fit"));
}

bool client_broker::write_body(byte_slice bytes, std::uint64_t token) {
  if (!current_ || !current_->request.streams_body
      || current_->body != body_state::flowing)
    return false;
  auto& x = *current_;
  if (x.request.body_size) {
    if (bytes.size() > *x.request.body_size - x.body_sent)
      return false;
    auto size = bytes.size();
    if (!write(std::move(bytes), token))
      return false;
    x.body_sent += size;
    return true;
  }
  if (bytes.empty()) // an empty chunk would be the last
    return write(std::move(bytes), token);
  std::array<char, 18> size{};
  auto end = std::to_chars(size.data(), size.data() + 16, bytes.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return write_enveloped({size.data(), end}, std::move(bytes), "\r\n", token);
}

void client_broker::end_body() {
  if (!current_ || !current_->request.streams_body
      || current_->body != body_state::flowing)
    return;
  auto& x = *current_;
  x.body = body_state::done;
  if (!x.request.body_size) {
    if (!write(std::string_view{"0\r\n\r\n"}))
      give_up(ended("the end of the body does not fit"));
  } else if (x.body_sent < *x.request.body_size) {
    give_up(ended("the body has " + std::to_string(x.body_sent)
                  + " bytes in place of "
                  + std::to_string(*x.request.body_size)));
  }
}

bool client_broker::intercept(caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.size() == 1
      && (content.match_element<net::write>(0)
          || content.match_element<net::write_frame>(0))) {
    refuse_write(x, reject_reason::bad_frame);
    return true;
  }
  if (content.size() == 1 && content.match_element<written>(0)) {
    auto token = content.get_as<written>(0).token;
    if (token >= own_token) {
      if (current_ && token == own_token + current_->id
          && current_->body == body_state::flowing)
        send_whole_body();
      return true;
    }
  }
  return stream_broker::intercept(x);
}

// -- failing ------------------------------------------------------------------

void client_broker::give_back(std::unique_ptr<exchange> x, caf::error reason) {
  auto repeatable =
      !x->sent || (!x->answered && is_idempotent(x->request.verb));
  failures_.push_back(
      {x->id, repeatable, std::move(reason), std::move(x->request)});
}

/// Ends the connection: what was asked cannot be taken back in another way.
void client_broker::give_up(caf::error reason) {
  if (current_)
    give_back(std::move(current_), reason);
  fail(close_reason::aborted, 0, std::move(reason));
}

/// Those that there are; what a handler asks meanwhile, and fails at once, has
/// to wait for the next turn, or a behavior that asks again would never end.
void client_broker::deliver_failures() {
  for (auto left = failures_.size(); left > 0 && !failures_.empty(); --left) {
    auto event = std::move(failures_.front());
    failures_.pop_front();
    if (deliver(event) == delivery::terminated)
      failures_.clear();
  }
  if (!failures_.empty())
    settle_later();
}

/// Whatever ends the connection, what became of the requests is told before.
delivery client_broker::on_closed(closed& what) {
  loop().timers().cancel(deadline_);
  loop().timers().cancel(continue_wait_);
  auto reason = [&] {
    return what.error ? what.error : ended("the connection has ended");
  };
  if (current_)
    give_back(std::move(current_), reason());
  for (auto& x : waiting_)
    give_back(std::move(x), reason());
  waiting_.clear();
  deliver_failures();
  return stream_broker::on_closed(what);
}

// -- deadlines ----------------------------------------------------------------

/// One timer, for whichever is due first.
void client_broker::arm_deadline() {
  auto first = current_ ? current_->due : runtime::time_point::max();
  for (auto& x : waiting_)
    first = std::min(first, x->due);
  if (first == runtime::time_point::max())
    loop().timers().cancel(deadline_);
  else if (!deadline_.armed() || deadline_.due() != first)
    loop().timers().arm(deadline_, first);
}

void client_broker::on_deadline_due() {
  auto late = [now = loop().now()](const std::unique_ptr<exchange>& x) {
    return x && x->due <= now;
  };
  auto why = [] {
    return make_error(errc::connection_closed, "no answer within its deadline");
  };
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (!late(*at)) {
      ++at;
      continue;
    }
    auto x = std::move(*at);
    at = waiting_.erase(at);
    give_back(std::move(x), why());
  }
  if (late(current_))
    give_up(why());
  else
    arm_deadline();
}

// -- the order of things ------------------------------------------------------

delivery client_broker::on_connected(connected& what) {
  if (host_.empty())
    host_ = host_of(what.remote);
  return stream_broker::on_connected(what);
}

void client_broker::settle() {
  deliver_failures();
  start_next();
  stream_broker::settle();
}

} // namespace sluice::net::http
