// A datagram_broker in simulated worlds with all their faults, several actors
// writing to it: every datagram has exactly one fate, whoever was told to slow
// down is told to go on, and what arrives is what was sent.

#include "net/datagram.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_runtime.h"

#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using runtime::limits::datagram_bytes_max;
using runtime::limits::datagram_overhead_bytes;
using testing::sim_runtime;
using testing::sim_settings;
using testing::sim_world;

using tick = caf::atom_constant<caf::atom("tick")>;

constexpr std::size_t head_bytes = 8;

/// A datagram that says who wrote it and which one it is.
std::string make_text(std::uint32_t writer, std::uint32_t number,
                      std::size_t size) {
  std::string result(std::max(size, head_bytes), '\0');
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<char>(i * 7 + number);
  std::memcpy(result.data(), &writer, 4);
  std::memcpy(result.data() + 4, &number, 4);
  return result;
}

std::pair<std::uint32_t, std::uint32_t> read_head(std::string_view text) {
  std::pair<std::uint32_t, std::uint32_t> result;
  std::memcpy(&result.first, text.data(), 4);
  std::memcpy(&result.second, text.data() + 4, 4);
  return result;
}

/// What became of the datagrams of one writer.
struct ledger {
  std::uint32_t id = 0;
  std::uint32_t limit = 0;
  bool obeys = true;
  bool pressed = false;
  std::vector<std::string> sent; // by number; the token is one more
  std::map<std::uint64_t, int> fates;

  bool may_send() const { return sent.size() < limit && !(obeys && pressed); }
};

/// One world: a broker that sends, one that receives, and some writers.
class story {
public:
  explicit story(std::uint64_t seed)
      : world_(seed), run_(world_, 1 + world_.random().below(2)) {}

  void play() {
    auto& random = world_.random();
    kind_ = random.below(3);
    connects_ = random.below(2) == 0;
    open_receiver();
    open_sender();
    run_.after_step = [this] { check_balance(); };
    auto writers = 1 + static_cast<std::uint32_t>(random.below(3));
    for (std::uint32_t id = 1; id <= writers; ++id)
      start_writer(id);
    if (random.below(6) == 0) {
      run_.during(random.between(1ms, 30ms));
      caf::anon_send(receiver_, net::close{});
      receiver_closed_ = true;
    }
    run_.during(random.between(0ms, 300ms));
    end_sender();
    run_.during(60s);
    check_fates();
    run_.after_step = {};
    sender_ = nullptr;
    receiver_ = nullptr;
  }

private:
  std::string place(std::string_view name) const {
    return kind_ == 0   ? "udp://127.0.0.1:0"
           : kind_ == 1 ? "udp://[::1]:0"
                        : "unixgram://@" + std::string{name};
  }

  event_loop& any_loop() {
    return run_.loop(world_.random().below(run_.loops()));
  }

  /// A shortage of descriptors passes.
  template <class F>
  opened_socket open(std::string_view name, F f, datagram_options options) {
    for (;;) {
      auto result = open_datagram(any_loop(), place(name), f, options);
      if (result)
        return std::move(*result);
      world_.advance(10ms);
    }
  }

  void open_receiver() {
    auto behavior = [this](datagram_broker* self) {
      return caf::behavior{
          [this, self](const datagram& x) {
            on_received(x);
            auto& random = world_.random();
            if (random.below(20) != 0)
              return;
            self->read_paused();
            self->set_timer(random.between(1ms, 100ms));
          },
          [self](timed_out) { self->read_flowing(); },
      };
    };
    auto result = open("receiver", behavior, {});
    receiver_ = result.actor;
    target_ = result.local;
  }

