#pragma once

// database: the actor that owns the keys. All connections run on its loop and
// call it directly, as Redis' own single thread does; its second task is to
// remove expired keys, by a timer of the loop.
//
// Thread rule: the loop's thread. Lifetime: connections hold a handle.

#include "examples/kv/session.h"
#include "runtime/loop_actor.h"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::examples::kv {

class database : public runtime::loop_actor {
public:
  database(caf::actor_config& cfg, runtime::event_loop& loop);

  /// Milliseconds since the Unix epoch, from the loop's clock.
  time_ms now() const;

  server& shared() noexcept { return shared_; }

  /// Executes one command as it came from the wire and appends the reply to
  /// `reply`; an error reply if its quotes are unbalanced.
  void execute_frame(session& self, std::string_view frame, std::string& reply);

  /// A reply's buffer, kept from one command to the next.
  std::string& scratch() noexcept { return scratch_; }

  const char* name() const override { return "kv.database"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct expiry_timer : runtime::timer {
    explicit expiry_timer(database& d) : timer(on_due), home(d) {}
    static void on_due(timer& t) noexcept;
    database& home;
  };

  void expire_some();
  void arm_expiry();

  time_ms epoch_offset_;
  server shared_;
  expiry_timer expiry_{*this};
  time_ms expiry_due_ = never;
  std::vector<std::string_view> args_;
  std::string unescaped_;
  std::string scratch_;
};

} // namespace sluice::examples::kv
