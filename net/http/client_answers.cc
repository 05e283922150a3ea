#include "net/http/client_broker.h"
#include "runtime/error.h"

#include <utility>

// A client_broker's answers.

namespace sluice::net::http {

using runtime::errc;
using runtime::make_error;

namespace {

close_reason end_of(const caf::error& x) {
  switch (static_cast<errc>(x.code())) {
  case errc::frame_too_long:
    return close_reason::frame_too_long;
  case errc::truncated_frame:
    return close_reason::truncated_frame;
  default:
    return close_reason::malformed_frame;
  }
}

} // namespace

delivery client_broker::on_payload(byte_slice bytes) {
  if (!current_)
    return refuse(
        make_error(errc::malformed_frame, "bytes that nobody asked for"));
  parser_.feed(std::move(bytes));
  return read_answer();
}

/// Tells what came of the answer. A handler may end the request, or the actor,
/// at any step.
delivery client_broker::read_answer() {
  auto result = delivery::handled;
  auto tell = [&](auto event) {
    auto what = deliver(event);
    if (what == delivery::skipped || what == delivery::terminated)
      result = what;
  };
  while (current_ && state() == stream_state::open
         && result != delivery::terminated) {
    auto& x = *current_;
    switch (parser_.next()) {
    case answer_step::need_more:
      return result;
    case answer_step::hint:
      if (parser_.status() == 101)
        return refuse(make_error(errc::malformed_frame,
                                 "a change of protocol that nobody asked for"));
      if (parser_.status() == 100)
        want_body();
      else
        tell(answer_hint{x.id, parser_.status(), parser_.take_fields()});
      break;
    case answer_step::head:
      x.answered = true;
      tell(answer_head{x.id, parser_.status(), parser_.take_fields(),
                       parser_.body_size()});
      break;
    case answer_step::part:
      tell(answer_part{x.id, parser_.take_bytes()});
      break;
    case answer_step::end: {
      auto id = x.id;
      finish_answer();
      tell(answer_end{id});
      if (last_answer_ && result != delivery::terminated)
        begin_drain(close_reason::closed);
      break;
    }
    case answer_step::failed:
      return refuse(parser_.error());
    }
  }
  // Nothing was asked since, so this belongs to no answer.
  if (!current_ && parser_.has_rest() && state() == stream_state::open
      && result != delivery::terminated)
    return refuse(make_error(errc::malformed_frame, "bytes behind the answer"));
  return result;
}

/// The request is over before its end is told: the handler may look.
void client_broker::finish_answer() {
  // A server that answers before it has the whole body, or that was not given
  // one that it was promised, cannot know where the next request begins.
  last_answer_ = !parser_.keeps_alive() || current_->body != body_state::done;
  loop().timers().cancel(continue_wait_);
  current_.reset();
  arm_deadline();
}

delivery client_broker::on_peer_done() {
  last_answer_ = true;
  if (!current_)
    return delivery::unhandled;
  auto id = current_->id;
  switch (parser_.at_end()) {
  case answer_step::end: {
    finish_answer();
    answer_end event{id};
    auto what = deliver(event);
    return what == delivery::terminated ? what : delivery::unhandled;
  }
  case answer_step::failed:
    return refuse(parser_.error());
  default:
    give_back(std::move(current_),
              make_error(errc::connection_closed,
                         "the server ended the connection before it answered"));
    return delivery::unhandled;
  }
}

/// The server sent what cannot be read: nobody knows where its next answer
/// would begin.
delivery client_broker::refuse(caf::error why) {
  if (current_)
    give_back(std::move(current_), why);
  auto reason = end_of(why);
  fail(reason, 0, std::move(why));
  return delivery::handled;
}

} // namespace sluice::net::http
