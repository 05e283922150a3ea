#include "tests/actors/process/process_case.h"

#include "actors/flow_actor.h"

#include <caf/scoped_actor.hpp>

namespace sluice::actors::process {
namespace {

namespace limits = runtime::limits;

class child_output_test : public process_case {
protected:
  /// Runs the loop until the child waits for us in write(2): it sleeps, and
  /// nothing is left for us to do. Returns what it has written.
  long wait_until_blocked() {
    long result = 0;
    EXPECT_TRUE(until([&] {
      auto before = pieces;
      result = written_by(pid);
      auto sleeps = state_of(pid) == 'S';
      settle();
      return sleeps && result > 0 && pieces == before
             && written_by(pid) == result;
    }));
    return result;
  }
};

// -- what comes ---------------------------------------------------------------

TEST_F(child_output_test, each_stream_comes_in_order) {
  run_to_end(sh("for i in 1 2 3; do echo -n o$i; echo -n e$i >&2; done"));
  EXPECT_EQ(out, "o1o2o3");
  EXPECT_EQ(err, "e1e2e3");
}

TEST_F(child_output_test, large_output_comes_whole) {
  run_to_end(sh("yes 12345678 | head -n 1000000"));
  ASSERT_EQ(out.size(), 9'000'000u);
  for (std::size_t i = 0; i < out.size(); i += 9)
    ASSERT_EQ(out.compare(i, 9, "12345678\n"), 0) << i;
}

TEST_F(child_output_test, raw_piece_is_no_longer_than_a_read) {
  run_to_end(sh("head -c 1000000 /dev/zero"));
  EXPECT_EQ(out.size(), 1'000'000u);
  EXPECT_LE(most, limits::read_slab_bytes);
}

TEST_F(child_output_test, output_that_is_written_before_the_end_comes_before) {
  // Fits into the pipe: the child has ended when it is read.
  run_to_end(sh("head -c 60000 /dev/zero; exit 7"));
  EXPECT_EQ(out.size(), 60'000u);
  EXPECT_EQ(noted(), (strings{"started", "ended exited 7"}));
  EXPECT_FALSE(ended.cut);
}

TEST_F(child_output_test, lines_come_without_their_endings) {
  run_to_end(sh_lines("printf 'a\\n\\nb\\r\\nc'; printf 'x\\ny' >&2"));
  auto lines = noted();
  strings output;
  strings error;
  for (auto& x : lines)
    (x.starts_with("output") ? output : error).push_back(x);
  EXPECT_EQ(output, (strings{"output a", "output ", "output b", "output c"}));
  EXPECT_EQ(error,
            (strings{"started", "error x", "error y", "ended exited 0"}));
}

TEST_F(child_output_test, line_over_the_limit_comes_in_pieces) {
  auto options = sh_lines("echo 1234567890; echo 1234");
  options.line_bytes_max = 4;
  run_to_end(options);
  EXPECT_EQ(noted(), (strings{"started", "output 1234...", "output 5678...",
                              "output 90", "output 1234", "ended exited 0"}));
}

TEST_F(child_output_test, output_that_nobody_handles_is_read_and_dropped) {
  auto child =
      spawn_process(loop, sh("head -c 1000000 /dev/zero; exit 3"),
                    [this](child_process*) -> caf::behavior {
                      return {[this](const process_ended& x) { ended = x; }};
                    });
  ASSERT_TRUE(child);
  watch(*child);
  wait_for_down();
  EXPECT_EQ(ended.status, 3);
}

TEST_F(child_output_test, output_of_a_closed_stream_is_over_the_rest_comes) {
  run_to_end(sh("exec >&-; sleep 0.01; echo -n late >&2"));
  EXPECT_EQ(err, "late");
}

// -- what holds it ------------------------------------------------------------

TEST_F(child_output_test, while_reading_is_paused_the_child_waits_in_write) {
  on_birth = [](child_process& self) { self.read_paused(); };
  auto child = start({.program = "/usr/bin/yes"});
  wait_for_start();
  EXPECT_LE(wait_until_blocked(), 128 * 1024);
  EXPECT_EQ(pieces, 0u);
  // And goes on afterwards.
  in(child, [](child_process& self) { self.read_flowing(); });
  EXPECT_TRUE(until([this] { return out.size() > 1'000'000; }));
}

TEST_F(child_output_test, credit_lets_so_many_pieces_through) {
  on_birth = [](child_process& self) { self.read_paused(); };
  auto child = start(sh_lines("seq 1 100"));
  in(child, [](child_process& self) { self.read_credit(2); });
  EXPECT_TRUE(until([this] { return pieces == 2; }));
  settle();
  EXPECT_EQ(noted(), (strings{"started", "output 1", "output 2"}));
  caf::anon_send(child, net::read_credit{1});
  EXPECT_TRUE(until([this] { return pieces == 3; }));
  settle();
  EXPECT_EQ(noted(), strings{"output 3"});
  caf::anon_send(child, net::read_flowing{});
  wait_for_down();
  EXPECT_EQ(noted().size(), 98u);
}

TEST_F(child_output_test, end_waits_for_a_behavior_that_reads_later) {
  on_birth = [](child_process& self) { self.read_paused(); };
  auto options = sh_lines("seq 1 3; exit 2");
  options.drain_wait = 1ms;
  auto child = start(options);
  wait_for_start();
  EXPECT_TRUE(until([this] { return state_of(pid) == 'Z'; }));
  // Longer than anybody else would be waited for.
  pass(20ms);
  EXPECT_EQ(noted(), strings{"started"});
  caf::anon_send(child, net::read_credit{2});
  EXPECT_TRUE(until([this] { return pieces == 2; }));
  caf::anon_send(child, net::read_paused{});
  settle();
  EXPECT_EQ(noted(), (strings{"output 1", "output 2"}));
  caf::anon_send(child, net::read_flowing{});
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"output 3", "ended exited 2"}));
  EXPECT_FALSE(ended.cut); // nobody else had it open
}

