// A stream_broker and the actors that write to it on the simulated kernel,
// through thousands of seeds: bytes are accounted for after every step, and at
// the end each write has reached the peer or come back.

#include "net/listen.h"
#include "tests/simulation/numbered_writes.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

using net::backpressure;
using net::pressure;
using net::stream_broker;

/// What one sender did and was told.
struct sender_log {
  std::uint32_t id = 0;
  std::map<std::uint32_t, std::size_t> sent; // number -> size
  std::set<std::uint32_t> returned;          // whole
  std::vector<std::string> rests;            // the ends of writes
  std::set<std::uint64_t> acknowledged;      // tokens of `written`
  std::set<std::uint64_t> tokens;            // asked for
  std::uint64_t last_sequence = 0;
  bool pressed = false;
  std::uint64_t presses = 0;
  std::string fault;

  void note(const backpressure& x) {
    if (x.sequence <= last_sequence)
      fault = "a signal came out of order";
    last_sequence = x.sequence;
    switch (x.state) {
    case pressure::applied:
      if (pressed)
        fault = "applied twice";
      pressed = true;
      ++presses;
      break;
    case pressure::stalled:
      if (!pressed)
        fault = "stalled without applied";
      break;
    case pressure::released:
      if (!pressed)
        fault = "released without applied";
      pressed = false;
      break;
    }
  }

  void note(const net::rejected& x) {
    auto bytes = x.bytes.view();
    write_header header;
    bool torn = false;
    // Adjoining writes come back as one.
    while (take_write(bytes, header, torn)) {
      if (header.sender != id || sent.count(header.number) == 0)
        fault = "got back what somebody else wrote";
      else if (!returned.insert(header.number).second)
        fault = "a write came back twice";
    }
    if (!bytes.empty())
      rests.emplace_back(bytes);
  }
};

struct plan {
  std::size_t writes;
  std::size_t size_max;
  bool obeys; // stops while it is under pressure
  bool asks;  // for `written`
  duration_range pause;
};

/// An actor that writes to a broker.
class writer : public runtime::loop_actor {
public:
  writer(caf::actor_config& cfg, runtime::event_loop& loop, caf::actor to,
         plan p, sender_log& log, sim_world& world)
      : runtime::loop_actor(cfg, loop),
        to_(std::move(to)),
        plan_(p),
        log_(log),
        world_(world) {}

  caf::behavior make_behavior() override {
    send(this, caf::ok_atom::value);
    return {
        [this](caf::ok_atom) { go_on(); },
        [this](const backpressure& x) {
          log_.note(x);
          if (x.state == pressure::released && waiting_) {
            waiting_ = false;
            go_on();
          }
        },
        [this](const net::rejected& x) { log_.note(x); },
        [this](const net::written& x) {
          if (!log_.tokens.count(x.token)
              || !log_.acknowledged.insert(x.token).second)
            log_.fault = "a write was acknowledged twice, or never asked for";
        },
    };
  }

private:
  void go_on() {
    auto& random = world_.random();
    auto burst = random.between(1, 8);
    for (; burst > 0 && log_.sent.size() < plan_.writes; --burst) {
      if (plan_.obeys && log_.pressed) {
        waiting_ = true;
        return;
      }
      auto number = static_cast<std::uint32_t>(log_.sent.size() + 1);
      auto bytes =
          make_write(log_.id, number, random.size_between(1, plan_.size_max));
      log_.sent[number] = bytes.size();
      std::uint64_t token = plan_.asks && random.per_mille(300) ? number : 0;
      if (token != 0)
        log_.tokens.insert(token);
      send(to_, net::write{runtime::byte_slice::copy(bytes), token});
    }
    if (log_.sent.size() < plan_.writes) {
      caf::actor me{this};
      world_.after(random.between(plan_.pause.min, plan_.pause.max),
                   [me] { caf::anon_send(me, caf::ok_atom::value); });
    }
  }

  caf::actor to_;
  plan plan_;
  sender_log& log_;
  sim_world& world_;
  bool waiting_ = false;
};

/// The broker under test.
struct broker_log {
  stream_broker* self = nullptr;
  caf::actor handle;
  net::stream_counts last;
  bool opened = false;
  bool closed = false;
  net::closed how;
  sender_log own; // what it wrote itself
  std::string received;

  /// accepted = written + queued + returned, and nothing ever shrinks.
  void audit() {
    if (self == nullptr)
      return;
    auto& now = self->counts();
    auto queued = self->queued();
    EXPECT_EQ(now.accepted, now.written + queued + now.returned);
    EXPECT_GE(now.accepted, last.accepted);
    EXPECT_GE(now.written, last.written);
    EXPECT_GE(now.returned, last.returned);
    EXPECT_LE(queued, self->options().write_cap_bytes);
    last = now;
  }
};