  void open_sender() {
    auto& random = world_.random();
    datagram_options options;
    auto high = random.size_between(2 * datagram_overhead_bytes, 64 * 1024);
    options.write_marks = {high, random.size_between(1, high - 1)};
    options.write_cap_bytes = high + random.size_between(1, 256 * 1024);
    options.on_overflow = static_cast<overflow>(random.below(4));
    if (random.below(2) == 0)
      options.expiry = random.between(1ms, 200ms);
    if (connects_)
      options.connect_to = to_string(target_);
    auto& own = new_ledger(0);
    auto behavior = [this, &own](datagram_broker* self) {
      self_ = self;
      self->set_timer(1ms);
      return caf::behavior{
          [this, &own, self](timed_out x) {
            if (x.which != timeout::user)
              return;
            auto& r = world_.random();
            for (auto n = r.below(4); n > 0 && own.may_send(); --n) {
              auto what = next_of(own);
              self->send_datagram(what.bytes, what.to, what.token);
            }
            self->set_timer(r.between(0ms, 5ms));
          },
          [this, &own](const written& x) { note(own, x); },
          [this, &own](const rejected& x) { note(own, x); },
          [&own](const backpressure& x) { note(own, x); },
          [this](const undelivered& x) {
            EXPECT_TRUE(receiver_closed_) << x.os_error;
          },
          [this](const closed&) { ++closed_; },
          [](tick) { throw std::runtime_error{"a handler throws"}; },
      };
    };
    sender_ = open("sender", behavior, options).actor;
  }

  ledger& new_ledger(std::uint32_t id) {
    auto& random = world_.random();
    ledgers_.push_back(std::make_unique<ledger>());
    auto& x = *ledgers_.back();
    x.id = id;
    x.limit = static_cast<std::uint32_t>(random.size_between(1, 100));
    x.obeys = random.below(2) == 0;
    return x;
  }

  void start_writer(std::uint32_t id) {
    auto& own = new_ledger(id);
    runtime::spawn_on(
        any_loop(), [this, &own](runtime::loop_actor* self) -> caf::behavior {
          self->send(self, tick::value);
          return {
              [this, &own, self](tick) {
                auto& r = world_.random();
                for (auto n = r.below(8); n > 0 && own.may_send(); --n)
                  self->send(sender_, next_of(own));
                if (own.sent.size() < own.limit)
                  self->delayed_send(self, r.between(1ms, 10ms), tick::value);
              },
              [this, &own](const written& x) { note(own, x); },
              [this, &own](const rejected& x) { note(own, x); },
              [&own](const backpressure& x) { note(own, x); },
          };
        });
  }

