#include "net/broker.h"

#include "runtime/panic.h"

namespace sluice::net {

broker::broker(caf::actor_config& cfg, event_loop& loop)
    : runtime::loop_actor(cfg, loop) {
}

broker::~broker() {
  runtime::check(!watched(), "a broker died while it was watched");
}

caf::error broker::watch(int fd) {
  if (auto err = loop().watch(fd, interest::none, *this))
    return err;
  watched_fd_ = fd;
  wanted_ = interest::none;
  hold_self();
  return {};
}

void broker::want(interest what) {
  if (!watched() || what == wanted_)
    return;
  wanted_ = what;
  auto err = loop().rewatch(watched_fd_, what, *this);
  runtime::check(!err, "a watched descriptor cannot be watched");
}

void broker::unwatch() {
  if (!watched())
    return;
  loop().unwatch(watched_fd_, *this);
  watched_fd_ = -1;
}

void broker::retire() {
  loop().flush_forget(*this);
  deadlines_.reset();
  unwatch();
  if (keep_)
    loop().release_later(std::move(keep_));
}

bool broker::may_ignore(const caf::mailbox_element& x) const {
  auto& content = x.content();
  return content.size() == 1
         && (content.match_element<backpressure>(0)
             || content.match_element<written>(0)
             || content.match_element<received>(0));
}

// -- deadlines ----------------------------------------------------------------

void broker::set_timer(runtime::duration delay, std::uint64_t token) {
  arm(timeout::user, loop().now() + delay, token);
}

void broker::cancel_timer(std::uint64_t token) {
  if (deadlines_)
    deadlines_->cancel(timeout::user, token);
}

void broker::arm(timeout which, runtime::time_point due, std::uint64_t token) {
  if (!keep_)
    return; // nobody would keep it alive until then
  if (!deadlines_)
    deadlines_ = std::make_unique<deadlines>(*this);
  deadlines_->arm(loop().timers(), which, token, due);
}

void broker::disarm(timeout which) {
  if (deadlines_)
    deadlines_->cancel(which, 0);
}

bool broker::armed(timeout which) const {
  return deadlines_ && deadlines_->armed(which, 0);
}

void broker::on_deadline(timeout which, std::uint64_t token) {
  react([&] {
    if (which != timeout::user)
      return on_timeout(which);
    timed_out event{which, token};
    deliver(event);
  });
}

// -- what the loop calls ------------------------------------------------------

void broker::on_ready(readiness what) {
  react([&] { on_event(what); });
}

void broker::on_flush() {
  settle();
}

} // namespace sluice::net
