#include "net/http/client_broker.h"

#include "net/http/connect.h"
#include "runtime/error.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace sluice::net::http {
namespace {

using namespace std::chrono_literals;
using namespace sluice::testing;

using lines = std::vector<std::string>;

/// A client on a simulated network, and a server that the test plays.
class client_fixture {
public:
  explicit client_fixture(sim_world& w) : world(w) {
    server.on_accept = [](sim_peer& x) { x.read_all(); };
  }

  /// Connects; `begin` runs when the behavior is made.
  void dial(std::function<void(client_broker*)> begin = {}) {
    auto result = connect(
        run.loop(), "tcp://127.0.0.1:8080",
        [this, begin](client_broker* x) {
          self = x;
          if (begin)
            begin(x);
          return behave(x);
        },
        options);
    ASSERT_TRUE(result) << runtime::to_text(result.error());
    client = *result;
  }

  /// Runs `f` in a handler.
  void in_client(std::function<void(client_broker*)> f) {
    job = std::move(f);
    caf::anon_send(client, caf::ok_atom::value);
    pass(1ms);
  }

  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 200'000));
    run.during(0ms);
  }

  sim_peer& peer() { return server.last(); }

  /// What the server got since the last call.
  std::string asked() { return peer().take_received(); }

  void answer(std::string_view text) {
    peer().send(text);
    pass(1ms);
  }

  /// Asks for / and forgets what was sent.
  void ask(client_request what = {}) {
    in_client([&](client_broker* x) { x->send(what); });
    asked();
  }

  lines noted() { return std::exchange(log, {}); }

  sim_world& world;
  stream_options options;
  client_broker* self = nullptr;
  lines log;
  std::string body;
  std::vector<request_failed> failures;
  std::function<void(client_broker*)> job;
  std::function<void(const answer_head&)> on_head;
  std::function<void(const body_wanted&)> on_wanted;
  std::function<void(const answer_end&)> on_end;
  std::function<void(const request_failed&)> on_failed;
  sim_runtime run{world}; // its end tells the behavior
  sim_server server{world, at("127.0.0.1", 8080)};
  caf::actor client;

private:
  void note(std::uint64_t id, std::string text) {
    log.push_back("#" + std::to_string(id) + " " + std::move(text));
  }

  caf::behavior behave(client_broker*) {
    return {
        [this](const connected&) { log.push_back("connected"); },
        [this](const answer_head& x) {
          note(x.id,
               std::to_string(x.status)
                   + (x.body_size ? " " + std::to_string(*x.body_size) : ""));
          if (on_head)
            on_head(x);
        },
        [this](const answer_hint& x) {
          note(x.id, "hint " + std::to_string(x.status));
        },
        [this](const answer_part& x) { body += x.bytes.view(); },
        [this](const answer_end& x) {
          note(x.id, "end " + std::exchange(body, {}));
          if (on_end)
            on_end(x);
        },
        [this](const body_wanted& x) {
          note(x.id, "wanted");
          if (on_wanted)
            on_wanted(x);
        },
        [this](const request_failed& x) {
          note(x.id, x.repeatable ? "failed, repeatable" : "failed");
          failures.push_back(x);
          if (on_failed)
            on_failed(x);
        },
        [this](const written& x) {
          log.push_back("written #" + std::to_string(x.token));
        },
        [this](const closed& x) {
          log.push_back("closed " + to_string(x.reason));
        },
        [this](caf::ok_atom) { job(self); },
    };
  }
};

/// Made before the fixture that lives in it.
struct calm_world {
  sim_world place{1, sim_settings::calm()};
};

class client_broker_test : public ::testing::Test,
                           public calm_world,
                           public client_fixture {
public:
  client_broker_test() : client_fixture(place) {}

  /// Connects, and forgets it.
  void SetUp() override {
    dial();
    pass(1ms);
    ASSERT_EQ(noted(), lines{"connected"});
  }

  std::string failure() {
    return failures.empty() ? "none" : runtime::to_text(failures.back().reason);
  }
};

constexpr std::string_view ok_hello =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// -- requests -----------------------------------------------------------------

TEST_F(client_broker_test, request_line_and_fields_are_sent) {
  in_client([](client_broker* x) {
    client_request what;
    what.target = "/a?b=c";
    what.fields.add("X-Y", "z");
    EXPECT_EQ(x->send(what), 1u);
  });
  EXPECT_EQ(asked(),
            "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Y: z\r\n\r\n");
  EXPECT_EQ(self->current(), 1u);
}