caf::behavior observe(stream_broker* self, broker_log* log) {
  log->self = self;
  log->handle = caf::actor{self};
  return {
      [=](const net::accepted&) { log->opened = true; },
      [=](const net::connected&) { log->opened = true; },
      [=](const net::received& in) { log->received += in.bytes.str(); },
      [=](const backpressure& x) { log->own.note(x); },
      [=](const net::rejected& x) { log->own.note(x); },
      [=](net::half_closed) {},
      [=](const std::string& text) { throw std::runtime_error(text); },
      [=](const net::closed& x) {
        EXPECT_FALSE(log->closed);
        log->closed = true;
        log->how = x;
      },
  };
}

net::stream_options draw_options(random_source& random) {
  net::stream_options result;
  auto high = random.size_between(16, 64 * 1024);
  result.write_marks = {high, high / 2};
  result.write_cap_bytes = high * random.between(1, 16);
  result.write_cap_entries = random.size_between(2, 10'000);
  result.on_overflow = static_cast<net::overflow>(random.below(3));
  if (random.per_mille(100))
    result.on_overflow = net::overflow::disconnect;
  result.write_stall = random.per_mille(500) ? 0s : 5s;
  return result;
}

/// Everything that was sent is in one place: taken by the operating system or
/// handed back. What it took is at the peer if the connection ended well.
void settle_accounts(const std::map<std::uint32_t, sender_log*>& senders,
                     const broker_log& log, std::string_view at_peer) {
  auto orderly = log.closed && net::is_orderly(log.how.reason);
  std::map<std::uint32_t, std::uint32_t> last_number;
  std::set<std::pair<std::uint32_t, std::uint32_t>> arrived;
  write_header header;
  bool torn = false;
  while (take_write(at_peer, header, torn)) {
    EXPECT_LT(last_number[header.sender], header.number)
        << "writes of a sender changed their order";
    last_number[header.sender] = header.number;
    arrived.emplace(header.sender, header.number);
    auto found = senders.find(header.sender);
    ASSERT_NE(found, senders.end());
    EXPECT_EQ(found->second->returned.count(header.number), 0u)
        << "write " << header.number << " of " << header.sender
        << " arrived and came back";
  }
  EXPECT_FALSE(torn) << "two writes were interleaved";
  std::uint64_t sent = 0;
  std::uint64_t came_back = 0;
  std::size_t rests = 0;
  for (auto& [id, sender] : senders) {
    EXPECT_EQ(sender->fault, "") << "sender " << id;
    EXPECT_FALSE(sender->pressed) << "sender " << id << " waits for ever";
    rests += sender->rests.size();
    for (auto& rest : sender->rests)
      came_back += rest.size();
    for (auto& [number, size] : sender->sent) {
      sent += size;
      auto returned = sender->returned.count(number) != 0;
      came_back += returned ? size : 0;
      EXPECT_TRUE(!orderly || returned || arrived.count({id, number}))
          << "write " << number << " of " << id << " is lost";
    }
    for (auto token : sender->acknowledged)
      EXPECT_EQ(sender->returned.count(static_cast<std::uint32_t>(token)), 0u);
    for (auto token : sender->tokens)
      EXPECT_TRUE(!orderly || sender->acknowledged.count(token)
                  || sender->returned.count(static_cast<std::uint32_t>(token)))
          << "token " << token << " of " << id << " was forgotten";
  }
  auto& counts = log.last;
  EXPECT_EQ(counts.accepted, counts.written + counts.returned);
  EXPECT_EQ(sent, counts.written + came_back) << "bytes are lost or doubled";
  EXPECT_LE(rests, 1u) << "only the write that was under way may be torn";
  if (orderly) {
    EXPECT_EQ(rests, 0u);
    EXPECT_EQ(log.how.unsent, 0u);
    EXPECT_EQ(log.how.error, caf::none);
  } else if (log.closed) {
    EXPECT_NE(log.how.error, caf::none);
  }
}

plan draw_plan(sim_world& world, const net::stream_options& options) {
  auto& random = world.random();
  plan result;
  result.writes = random.between(1, 60);
  result.size_max = std::min<std::size_t>(
      random.size_between(header_bytes, 4 * options.write_cap_bytes),
      world.settings().easy_bytes());
  result.obeys = random.per_mille(500);
  result.asks = random.per_mille(300);
  result.pause = {0ms, random.per_mille(500) ? 1ms : 50ms};
  return result;
}

/// A peer that reads now and then, and in the end everything.
void read_by_fits(sim_world& world, sim_peer& peer, std::size_t turns) {
  if (turns == 0)
    return peer.read_all();
  peer.read_more(world.random().size_between(1, 64 * 1024));
  world.after(world.random().between(0ms, 20ms),
              [&world, &peer, turns] { read_by_fits(world, peer, turns - 1); });
}

/// One way for a connection to end.
struct ending {
  const char* name;
  std::function<void(sim_peer&, broker_log&)> happen;
};

void command(const caf::actor& to, net::close_mode mode) {
  caf::anon_send(to, net::close{mode});
}

const ending endings[] = {
    {"nothing", [](sim_peer&, broker_log&) {}},
    {"peer resets", [](sim_peer& p, broker_log&) { p.reset(); }},
    {"peer closes", [](sim_peer& p, broker_log&) { p.close(); }},
    {"peer half-closes", [](sim_peer& p, broker_log&) { p.half_close(); }},
    {"link goes dead", [](sim_peer& p, broker_log&) { p.hold(); }},
    {"close", [](sim_peer&,
                 broker_log& b) { command(b.handle, net::close_mode::drain); }},
    {"abort", [](sim_peer&,
                 broker_log& b) { command(b.handle, net::close_mode::abort); }},
    {"exit",
     [](sim_peer&, broker_log& b) {
       caf::anon_send_exit(b.handle, caf::exit_reason::user_shutdown);
     }},
    {"kill",
     [](sim_peer&, broker_log& b) {
       caf::anon_send_exit(b.handle, caf::exit_reason::kill);
     }},
    {"handler throws",
     [](sim_peer&, broker_log& b) {
       caf::anon_send(b.handle, std::string{"throw"});
     }},
    {"shutdown_write",
     [](sim_peer&, broker_log& b) {
       caf::anon_send(b.handle, net::shutdown_write{});
     }},
};

/// A broker, some writers and a peer that reads by fits; one of `endings` at a
/// time drawn from the seed, and an orderly close in the end.
void run_writers(std::uint64_t seed) {
  sim_world world{seed};
  auto& random = world.random();
  auto options = draw_options(random);
  auto& last_act = endings[random.below(std::size(endings))];
  SCOPED_TRACE(last_act.name);
  std::vector<std::unique_ptr<sender_log>> logs;
  std::map<std::uint32_t, sender_log*> senders;
  broker_log log;
  sim_peer peer{world};
  sim_runtime run{world, 2};
  run.after_step = [&] { log.audit(); };
  auto server = net::listen(run.loop(0), "tcp://127.0.0.1:7000", observe,
                            {.stream = options, .observer = {}}, &log);
  if (!server)
    return; // a world without descriptors
  peer.stop_reading();
  peer.connect(at("127.0.0.1", 7000));
  run.until([&] { return log.opened || peer.error() != 0; });
  if (!log.opened)
    return; // accept was aborted: nothing to see
  auto count = random.between(1, 4);
  for (std::uint32_t id = 1; id <= count; ++id) {
    logs.push_back(std::make_unique<sender_log>());
    logs.back()->id = id;
    senders[id] = logs.back().get();
    runtime::spawn_on<writer>(run.loop(id % 2), log.handle,
                              draw_plan(world, options), *logs.back(), world);
  }
  read_by_fits(world, peer, random.below(30));
  world.after(random.between(0ms, 200ms), [&] { last_act.happen(peer, log); });
  run.during(2min);
  peer.read_all();
  peer.release();
  command(log.handle, net::close_mode::drain);
  // Some worlds move 10 bytes in 50 ms.
  run.until([&] { return peer.saw_end() || peer.error() != 0; });
  peer.close();
  run.during(1min);
  EXPECT_EQ(log.self->state(), net::stream_state::closed);
  log.audit();
  settle_accounts(senders, log, peer.received());
  log.self = nullptr;
  log.handle = nullptr;
  caf::anon_send_exit(server->actor, caf::exit_reason::user_shutdown);
}

TEST(stream_broker_simulation, every_write_arrives_or_comes_back) {
  for_each_seed(4'000, run_writers);
}

TEST(stream_broker_simulation, same_seed_gives_the_same_run) {
  auto trace_of = [](std::uint64_t seed) {
    sim_world world{seed};
    world.log().keep_text();
    broker_log log;
    sim_peer peer{world};
    sim_runtime run{world, 2};
    auto server =
        net::listen(run.loop(0), "tcp://127.0.0.1:7000", observe, {}, &log);
    peer.connect(at("127.0.0.1", 7000));
    peer.send("hello");
    run.during(10s);
    log.self = nullptr;
    log.handle = nullptr;
    return world.log().hash();
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(trace_of(seed), trace_of(seed)) << "seed " << seed;
  EXPECT_NE(trace_of(1), trace_of(2));
}

} // namespace
} // namespace sluice::testing