  net::send_datagram next_of(ledger& own) {
    auto& random = world_.random();
    auto size = random.below(20) == 0
                    ? random.size_between(1, datagram_bytes_max + 10)
                    : random.size_between(1, 3'000);
    auto number = static_cast<std::uint32_t>(own.sent.size());
    own.sent.push_back(make_text(own.id, number, size));
    return {byte_slice::copy(own.sent.back()), target_, number + 1u};
  }

  void end_sender() {
    switch (world_.random().below(5)) {
    case 0:
      return caf::anon_send(sender_, net::close{close_mode::abort});
    case 1:
      return caf::anon_send(sender_, tick::value);
    case 2:
      return caf::anon_send_exit(sender_, caf::exit_reason::user_shutdown);
    default:
      return caf::anon_send(sender_, net::close{});
    }
  }

  // -- what must hold ---------------------------------------------------------

  void on_received(const datagram& x) {
    ASSERT_GE(x.bytes.size(), head_bytes);
    EXPECT_FALSE(x.truncated);
    auto [id, number] = read_head(x.bytes.view());
    ASSERT_LT(id, ledgers_.size());
    auto& own = *ledgers_[id];
    ASSERT_LT(number, own.sent.size());
    EXPECT_EQ(x.bytes.view(), own.sent[number]) << "changed on the way";
    ++received_;
    if (kind_ < 2)
      return;
    EXPECT_TRUE(!last_.contains(id) || last_[id] < number)
        << "a Unix socket keeps the order of a sender";
    last_[id] = number;
  }

  static void note(ledger& own, const written& x) { ++own.fates[x.token]; }

  static void note(ledger& own, const rejected& x) {
    ++own.fates[x.token];
    EXPECT_EQ(x.bytes.view(), own.sent[x.token - 1]) << "not what was written";
  }

  static void note(ledger& own, const backpressure& x) {
    auto pressed = x.state != runtime::pressure::released;
    EXPECT_TRUE(x.state == runtime::pressure::stalled || own.pressed != pressed)
        << "told " << to_string(x.state) << " twice";
    own.pressed = pressed;
  }

  void check_balance() {
    if (self_ == nullptr)
      return;
    auto& c = self_->counts();
    auto q = self_->queued();
    ASSERT_EQ(c.accepted.datagrams,
              c.written.datagrams + q.datagrams + c.returned.datagrams);
    ASSERT_EQ(c.accepted.bytes, c.written.bytes + q.bytes + c.returned.bytes);
    ASSERT_LE(q.bytes + q.datagrams * datagram_overhead_bytes,
              self_->options().write_cap_bytes);
  }

  void check_fates() {
    EXPECT_EQ(self_->state(), datagram_state::closed);
    EXPECT_EQ(self_->queued().datagrams, 0u);
    EXPECT_LE(closed_, 1);
    for (auto& own : ledgers_) {
      // The broker's own behavior does not live to see what comes at its end.
      auto survives = own->id != 0;
      EXPECT_FALSE(survives && own->pressed) << "writer " << own->id;
      for (std::uint64_t token = 1; token <= own->sent.size(); ++token) {
        auto fates = own->fates.contains(token) ? own->fates[token] : 0;
        EXPECT_TRUE(fates == 1 || (!survives && fates == 0))
            << "datagram " << token << " of writer " << own->id << " has "
            << fates << " fates";
      }
    }
    if (kind_ == 2 && !receiver_closed_) {
      EXPECT_EQ(received_, self_->counts().written.datagrams)
          << "a Unix socket loses nothing";
    }
  }

  sim_world world_;
  std::uint64_t kind_ = 0;
  bool connects_ = false;
  bool receiver_closed_ = false;
  int closed_ = 0;
  std::uint64_t received_ = 0;
  std::map<std::uint32_t, std::uint32_t> last_;  // by writer
  std::vector<std::unique_ptr<ledger>> ledgers_; // by writer
  endpoint target_;
  caf::actor receiver_;
  caf::actor sender_;
  datagram_broker* self_ = nullptr;
  sim_runtime run_; // ends first: its actors use the rest
};

TEST(datagram_broker_sim_test, every_datagram_has_one_fate) {
  testing::for_each_seed(1'000, [](std::uint64_t seed) { story{seed}.play(); });
}

// -- single faults ------------------------------------------------------------

TEST(datagram_broker_sim_test, want_of_buffers_is_waited_for) {
  auto settings = sim_settings::calm();
  settings.faults.no_buffers = 900;
  sim_world world{1, settings};
  sim_runtime run{world};
  std::vector<std::string> got;
  auto receiver = open_datagram(
      run.loop(), "udp://127.0.0.1:0", [&](datagram_broker*) -> caf::behavior {
        return {[&](const datagram& x) { got.push_back(x.bytes.str()); }};
      });
  ASSERT_TRUE(receiver);
  auto to = receiver->local;
  datagram_broker* sender = nullptr;
  auto result = open_datagram(run.loop(), "udp://127.0.0.1:0",
                              [&](datagram_broker* self) -> caf::behavior {
                                sender = self;
                                return {[&, self](int) {
                                  for (auto text : {"a", "b", "c", "d"})
                                    EXPECT_TRUE(self->send_datagram(text, to));
                                }};
                              });
  ASSERT_TRUE(result);
  caf::anon_send(result->actor, 1);
  EXPECT_TRUE(run.until([&] { return got.size() == 4; }));
  EXPECT_EQ(got, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(sender->counts().written.datagrams, 4u);
}

TEST(datagram_broker_sim_test, unreachable_network_hands_back) {
  sim_world world{1, sim_settings::calm()};
  world.network().set_absence("10.0.0.9", testing::absence::no_route);
  sim_runtime run{world};
  std::string told;
  auto result = open_datagram(
      run.loop(), "udp://127.0.0.1:0",
      [&](datagram_broker* self) -> caf::behavior {
        return {[=](int) {
                  self->send_datagram("x",
                                      *endpoint::parse("udp://10.0.0.9:1"));
                },
                [&](const rejected& x) {
                  told = to_string(x.reason) + " " + to_string(x.to) + " "
                         + ::strerrorname_np(x.os_error);
                }};
      });
  ASSERT_TRUE(result);
  caf::anon_send(result->actor, 1);
  EXPECT_TRUE(run.until([&] { return !told.empty(); }));
  EXPECT_EQ(told, "unreachable udp://10.0.0.9:1 ENETUNREACH");
}

} // namespace
} // namespace sluice::net
