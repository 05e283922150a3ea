#include "examples/kv/database.h"

#include "examples/kv/commands.h"
#include "net/resp.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace sluice::examples::kv {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

/// Keys removed per turn of the expiry timer: a million keys that expire at
/// once must not hold up the clients.
constexpr std::size_t expiry_budget_keys = 1000;

time_ms to_ms(auto since_epoch) {
  return duration_cast<milliseconds>(since_epoch).count();
}

} // namespace

database::database(caf::actor_config& cfg, runtime::event_loop& loop)
    : runtime::loop_actor(cfg, loop),
      epoch_offset_(to_ms(std::chrono::system_clock::now().time_since_epoch())
                    - to_ms(loop.now().time_since_epoch())),
      shared_(now()) {
  shared_.process_id = getpid();
}

time_ms database::now() const {
  return to_ms(loop().now().time_since_epoch()) + epoch_offset_;
}

caf::behavior database::make_behavior() {
  // It lives until the loop ends. All that it is ever sent is the port that its
  // clients come to, for INFO.
  return {[this](std::uint16_t port) { shared_.port = port; }};
}

void database::on_exit() {
  loop().timers().cancel(expiry_);
}

void database::execute_frame(session& self, std::string_view frame,
                             std::string& reply) {
  auto wrong = net::split_command(frame, args_, unescaped_);
  if (!wrong.empty()) {
    net::append_error(reply, "ERR " + std::string{wrong});
    self.closing = true;
    return;
  }
  execute(self, args_, now(), reply);
  arm_expiry();
}

// -- expiry -------------------------------------------------------------------

void database::arm_expiry() {
  auto due = shared_.keys->next_expiry();
  if (due == expiry_due_)
    return;
  expiry_due_ = due;
  auto& timers = loop().timers();
  if (due == never)
    return timers.cancel(expiry_);
  // A deadline may be centuries away; the wheel need not know how many.
  auto wait = std::clamp<time_ms>(due - now(), 0, time_ms{1} << 40);
  timers.arm(expiry_, loop().now() + milliseconds{wait});
}

void database::expiry_timer::on_due(timer& t) noexcept {
  static_cast<expiry_timer&>(t).home.expire_some();
}

void database::expire_some() {
  shared_.keys->expire_due(now(), expiry_budget_keys);
  expiry_due_ = never;
  arm_expiry();
}

} // namespace sluice::examples::kv