TEST_F(client_broker_test, own_host_replaces_that_of_the_connection) {
  in_client([](client_broker* x) {
    client_request what;
    what.fields.add("Host", "example.org");
    what.fields.add("Content-Length", "99");
    x->send(what);
  });
  EXPECT_EQ(asked(), "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
}

TEST_F(client_broker_test, body_is_sent_behind_its_length) {
  in_client([](client_broker* x) {
    x->send({.verb = "POST", .body = byte_slice::copy("hello")});
  });
  EXPECT_EQ(asked(), "POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Length: 5\r\n\r\nhello");
}

TEST_F(client_broker_test, post_without_a_body_says_so) {
  in_client([](client_broker* x) { x->send({.verb = "POST"}); });
  EXPECT_EQ(asked(), "POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Length: 0\r\n\r\n");
}

TEST_F(client_broker_test, requests_that_would_be_others_are_not_sent) {
  in_client([](client_broker* x) {
    x->send({.verb = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"});
    x->send({.verb = ""});
    x->send({.verb = "CONNECT", .target = "a:1"});
    x->send({.target = "/ HTTP/1.1\r\nX: y"});
    x->send({.target = "a"});
    x->send({.target = "*"});
    client_request field;
    field.fields.add("X", "y\r\nZ: z");
    x->send(field);
  });
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(failures.size(), 7u);
  for (auto& x : failures)
    EXPECT_TRUE(x.repeatable) << runtime::to_text(x.reason);
  ask();
  answer(ok_hello);
  EXPECT_EQ(log.back(), "#8 end hello");
}

TEST_F(client_broker_test, large_body_goes_out_piece_by_piece) {
  auto size = 3 * runtime::limits::write_cap_bytes;
  std::string text(size, 'x');
  for (std::size_t i = 0; i < size; i += 1'000)
    text[i] = static_cast<char>('a' + i / 1'000 % 26);
  std::uint64_t most = 0;
  run.after_step = [&] {
    if (self != nullptr)
      most = std::max(most, self->queued());
  };
  in_client([&](client_broker* x) {
    x->send({.verb = "PUT", .body = byte_slice::copy(text)});
  });
  pass(10s);
  run.after_step = {};
  auto got = asked();
  ASSERT_GT(got.size(), size);
  EXPECT_EQ(got.substr(got.size() - size), text);
  EXPECT_LE(most, 2 * runtime::limits::write_high_bytes);
  answer("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(noted(), (lines{"#1 204", "#1 end "}));
}

// -- bodies that are streamed -------------------------------------------------

TEST_F(client_broker_test, body_of_unknown_size_goes_in_chunks) {
  on_wanted = [this](const body_wanted&) {
    EXPECT_TRUE(self->write_body(byte_slice::copy("hello"), 7));
    EXPECT_TRUE(self->write_body(byte_slice{}));
    EXPECT_TRUE(self->write_body(byte_slice::copy(std::string(17, 'x'))));
    self->end_body();
    EXPECT_FALSE(self->write_body(byte_slice::copy("too late")));
  };
  in_client(
      [](client_broker* x) { x->send({.verb = "PUT", .streams_body = true}); });
  EXPECT_EQ(asked(), "PUT / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n"
                     "5\r\nhello\r\n11\r\nxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
  EXPECT_EQ(noted(), (lines{"#1 wanted", "written #7"}));
}

TEST_F(client_broker_test, body_of_known_size_goes_as_it_is) {
  on_wanted = [this](const body_wanted&) {
    EXPECT_TRUE(self->write_body(byte_slice::copy("hel")));
    EXPECT_FALSE(self->write_body(byte_slice::copy("lo!")));
    EXPECT_TRUE(self->write_body(byte_slice::copy("lo")));
    self->end_body();
  };
  in_client([](client_broker* x) {
    x->send({.verb = "PUT", .streams_body = true, .body_size = 5});
  });
  EXPECT_EQ(asked(), "PUT / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Length: 5\r\n\r\nhello");
}

TEST_F(client_broker_test, body_that_is_too_short_ends_the_connection) {
  on_wanted = [this](const body_wanted&) {
    self->write_body(byte_slice::copy("hel"));
    self->end_body();
  };
  ask({.verb = "PUT", .streams_body = true, .body_size = 5});
  EXPECT_EQ(noted(),
            (lines{"#1 wanted", "#1 failed, repeatable", "closed aborted"}));
  EXPECT_EQ(failure(), "the body has 3 bytes in place of 5");
}

TEST_F(client_broker_test, body_waits_for_the_server_to_continue) {
  in_client([](client_broker* x) {
    x->send({.verb = "PUT",
             .body = byte_slice::copy("hello"),
             .expects_continue = true});
  });
  EXPECT_EQ(asked(), "PUT / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  answer("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(asked(), "hello");
  answer(ok_hello);
  EXPECT_EQ(noted(), (lines{"#1 200 5", "#1 end hello"}));
}

TEST_F(client_broker_test, body_is_sent_after_a_while_to_a_silent_server) {
  ask({.verb = "PUT",
       .body = byte_slice::copy("hello"),
       .expects_continue = true});
  pass(900ms);
  EXPECT_EQ(asked(), "");
  pass(200ms);
  EXPECT_EQ(asked(), "hello");
}

TEST_F(client_broker_test, body_that_is_refused_is_not_sent) {
  ask({.verb = "PUT",
       .body = byte_slice::copy("hello"),
       .expects_continue = true});
  answer("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  pass(5s);
  EXPECT_EQ(asked(), "");
  // The server may have begun to read what never comes.
  EXPECT_EQ(noted(), (lines{"#1 413 0", "#1 end ", "closed closed"}));
}

// -- answers ------------------------------------------------------------------

TEST_F(client_broker_test, answers_come_in_the_order_of_the_requests) {
  in_client([](client_broker* x) {
    x->send({.target = "/1"});
    x->send({.target = "/2"});
    x->send({.target = "/3"});
  });
  EXPECT_EQ(asked(), "GET /1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  EXPECT_EQ(self->unanswered(), 3u);
  answer(ok_hello);
  EXPECT_EQ(asked(), "GET /2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  answer(ok_hello);
  answer(ok_hello);
  EXPECT_EQ(noted(), (lines{"#1 200 5", "#1 end hello", "#2 200 5",
                            "#2 end hello", "#3 200 5", "#3 end hello"}));
  EXPECT_EQ(self->unanswered(), 0u);
  EXPECT_EQ(server.peers().size(), 1u);
}

TEST_F(client_broker_test, chunks_are_taken_out_of_their_frames) {
  ask();
  answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(noted(), (lines{"#1 200", "#1 end hello world"}));
  ask();
  answer(ok_hello);
  EXPECT_EQ(log.back(), "#2 end hello");
}

TEST_F(client_broker_test, some_answers_have_no_body_whatever_they_say) {
  ask({.verb = "HEAD"});
  answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  ask();
  answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  ask();
  answer("HTTP/1.1 204 No Content\r\n\r\n");
  ask();
  answer(ok_hello);
  EXPECT_EQ(noted(), (lines{"#1 200 5", "#1 end ", "#2 304 5", "#2 end ",
                            "#3 204", "#3 end ", "#4 200 5", "#4 end hello"}));
}

TEST_F(client_broker_test, hints_come_before_the_answer) {
  ask();
  answer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
         "HTTP/1.1 100 Continue\r\n\r\n");
  answer(ok_hello);
  EXPECT_EQ(noted(), (lines{"#1 hint 103", "#1 200 5", "#1 end hello"}));
}

TEST_F(client_broker_test, end_of_the_connection_may_be_that_of_a_body) {
  ask();
  answer("HTTP/1.1 200 OK\r\n\r\nhello");
  EXPECT_EQ(noted(), lines{"#1 200"});
  peer().close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"#1 end hello", "closed peer_closed"}));
}

TEST_F(client_broker_test, answer_that_is_cut_short_is_a_failure) {
  ask();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  peer().close();
  pass(1ms);
  auto seen = noted();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1], "#1 failed");
  EXPECT_TRUE(seen[2].starts_with("closed ")) << seen[2];
}

TEST_F(client_broker_test, connection_ends_when_the_server_says_so) {
  in_client([](client_broker* x) {
    x->send({});
    x->send({.verb = "POST"});
  });
  answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  peer().close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"#1 200 0", "#1 end ", "#2 failed, repeatable",
                            "closed closed"}));
  EXPECT_EQ(failures.back().request.verb, "POST");
}

TEST_F(client_broker_test, old_servers_end_the_connection_after_each_answer) {
  ask();
  answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
  peer().close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"#1 200 0", "#1 end ", "closed closed"}));
}

