#include "net/fd_broker.h"

#include "runtime/error.h"
#include "runtime/panic.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>

namespace sluice::net {

using runtime::errc;
using runtime::errno_text;
using runtime::make_error;
using runtime::to_text;
using runtime::wants;

namespace {

bool is_always_ready(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0
         && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

} // namespace

fd_broker::fd_broker(caf::actor_config& cfg, event_loop& loop, int fd,
                     ownership whose)
    : broker(cfg, loop), fd_(fd) {
  if (whose == ownership::owned)
    owned_ = socket{loop.sockets(), fd};
}

fd_broker::~fd_broker() {
  runtime::check(!watching_, "a broker died while it was watched");
}

bool fd_broker::intercept(caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.size() != 1 || !content.match_element<net::close>(0))
    return false;
  close();
  return true;
}

bool fd_broker::may_ignore(const caf::mailbox_element& x) const {
  auto& content = x.content();
  return broker::may_ignore(x)
         || (content.size() == 1
             && (content.match_element<readable>(0)
                 || content.match_element<writable>(0)));
}

// -- what is watched ----------------------------------------------------------

void fd_broker::on_start() {
  hold_self();
  // The behavior is not made yet; `settle` begins to watch.
  settle_later();
}

void fd_broker::want(interest what) {
  if (ended_)
    return;
  wanted_ = what;
  hung_up_ = hung_up_ && what == interest::none;
  settle_later();
}

void fd_broker::rewatch_fd(int fd, ownership whose) {
  if (ended_)
    return;
  forget_fd(); // at once: whose it is may be about to close it
  fd_ = fd;
  if (whose == ownership::owned)
    owned_ = socket{loop().sockets(), fd};
  settle_later();
}

void fd_broker::forget_fd() {
  if (watching_)
    loop().unwatch(fd_, *this);
  watching_ = false;
  hung_up_ = false;
  owned_.close();
  fd_ = -1;
}

void fd_broker::apply_interest() {
  auto watched = fd_ >= 0 && !hung_up_ && !awaiting_;
  if (watching_ && !watched) {
    loop().unwatch(fd_, *this);
    watching_ = false;
  }
  if (!watched || (watching_ && applied_ == wanted_))
    return;
  auto error = watching_ ? loop().rewatch(fd_, wanted_, *this)
                         : loop().watch(fd_, wanted_, *this);
  if (!error) {
    watching_ = true;
    applied_ = wanted_;
    return;
  }
  if (is_always_ready(fd_))
    fail(close_reason::system_error, EPERM,
         make_error(errc::system_error,
                    "descriptor " + std::to_string(fd_)
                        + " is a file, which is always ready and cannot be "
                          "watched: "
                        + errno_text(EPERM)));
  else
    fail(close_reason::system_error, 0, std::move(error));
}

void fd_broker::settle() {
  if (!ended_ && !ending_)
    apply_interest();
  if (!ended_ && ending_)
    end();
}

// -- events -------------------------------------------------------------------

void fd_broker::on_event(readiness what) {
  auto fd = fd_;
  // What failed does not make anybody wait: the error is there to be found.
  auto reads = what.readable || what.failed;
  auto writes = what.writable || what.failed || what.hung_up;
  if (what.hung_up && !reads && wants(wanted_, interest::read)) {
    fail(close_reason::peer_closed);
  } else if (wanted_ == interest::none) {
    on_nothing_to_report(what);
  } else {
    if (reads && wants(wanted_, interest::read))
      report<readable>(interest::read);
    // The handler may have changed everything.
    if (writes && watching_ && fd_ == fd && !awaiting_ && !ending_
        && wants(wanted_, interest::write))
      report<writable>(interest::write);
  }
}

template <class Event>
void fd_broker::report(interest about) {
  Event event{fd_};
  switch (deliver(event)) {
  case delivery::skipped:
    awaiting_ = true; // do not fill the mailbox with the same event
    break;
  case delivery::unhandled:
    want(wanted_ - about); // or it would come for ever
    break;
  default:
    break;
  }
}

void fd_broker::on_nothing_to_report(readiness what) {
  if (what.failed) {
    auto error = loop().sockets().take_error(fd_);
    // Of what is no socket only pipes and their like fail: nobody reads them.
    fail(close_reason::system_error, error == ENOTSOCK ? EPIPE : error);
  } else if (what.hung_up) {
    hung_up_ = true;
  }
}

void fd_broker::on_caught_up() {
  if (!awaiting_)
    return;
  awaiting_ = false;
  settle_later();
}

void fd_broker::on_timeout(timeout) {
  // Has no deadlines but the user's.
}

// -- the end ------------------------------------------------------------------

void fd_broker::close() {
  fail(close_reason::closed);
}

void fd_broker::fail(close_reason reason, int os_error, caf::error error) {
  if (ended_ || ending_)
    return;
  if (!error && !is_orderly(reason))
    error = make_error(
        errc::connection_closed,
        "descriptor " + std::to_string(fd_) + ": " + to_string(reason)
            + (os_error != 0 ? ": " + errno_text(os_error) : std::string{}));
  ending_ = closed{reason, os_error, 0, std::move(error)};
  settle_later();
}

void fd_broker::end() {
  ended_ = true;
  forget_fd();
  retire();
  auto event = std::move(*ending_);
  deliver(event);
  run([&] { quit(std::move(event.error)); });
}

void fd_broker::on_terminate() {
  if (ended_)
    return;
  ended_ = true;
  forget_fd();
  retire();
}

void fd_broker::on_loop_stopping() {
  fail(close_reason::shut_down);
}

void fd_broker::on_loop_aborting() {
  fail(close_reason::shut_down);
  settle();
}

} // namespace sluice::net
