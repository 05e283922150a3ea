// What becomes of writes to a stream_broker: sent, acknowledged, refused.

#include "net/line_codec.h"
#include "runtime/limits.h"
#include "tests/net/stream_fixture.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::testing {
namespace {

using net::stream_broker;

class stream_broker_writing_test : public stream_fixture {
public:
  std::string text(char c, std::size_t size) { return std::string(size, c); }

  /// Writes of these sizes in one handler; what `write` returned.
  std::vector<bool> write(std::vector<std::size_t> sizes) {
    std::vector<bool> result;
    in_broker([&](auto* x) {
      for (auto size : sizes)
        result.push_back(x->write(text('x', size)));
    });
    return result;
  }
};

TEST_F(stream_broker_writing_test,
       writes_of_a_handler_reach_the_peer_in_order) {
  serve();
  in_broker([](auto* x) {
    for (auto text : {"one ", "two ", "three"})
      EXPECT_TRUE(x->write(text));
    EXPECT_EQ(x->queued(), 13u) << "sent when the handler has returned";
  });
  EXPECT_EQ(peer.received(), "one two three");
  EXPECT_EQ(self->counts().written, 13u);
}

TEST_F(stream_broker_writing_test, write_that_reaches_high_is_sent_at_once) {
  serve();
  in_broker([this](auto* x) {
    x->write(text('x', high));
    EXPECT_LT(x->queued(), high);
  });
}

TEST_F(stream_broker_writing_test, more_than_the_kernel_holds_follows_it) {
  serve();
  peer.stop_reading();
  write({9'000});
  EXPECT_EQ(self->counts().accepted, 9'000u);
  EXPECT_EQ(self->counts().written + self->queued(), 9'000u);
  EXPECT_GT(self->queued(), 6'000u);
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(peer.received(), text('x', 9'000));
  EXPECT_EQ(self->queued(), 0u);
}

// -- acknowledgements ---------------------------------------------------------

TEST_F(stream_broker_writing_test, written_comes_when_the_bytes_are_taken) {
  serve();
  fill();
  auto& one = add_writer();
  one.write(broker, text('1', 100), 7);
  pass(1s);
  EXPECT_EQ(one.noted(), lines{});
  peer.read_all();
  pass(1ms);
  EXPECT_EQ(one.noted(), lines{"written #7"});
  EXPECT_EQ(noted("written"), lines{}) << "it is not the broker's";
}

TEST_F(stream_broker_writing_test,
       own_writes_are_acknowledged_to_the_behavior) {
  serve();
  in_broker([](auto* x) {
    x->write("quiet");
    x->write("loud", 3);
    x->write("", 4);
  });
  EXPECT_EQ(noted("written").size(), 2u);
}

TEST_F(stream_broker_writing_test, empty_write_is_done_at_once) {
  serve();
  fill();
  auto& one = add_writer();
  one.write(broker, "", 5);
  one.write(broker, "");
  pass(1ms);
  EXPECT_EQ(one.noted(), lines{"written #5"});
}

// -- frames -------------------------------------------------------------------

TEST_F(stream_broker_writing_test, frames_are_wrapped_by_the_codec) {
  options.framing = [] { return std::make_unique<net::line_codec>(10); };
  serve();
  auto& one = add_writer();
  caf::send_as(one.handle, broker,
               net::write_frame{runtime::byte_slice::copy("from one"), 1});
  in_broker([](auto* x) { x->write_frame(runtime::byte_slice::copy("own")); });
  EXPECT_EQ(peer.received(), "from one\nown\n");
  EXPECT_EQ(one.noted(), lines{"written #1"});
}

TEST_F(stream_broker_writing_test, frame_without_a_codec_is_a_write) {
  serve();
  in_broker([](auto* x) { x->write_frame(runtime::byte_slice::copy("raw")); });
  EXPECT_EQ(peer.received(), "raw");
}

TEST_F(stream_broker_writing_test, frame_over_the_codecs_bound_comes_back) {
  options.framing = [] { return std::make_unique<net::line_codec>(10); };
  serve();
  in_broker([](auto* x) {
    EXPECT_FALSE(x->write_frame(runtime::byte_slice::copy("eleven byte"), 2));
  });
  EXPECT_EQ(noted("rejected"), lines{"rejected bad_frame 11 #2"});
  EXPECT_EQ(self->counts().accepted, 0u);
}

TEST_F(stream_broker_writing_test, frame_comes_back_without_its_envelope) {
  options.framing = [] { return std::make_unique<net::line_codec>(100); };
  serve();
  fill();
  auto& one = add_writer();
  caf::send_as(one.handle, broker,
               net::write_frame{runtime::byte_slice::copy("payload"), 1});
  pass(1ms);
  EXPECT_EQ(self->queued(), 8u);
  caf::anon_send(broker, net::close{net::close_mode::abort});
  pass(1ms);
  EXPECT_EQ(one.returned, "payload");
  EXPECT_EQ(how->unsent, 8u);
  EXPECT_EQ(self->counts().returned, 8u);
}

// -- over the cap -------------------------------------------------------------

TEST_F(stream_broker_writing_test,
       write_over_the_cap_is_rejected_with_its_bytes) {
  serve();
  fill();
  EXPECT_EQ(write({cap - 500, 500}), (std::vector{true, true}));
  auto& one = add_writer();
  one.write(broker, "too much", 9);
  pass(1ms);
  EXPECT_EQ(one.noted(), (lines{"applied", "rejected overflow 8 #9"}));
  EXPECT_EQ(one.returned, "too much");
  EXPECT_EQ(self->queued(), cap);
}

TEST_F(stream_broker_writing_test, entries_are_capped_too) {
  options.write_cap_entries = 3;
  serve();
  fill();
  std::deque<stream_writer*> ones;
  for (int i = 0; i < 4; ++i)
    ones.push_back(&add_writer());
  for (auto one : ones) {
    one->write(broker, "x");
    pass(1ms);
  }
  EXPECT_EQ(self->queued(), 3u);
  EXPECT_EQ(ones.back()->noted(), lines{"rejected overflow 1"});
}

TEST_F(stream_broker_writing_test,
       write_larger_than_the_cap_is_never_accepted) {
  serve();
  EXPECT_EQ(write({cap + 1, cap}), (std::vector{false, true}));
  EXPECT_EQ(noted("rejected"), lines{"rejected too_large 10001"});
  EXPECT_EQ(self->counts().accepted, cap);
}

TEST_F(stream_broker_writing_test, drop_newest_returns_what_does_not_fit) {
  options.on_overflow = net::overflow::drop_newest;
  serve();
  fill();
  write({cap, 10});
  EXPECT_EQ(noted("rejected"), lines{"rejected dropped_newest 10"});
}

TEST_F(stream_broker_writing_test, drop_oldest_returns_the_oldest_whole) {
  options.on_overflow = net::overflow::drop_oldest;
  serve();
  peer.stop_reading();
  auto& one = add_writer();
  auto& two = add_writer();
  one.write(broker, text('1', 5'000), 1); // its start is in the kernel
  pass(1ms);
  one.write(broker, text('2', 4'000), 2);
  pass(1ms);
  two.write(broker, text('3', 2'000), 3);
  pass(1ms);
  two.write(broker, text('4', 4'000), 4);
  pass(1ms);
  EXPECT_EQ(one.returned, text('2', 4'000));
  EXPECT_EQ(two.returned, "");
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(peer.received(),
            text('1', 5'000) + text('3', 2'000) + text('4', 4'000));
  auto& counts = self->counts();
  EXPECT_EQ(counts.accepted, counts.written + counts.returned);
}

TEST_F(stream_broker_writing_test, dropped_frame_comes_without_its_envelope) {
  options.on_overflow = net::overflow::drop_oldest;
  options.framing = [] { return std::make_unique<net::line_codec>(cap); };
  serve();
  fill();
  auto& one = add_writer();
  for (auto c : {'1', '2', '3'}) {
    caf::send_as(one.handle, broker,
                 net::write_frame{runtime::byte_slice::copy(text(c, 4'000))});
    pass(1ms);
  }
  EXPECT_EQ(one.returned, text('2', 4'000)) << "the first was offered already";
  EXPECT_EQ(self->counts().returned, 4'001u);
}

TEST_F(stream_broker_writing_test,
       drop_oldest_rejects_what_cannot_fit_even_so) {
  options.on_overflow = net::overflow::drop_oldest;
  serve();
  fill();
  write({cap}); // one write, under way as far as the queue knows
  write({1});
  auto back = noted("rejected");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_LE(self->queued(), cap);
}

TEST_F(stream_broker_writing_test, disconnect_returns_everything_and_ends_it) {
  options.on_overflow = net::overflow::disconnect;
  serve();
  fill();
  auto& one = add_writer();
  one.write(broker, text('1', cap));
  pass(1ms);
  one.write(broker, "2");
  pass(1ms);
  EXPECT_EQ(one.returned.size(), cap + 1);
  EXPECT_EQ(how->reason, net::close_reason::slow_consumer);
  EXPECT_EQ(how->unsent, cap);
  EXPECT_NE(how->error, caf::none);
  EXPECT_EQ(one.count("released"), 1);
}

TEST_F(stream_broker_writing_test, anonymous_write_comes_back_to_the_behavior) {
  serve();
  fill();
  caf::anon_send(broker, net::write{runtime::byte_slice::copy("queued"), 1});
  caf::anon_send(broker,
                 net::write{runtime::byte_slice::copy(text('x', cap + 1)), 2});
  pass(1ms);
  EXPECT_EQ(noted("rejected"), lines{"rejected too_large 10001 #2"});
  in_broker([](auto* x) { x->abort(); });
  EXPECT_EQ(noted("rejected"), lines{"rejected closed 6 #1"});
}

TEST_F(stream_broker_writing_test, writes_that_wait_in_the_mailbox_are_capped) {
  serve();
  fill();
  auto& one = add_writer();
  // The broker has no turn in between.
  for (std::uint64_t i = 1; i <= 30; ++i)
    one.write(broker, text('x', cap / 10), i);
  run.loop(1).run_once(false);
  EXPECT_GE(one.returned.size(), 2 * cap) << "the others come back at once";
  pass(1ms);
  EXPECT_EQ(self->queued() + one.returned.size(), 30 * cap / 10);
  EXPECT_LE(self->queued(), cap);
  EXPECT_GE(self->queued(), cap / 2);
  one.noted();
  peer.read_all();
  pass(10ms);
  one.write(broker, text('x', cap / 10), 31);
  pass(1ms);
  EXPECT_EQ(one.noted().back(), "written #31") << "the door must open again";
}

TEST_F(stream_broker_writing_test, crumbs_that_wait_do_not_pin_their_slabs) {
  std::vector<runtime::byte_slice> back;
  serve([&](stream_broker*) -> caf::message_handler {
    return {[&](const net::rejected& x) { back.push_back(x.bytes); }};
  });
  peer.stop_reading();
  auto slab = runtime::byte_slice::copy(text('s', 64 * 1024));
  in_broker([&](auto* x) {
    x->write(text('x', 2 * buffer_bytes));
    x->write(slab.sub(0, 10)); // the socket becomes full before its turn
  });
  in_broker([&](auto* x) { x->write(slab.sub(100, 10)); }); // it is full
  in_broker([](auto* x) { x->abort(); });
  ASSERT_FALSE(back.empty());
  for (auto& x : back)
    EXPECT_LE(x.pinned(), runtime::limits::compact_slab_bytes);
}

// -- after the end ------------------------------------------------------------

TEST_F(stream_broker_writing_test, write_after_shutdown_write_comes_back) {
  serve();
  in_broker([](auto* x) {
    x->write("last");
    x->shutdown_write();
    EXPECT_FALSE(x->write("late"));
  });
  EXPECT_EQ(noted("rejected"), lines{"rejected shut_down 4"});
  EXPECT_EQ(peer.received(), "last");
  EXPECT_TRUE(peer.saw_end());
}

TEST_F(stream_broker_writing_test, write_to_a_broker_that_is_gone_comes_back) {
  serve();
  auto& one = add_writer();
  in_broker([](auto* x) { x->abort(); });
  one.write(broker, "too late", 4);
  caf::send_as(one.handle, broker,
               net::write_frame{runtime::byte_slice::copy("frame"), 5});
  pass(1ms);
  EXPECT_EQ(one.noted(),
            (lines{"rejected closed 8 #4", "rejected closed 5 #5"}));
}

TEST_F(stream_broker_writing_test, write_that_crosses_with_the_end_comes_back) {
  serve();
  auto& one = add_writer();
  caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
  one.write(broker, "crossed", 4);
  pass(1ms);
  EXPECT_EQ(one.noted(), lines{"rejected closed 7 #4"});
}

} // namespace
} // namespace sluice::testing
