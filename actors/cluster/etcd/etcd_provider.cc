#include "actors/cluster/etcd/etcd_provider.h"

#include "actors/cluster/etcd/etcd_client.h"
#include "actors/cluster/etcd/etcd_roster.h"
#include "runtime/error.h"
#include "runtime/loop_actor.h"

#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::actors::cluster::etcd {

namespace {

/// Brings the roster's questions to etcd and its events to the node.
class provider_actor final : public runtime::loop_actor {
public:
  provider_actor(caf::actor_config& cfg, runtime::event_loop& where,
                 etcd_options options, provider_setup setup)
      : loop_actor(cfg, where),
        options_(std::move(options)),
        node_(std::move(setup.node)),
        lease_(std::move(setup.lease)),
        self_(std::move(setup.self)) {}

  const char* name() const override { return "etcd_provider"; }

protected:
  caf::behavior make_behavior() override {
    // Callbacks of the client and the timer find their actor.
    keep_ = caf::strong_actor_ptr{ctrl()};
    monitor(node_);
    set_down_handler([this](caf::down_msg&) { quit(); });
    if (auto error = options_.check()) {
      tell(provider_ended{std::move(error)});
      quit();
      return {};
    }
    auto servers = read_servers(options_.endpoints);
    roster_.emplace(self_, options_, servers->size());
    client_ = std::make_unique<etcd_client>(loop(), std::move(*servers),
                                            options_.answer_deadline());
    roster_->start(loop().now());
    go_on();
    return {
        [this](leave_cluster) {
          roster_->leave(loop().now());
          go_on();
        },
        [this](const member_unreachable& x) {
          roster_->unreachable(loop().now(), x.who);
          go_on();
        },
    };
  }

  void on_terminate() override {
    lease_->end();
    loop().timers().cancel(timer_);
    client_.reset();
    // This may be the last reference.
    if (keep_)
      loop().release_later(std::move(keep_));
  }

private:
  struct due_timer final : runtime::timer {
    explicit due_timer(provider_actor& o) noexcept : timer(on_due), owner(o) {}
    static void on_due(timer& t) noexcept {
      static_cast<due_timer&>(t).owner.react([](etcd_roster&) {});
    }
    provider_actor& owner;
  };

  /// Something happened outside of the mailbox.
  template <class F>
  void react(F f) {
    auto hold = keep_;
    run([&] {
      f(*roster_);
      go_on();
    });
  }

  void go_on() {
    auto now = loop().now();
    roster_->tick(now);
    if (auto what = roster_->ask(now))
      client_->ask(
          roster_->endpoint(), *what,
          [this](caf::expected<http_answer> x) { take(std::move(x)); });
    if (auto what = roster_->ask_for_watch(now))
      watch(*what);
    else if (!roster_->watching())
      client_->close_watch();
    if (auto until = roster_->acts_until(); until > time_point::min())
      lease_->hold_until(until);
    else
      lease_->end();
    for (auto& x : roster_->take_events())
      std::visit([this](auto& y) { tell(std::move(y)); }, x);
    if (roster_->ended())
      quit();
    else
      loop().timers().arm(timer_, roster_->due());
  }

  void take(caf::expected<http_answer> x) {
    react([&](etcd_roster& roster) {
      auto now = loop().now();
      if (x)
        roster.answer(now, x->status, x->body);
      else
        roster.fail(now, x.error());
    });
  }

  void watch(const question& what) {
    client_->watch(
        roster_->endpoint(), what,
        [this](std::string_view line) {
          react([&](etcd_roster& roster) {
            roster.watch_line(loop().now(), line);
          });
        },
        [this](const caf::error& why) {
          react([&](etcd_roster& roster) {
            roster.watch_ended(loop().now(), why);
          });
        });
  }

  template <class T>
  void tell(T x) {
    caf::actor_cast<caf::strong_actor_ptr>(node_)->enqueue(
        caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                  std::move(x)),
        &loop());
  }

  const etcd_options options_;
  const caf::actor node_;
  const std::shared_ptr<membership_lease> lease_;
  const member self_;
  caf::strong_actor_ptr keep_;
  std::optional<etcd_roster> roster_;
  std::unique_ptr<etcd_client> client_;
  due_timer timer_{*this};
};

} // namespace

provider_factory etcd_provider(etcd_options options) {
  return [options = std::move(options)](runtime::event_loop& loop,
                                        provider_setup setup) {
    return runtime::spawn_on<provider_actor>(loop, options, std::move(setup));
  };
}

} // namespace sluice::actors::cluster::etcd