TEST_F(child_output_test, pressure_of_a_receiver_stops_the_reading) {
  auto receiver = sys.spawn(
      [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  auto source = caf::actor_cast<caf::strong_actor_ptr>(receiver);
  auto child = start({.program = "/usr/bin/yes"});
  EXPECT_TRUE(until([this] { return pieces > 0; }));
  caf::anon_send(
      child, runtime::backpressure{runtime::pressure::applied, source, 1, 1});
  EXPECT_TRUE(until([this] { return has_noted("applied"); }));
  settle();
  auto before = out.size();
  wait_until_blocked();
  EXPECT_EQ(out.size(), before);
  caf::anon_send(
      child, runtime::backpressure{runtime::pressure::released, source, 0, 2});
  EXPECT_TRUE(until([&] { return out.size() > before + 1'000'000; }));
}

TEST_F(child_output_test, with_the_option_off_the_behavior_decides) {
  auto receiver = sys.spawn(
      [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  process_options options{.program = "/usr/bin/yes"};
  options.pause_on_backpressure = false;
  auto child = start(options);
  caf::anon_send(child,
                 runtime::backpressure{
                     runtime::pressure::applied,
                     caf::actor_cast<caf::strong_actor_ptr>(receiver), 1, 1});
  EXPECT_TRUE(until([this] { return has_noted("applied"); }));
  auto before = out.size();
  EXPECT_TRUE(until([&] { return out.size() > before + 1'000'000; }));
}

TEST_F(child_output_test, slow_receiver_makes_the_child_wait) {
  constexpr std::size_t high = 8;
  std::size_t taken = 0;
  auto held = true;
  auto slow =
      runtime::spawn_on(loop, [&](pinned_flow_actor* self) -> caf::behavior {
        self->limit_mailbox({.high = high, .low = 4});
        return {
            [&, self](const runtime::byte_slice& x) {
              taken += x.size();
              if (held)
                self->hold_mailbox();
            },
            [&, self](double) {
              held = false;
              self->release_mailbox();
            },
        };
      });
  std::size_t sent = 0;
  on_output = [&](child_process& self, const process_output& x) {
    sent += x.bytes.size();
    self.send(slow, x.bytes.compact());
  };
  constexpr std::size_t all = 8'000'000;
  start({.program = "/usr/bin/head",
         .arguments = {"-c", std::to_string(all), "/dev/zero"}});
  wait_for_start();
  auto written = wait_until_blocked();
  // The receiver's mark, and what one turn may read beyond it: it looks before
  // each read how much that was.
  EXPECT_GE(pieces, high);
  EXPECT_LE(sent,
            (high + 1) * limits::read_slab_bytes + limits::read_turn_bytes);
  EXPECT_LE(written, static_cast<long>(sent) + 128 * 1024);
  EXPECT_FALSE(down);
  caf::anon_send<caf::message_priority::high>(slow, 1.0);
  wait_for_down();
  EXPECT_TRUE(until([&] { return taken == all; }));
  EXPECT_EQ(sent, all);
  caf::anon_send_exit(slow, caf::exit_reason::kill);
}

// -- awaited responses --------------------------------------------------------

TEST_F(child_output_test, behavior_that_awaits_an_answer_misses_nothing) {
  auto silent = sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
    auto promise = std::make_shared<caf::response_promise>();
    return {
        [=](double) -> caf::result<void> {
          *promise = self->make_response_promise();
          return *promise;
        },
        [=](const std::string&) { promise->deliver(caf::unit); },
    };
  });
  on_birth = [&](child_process& self) {
    self.request(silent, caf::infinite, 1.0).await([this] { note("answer"); });
  };
  auto options = sh_lines("seq 1 4");
  options.drain_wait = 1ms;
  start(options);
  pass(20ms);
  EXPECT_EQ(noted(), strings{});
  caf::anon_send(silent, std::string{"now"});
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"answer", "started", "output 1", "output 2",
                              "output 3", "output 4", "ended exited 0"}));
}

TEST_F(child_output_test, end_that_comes_while_an_answer_is_awaited_is_told) {
  // Only the end is left when the actor begins to wait.
  auto silent = sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](double) -> caf::result<void> {
      auto promise = self->make_response_promise();
      self->delayed_send(self, 20ms, 1);
      self->become(caf::behavior{
          [promise](int) mutable { promise.deliver(caf::unit); }});
      return promise;
    }};
  });
  on_output = [&](child_process& self, const process_output&) {
    self.request(silent, caf::infinite, 1.0).await([this] { note("answer"); });
  };
  start(sh("echo x; exit 3"));
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"started", "answer", "ended exited 3"}));
  EXPECT_EQ(reason, runtime::make_error(errc::process_failed, ""));
}

} // namespace
} // namespace sluice::actors::process
