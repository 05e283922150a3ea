// Our goodbye when it is not easy: the queue is full, the peer is slow or
// silent, somebody is under pressure.

#include "tests/net/websocket/connection_fixture.h"

namespace sluice::testing {
namespace {

using runtime::byte_slice;
using websocket::close_code;
using websocket::message_kind;
using websocket::shared_message;

constexpr unsigned text = 1, close_frame = 8, ping = 9, pong = 10;

class connection_goodbye_test : public connection_fixture {
public:
  /// The connection hears that an actor it sends to is under pressure.
  void press(const caf::actor& by) {
    caf::anon_send(handle,
                   runtime::backpressure{
                       runtime::pressure::applied,
                       caf::actor_cast<caf::strong_actor_ptr>(by), 0, 1});
    pass(1ms);
  }
};

// -- time ---------------------------------------------------------------------

TEST_F(connection_goodbye_test, a_silent_peer_is_not_pinged_after_it) {
  serve();
  noted();
  pass(27s);
  in_connection([](auto* x) { x->close(); });
  pass(4s); // the time of a ping has come, and the loop sleeps
  EXPECT_EQ(got(), lines{"close 1000 "});
  pass(2s);
  EXPECT_EQ(noted().back(), "closed drain_timeout 1006");
}

TEST_F(connection_goodbye_test, the_answer_is_awaited_from_when_it_has_left) {
  serve();
  noted();
  peer.stop_reading();
  in_connection([](auto* x) {
    for (int i = 0; i < 9; ++i)
      x->send_text(std::string(1'000, 'x'));
    x->close();
  });
  for (int i = 0; i < 8; ++i) {
    pass(1s);
    peer.read_more(1'000);
  }
  peer.read_all();
  pass(4s);
  EXPECT_EQ(noted(), (lines{"applied", "released"}));
  auto all = got();
  ASSERT_EQ(all.size(), 10u);
  EXPECT_EQ(all.back(), "close 1000 ");
  pass(2s);
  EXPECT_EQ(noted(),
            (lines{"ended 1006 the peer did not answer the close frame (not "
                   "clean)",
                   "closed drain_timeout 1006"}));
}

TEST_F(connection_goodbye_test, a_peer_that_takes_nothing_is_given_up) {
  serve();
  noted();
  peer.stop_reading();
  in_connection([](auto* x) {
    x->send_text(std::string(3'000, 'x'));
    x->close();
  });
  pass(4s);
  EXPECT_EQ(noted(), lines{});
  pass(2s);
  EXPECT_EQ(noted().back(), "closed drain_timeout 1006");
}

// -- a full queue -------------------------------------------------------------

/// Fills the queue up to its cap of entries, far from that of bytes.
void fill_entries(connection_fixture& x) {
  x.peer.stop_reading();
  x.in_connection([](auto* self) {
    for (int i = 0; i < 3; ++i)
      self->send_text(std::string(900, 'x'));
  });
  x.in_connection([](auto* self) {
    while (self->send_text("y")) {
    }
  });
  x.noted();
}

TEST_F(connection_goodbye_test, it_has_room_in_a_queue_of_many_small_messages) {
  options.stream->write_cap_entries = 10;
  serve();
  fill_entries(*this);
  in_connection(
      [](auto* x) { x->close(close_code::policy_violation, "too slow"); });
  EXPECT_EQ(noted(), lines{});
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(got().back(), "close 1008 too slow");
  come(close_frame, close_payload(1008));
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 1008 ", "closed closed 1008"}));
}

TEST_F(connection_goodbye_test, it_has_room_in_a_queue_without_a_byte_left) {
  serve();
  peer.stop_reading();
  for (int i = 0; i < 5; ++i) // until the kernel takes no more
    in_connection([](auto* x) {
      while (x->send_text(std::string(996, 'x'))) {
      }
      while (x->send_text("")) {
      }
    });
  EXPECT_GT(self->queued(), cap - 2);
  noted();
  in_connection([](auto* x) { x->close(); });
  EXPECT_EQ(noted(), lines{});
  EXPECT_LE(self->queued(), cap + 4);
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(got().back(), "close 1000 ");
}

TEST_F(connection_goodbye_test, a_goodbye_is_answered_from_a_full_queue) {
  options.stream->write_cap_entries = 10;
  serve();
  fill_entries(*this);
  come(close_frame, close_payload(4001));
  EXPECT_EQ(noted(), lines{"ended 4001 "});
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(got().back(), "close 4001 ");
  EXPECT_TRUE(peer.saw_end());
}

TEST_F(connection_goodbye_test, a_pong_waits_for_room_among_many_messages) {
  options.stream->write_cap_entries = 10;
  serve();
  fill_entries(*this);
  come(ping, "?");
  EXPECT_EQ(noted(), lines{"pinged ?"});
  in_connection([](auto* x) { EXPECT_FALSE(x->ping()); });
  EXPECT_EQ(noted(), lines{});
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(got().back(), "pong ?");
}

TEST_F(connection_goodbye_test, what_nobody_wrote_comes_back_to_nobody) {
  serve();
  noted();
  peer.stop_reading();
  in_connection([](auto* x) { x->send_text(std::string(3'000, 'x')); });
  come(ping, "?");
  in_connection([](auto* x) {
    EXPECT_TRUE(x->ping(byte_slice::copy("there?")));
    x->close();
  });
  noted();
  peer.reset();
  pass(1ms);
  auto all = noted();
  EXPECT_EQ(std::count(all.begin(), all.end(), "rejected closed"), 1);
  EXPECT_EQ(returned.find_first_not_of('x'), std::string::npos) << returned;
}

// -- the messages of others ---------------------------------------------------

/// More than what one sender may send in its turn.
void queue_for_other(connection_fixture& x, websocket_writer& other) {
  x.peer.stop_reading();
  x.in_connection([](auto* self) { self->send_text(std::string(3'000, 'x')); });
  for (int i = 0; i < 40; ++i)
    other.send(x.handle, websocket::send{
                             shared_message::text(std::string(1'000, 'y')), 0});
  x.pass(1ms);
}

TEST_F(connection_goodbye_test, it_is_behind_what_others_have_sent) {
  options.stream->write_cap_bytes = 100'000;
  serve();
  queue_for_other(*this, add_writer());
  in_connection([](auto* x) { x->close(); });
  peer.read_all();
  pass(100ms);
  auto all = got();
  ASSERT_EQ(all.size(), 42u);
  EXPECT_EQ(all.back(), "close 1000 ");
}

TEST_F(connection_goodbye_test, fragments_are_behind_what_others_have_sent) {
  options.stream->write_cap_bytes = 100'000;
  serve();
  auto& other = add_writer();
  queue_for_other(*this, other);
  std::string part(10'000, 'p');
  in_connection([&](auto* x) {
    EXPECT_TRUE(x->begin_message(message_kind::text, byte_slice::copy(part)));
    EXPECT_TRUE(x->continue_message(byte_slice::copy(part)));
    EXPECT_TRUE(x->end_message(byte_slice::copy(part)));
  });
  other.send(handle, websocket::send{shared_message::text("behind"), 0});
  peer.read_all();
  pass(100ms);
  auto all = got();
  ASSERT_EQ(all.size(), 43u);
  EXPECT_EQ(all[41], "text " + part + part + part);
  EXPECT_EQ(all[42], "text behind");
}

// -- somebody is under pressure -----------------------------------------------

TEST_F(connection_goodbye_test, the_answer_is_read_while_somebody_is_pressed) {
  serve();
  noted();
  press(add_writer().handle);
  in_connection([](auto* x) { x->close(); });
  come(text, "dropped");
  come(close_frame, close_payload(1000));
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"applied", "ended 1000 ", "closed closed 1000"}));
}

TEST_F(connection_goodbye_test,
       the_answer_is_read_while_our_own_queue_is_full) {
  serve();
  peer.stop_reading();
  in_connection([](auto* x) {
    for (int i = 0; i < 9; ++i)
      x->send_text(std::string(1'000, 'x'));
  });
  noted();
  come(text, "waits");
  EXPECT_EQ(noted(), lines{});
  in_connection([](auto* x) { x->close(); });
  come(close_frame, close_payload(1000));
  EXPECT_EQ(noted(), lines{"ended 1000 "});
}

TEST_F(connection_goodbye_test, nothing_but_the_end_is_told_after_it) {
  serve();
  noted();
  in_connection([](auto* x) {
    x->close();
    x->read_credit(0);
  });
  got();
  come(text, "x");
  come(ping, "?");
  come(pong, "!");
  EXPECT_EQ(noted(), lines{});
  EXPECT_EQ(got(), lines{});
  come(close_frame, close_payload(1000));
  EXPECT_EQ(noted(), lines{"ended 1000 "});
}

} // namespace
} // namespace sluice::testing