TEST_F(client_broker_test, answer_that_nobody_asked_for_ends_the_connection) {
  answer(ok_hello);
  auto seen = noted();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0], "closed malformed_frame");
}

TEST_F(client_broker_test, bytes_behind_an_answer_end_the_connection) {
  ask();
  answer(std::string{ok_hello} + "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(noted(),
            (lines{"#1 200 5", "#1 end hello", "closed malformed_frame"}));
}

TEST_F(client_broker_test, garbage_is_a_failure_that_says_so) {
  for (std::string_view text :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
        "\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    failures.clear();
    dial();
    pass(1ms);
    ask();
    answer(text);
    ASSERT_EQ(failures.size(), 1u) << text;
    EXPECT_EQ(log.back(), "closed malformed_frame") << text;
  }
}

TEST_F(client_broker_test, head_without_an_end_is_refused) {
  ask();
  peer().send("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 1'000 && failures.empty(); ++i)
    answer("X-" + std::to_string(i) + ": " + std::string(1'000, 'x') + "\r\n");
  EXPECT_EQ(failures.size(), 1u);
  EXPECT_LE(peer().sent(), 200'000u);
}

// -- pressure -----------------------------------------------------------------

TEST_F(client_broker_test, answer_waits_for_who_does_not_read) {
  on_head = [this](const answer_head&) { self->read_paused(); };
  ask();
  std::string text(4'000'000, 'x');
  answer("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + text);
  pass(10s);
  EXPECT_GT(peer().unsent(), 1'000'000u);
  EXPECT_EQ(noted(), lines{"#1 200 4000000"});
  in_client([](client_broker* x) { x->read_flowing(); });
  pass(10s);
  EXPECT_EQ(noted(), lines{"#1 end " + text});
}

// -- ends ---------------------------------------------------------------------

TEST_F(client_broker_test, deadline_of_an_answer_ends_the_connection) {
  in_client([](client_broker* x) {
    x->send({.deadline = 2s});
    x->send({.verb = "POST", .deadline = 0s});
  });
  pass(1'990ms);
  EXPECT_EQ(noted(), lines{});
  pass(20ms);
  EXPECT_EQ(noted(), (lines{"#1 failed, repeatable", "#2 failed, repeatable",
                            "closed aborted"}));
}

TEST_F(client_broker_test, deadline_of_a_request_that_waits_harms_no_other) {
  in_client([](client_broker* x) {
    x->send({.deadline = 0s});
    x->send({.deadline = 2s});
  });
  pass(3s);
  EXPECT_EQ(noted(), lines{"#2 failed, repeatable"});
  answer(ok_hello);
  EXPECT_EQ(noted(), (lines{"#1 200 5", "#1 end hello"}));
}

TEST_F(client_broker_test,
       what_was_sent_and_is_not_idempotent_is_not_repeated) {
  in_client([](client_broker* x) {
    x->send({.verb = "POST"});
    x->send({.verb = "POST"});
  });
  peer().reset();
  pass(1ms);
  EXPECT_EQ(noted(),
            (lines{"#1 failed", "#2 failed, repeatable", "closed peer_reset"}));
}

TEST_F(client_broker_test, requests_can_be_taken_back) {
  in_client([](client_broker* x) {
    x->send({.target = "/1"});
    auto second = x->send({.target = "/2"});
    x->send({.target = "/3"});
    x->cancel(second);
    x->cancel(99);
  });
  asked();
  answer(ok_hello);
  EXPECT_TRUE(asked().starts_with("GET /3 "));
  EXPECT_EQ(noted(),
            (lines{"#2 failed, repeatable", "#1 200 5", "#1 end hello"}));
  in_client([](client_broker* x) { x->cancel(x->current()); });
  EXPECT_EQ(noted(), (lines{"#3 failed, repeatable", "closed aborted"}));
}

TEST_F(client_broker_test, nobody_else_writes_into_requests) {
  lines back;
  auto other = runtime::spawn_on(
      run.loop(), [&](runtime::loop_actor* x) -> caf::behavior {
        x->send(client, net::write{byte_slice::copy("GET / HTTP/1.1\r\n")});
        return {[&](const net::rejected& what) {
          back.push_back(to_string(what.reason) + " " + what.bytes.str());
        }};
      });
  pass(1ms);
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(back, lines{"bad_frame GET / HTTP/1.1\r\n"});
}

TEST_F(client_broker_test, queue_of_requests_is_bounded) {
  in_client([](client_broker* x) {
    for (int i = 0; i < 1'100; ++i)
      x->send({});
  });
  EXPECT_LE(self->unanswered(), 1'025u);
  EXPECT_EQ(self->unanswered() + failures.size(), 1'100u);
}

TEST_F(client_broker_test, close_gives_back_what_is_not_answered) {
  in_client([](client_broker* x) {
    x->send({});
    x->send({});
  });
  in_client([](client_broker* x) { x->close(); });
  peer().close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"#1 failed, repeatable", "#2 failed, repeatable",
                            "closed closed"}));
}

TEST_F(client_broker_test, who_asks_again_at_once_does_not_stop_the_world) {
  std::uint64_t failed = 0;
  std::vector<std::uint64_t> last;
  on_failed = [&](const request_failed& x) {
    ++failed;
    auto id = self->send(x.request);
    if (self->state() == stream_state::closed)
      last.push_back(id);
  };
  in_client([](client_broker* x) {
    x->send({});
    x->send({});
    x->close();
  });
  peer().close();
  pass(1ms);
  EXPECT_EQ(log.back(), "closed closed");
  EXPECT_GE(failed, 2u);
  // After the end nothing is taken, or it would have to fail, and so on.
  EXPECT_EQ(last, std::vector<std::uint64_t>(last.size(), 0));
}

TEST(client_broker_sim_test, another_behavior_is_told_as_the_first) {
  sim_world world{1, sim_settings::calm()};
  lines log;
  sim_runtime run{world};
  auto result = connect(
      run.loop(), "tcp://127.0.0.1:1",
      [&](client_broker* self) -> caf::behavior {
        self->send({});
        self->become(
            [&](const request_failed&) { log.push_back("failed"); },
            [&](const closed& x) { log.push_back(to_string(x.reason)); });
        return {};
      });
  ASSERT_TRUE(result);
  run.during(1s);
  EXPECT_EQ(log, (lines{"failed", "connect_failed"}));
}

TEST(client_broker_sim_test, requests_may_not_lose_pieces) {
  sim_world world{1, sim_settings::calm()};
  sim_runtime run{world};
  stream_options options;
  options.on_overflow = overflow::drop_oldest;
  auto behave = [](client_broker*) -> caf::behavior { return {}; };
  auto result = connect(run.loop(), "tcp://127.0.0.1:1", behave, options);
  ASSERT_FALSE(result);
  EXPECT_NE(runtime::to_text(result.error()).find("drop_oldest"),
            std::string::npos);
}

TEST(client_broker_sim_test, requests_wait_for_the_connection) {
  sim_world world{1, sim_settings::calm()};
  client_fixture x{world};
  x.dial([](client_broker* self) { self->send({}); });
  x.pass(1ms);
  EXPECT_EQ(x.asked(), "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
}

TEST(client_broker_sim_test, nobody_there_fails_all_requests) {
  sim_world world{1, sim_settings::calm()};
  lines log;
  sim_runtime run{world};
  auto result = connect(
      run.loop(), "tcp://127.0.0.1:1",
      [&](client_broker* self) -> caf::behavior {
        self->send({.verb = "POST"});
        return {[&](const request_failed& x) {
                  log.push_back(x.repeatable ? "again" : "lost");
                },
                [&](const closed& x) { log.push_back(to_string(x.reason)); }};
      });
  ASSERT_TRUE(result);
  run.during(1s);
  EXPECT_EQ(log, (lines{"again", "connect_failed"}));
}

TEST(client_broker_sim_test, every_request_has_one_end_however_bytes_arrive) {
  for_each_seed(300, [](std::uint64_t seed) {
    random_source random{seed};
    sim_world world{seed};
    client_fixture x{world};
    constexpr std::uint64_t count = 20;
    std::uint64_t ends = 0;
    std::size_t answered = 0;
    x.server.on_accept = [&](sim_peer& peer) {
      peer.read_all();
      peer.on_progress = [&] {
        // One answer for each head that came whole.
        while (peer.received().find("\r\n\r\n", answered)
               != std::string::npos) {
          answered = peer.received().find("\r\n\r\n", answered) + 4;
          switch (random.below(8)) {
          case 0:
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
            break;
          case 1:
            peer.send("HTTP/1.1 100 Continue\r\n\r\n" + std::string{ok_hello});
            break;
          case 2:
            if (random.below(4) == 0)
              peer.reset();
            else
              peer.send(ok_hello);
            break;
          default:
            peer.send(ok_hello);
          }
        }
      };
    };
    x.on_end = [&](const answer_end&) { ++ends; };
    x.dial([](client_broker* self) {
      for (std::uint64_t i = 0; i < count; ++i)
        self->send({.deadline = 0s});
    });
    EXPECT_TRUE(x.run.until([&] { return ends + x.failures.size() == count; }));
    x.pass(1s);
    EXPECT_EQ(ends + x.failures.size(), count);
    for (auto& text : x.log)
      if (text.find(" end ") != std::string::npos) {
        EXPECT_TRUE(text.ends_with("hello") || text.ends_with("abcde")) << text;
      }
  });
}

} // namespace
} // namespace sluice::net::http
