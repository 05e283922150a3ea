#include "actors/observe/sentences.h"

#include <gtest/gtest.h>

namespace sluice::actors::observe::sentences {
namespace {

using namespace std::chrono_literals;

const cluster::member n2{"n2", 7, "tcp://127.0.0.1:7001", "", {"store"}};

link_report to_n2(std::uint64_t queued) {
  return {.to = "n2", .told = true, .queued = queued};
}

TEST(sentences_test, numbers_are_as_people_write_them) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'000), "1,000");
  EXPECT_EQ(count_text(12'345'678), "12,345,678");
  EXPECT_EQ(span_text(300ms), "300 ms");
  EXPECT_EQ(span_text(1'500ms), "1.5 s");
  EXPECT_EQ(span_text(4s), "4 s");
  EXPECT_EQ(span_text(90s), "90 s");
  EXPECT_EQ(span_text(3min), "3 min");
  EXPECT_EQ(span_text(5h), "5 h");
  EXPECT_EQ(rate_text(1), "1 byte a second");
  EXPECT_EQ(rate_text(1'000), "1,000 bytes a second");
  EXPECT_EQ(rate_text(2'500'000), "2.5 MB a second");
  EXPECT_EQ(rate_text(64'000), "64 kB a second");
}

TEST(sentences_test, membership_says_what_it_means) {
  EXPECT_EQ(joined(n2), "n2 joined the cluster at tcp://127.0.0.1:7001.");
  EXPECT_EQ(suspected(n2),
            "n2 is silent. It may be slow, stopped, cut off or dead; if it "
            "stays silent it counts as down.");
  EXPECT_EQ(trusted(n2), "n2 is heard again.");
  EXPECT_EQ(left(n2), "n2 left the cluster, as it was asked to.");
  EXPECT_EQ(down(n2), "n2 is down: the others go on without it. If it lives "
                      "after all, it has to join again.");
  EXPECT_EQ(membership_lost("n1", "nobody answers"),
            "n1 cannot be sure to be a member any more (nobody answers). What "
            "this page shows of the others may be old.");
  EXPECT_EQ(membership_lost("n1", ""),
            "n1 cannot be sure to be a member any more. What this page shows "
            "of the others may be old.");
  EXPECT_EQ(membership_gained("n1"), "n1 is a member of the cluster.");
}

TEST(sentences_test, pressure_on_a_link_says_who_waits_for_whom) {
  EXPECT_EQ(applied("n1", to_n2(4096)),
            "n1 waits for n2: 4,096 messages are on the way and not taken yet. "
            "Senders on n1 are told to slow down.");
  EXPECT_EQ(applied("n1", to_n2(1)),
            "n1 waits for n2: 1 message is on the way and not taken yet. "
            "Senders on n1 are told to slow down.");
  auto bytes = to_n2(70'000);
  bytes.unit = pressure_unit::bytes;
  EXPECT_EQ(applied("n1", bytes),
            "n1 waits for n2: 70 kB are on the way and not taken yet. Senders "
            "on n1 are told to slow down.");
  EXPECT_EQ(stalled("n1", to_n2(300)),
            "n1 waits for n2: 300 messages are on the way and n2 has not taken "
            "more for some seconds. Who sends there waits until it does, or "
            "until it counts as down.");
  auto untold = to_n2(7);
  untold.told = false;
  EXPECT_EQ(applied("n1", untold),
            "n1 waits for n2: 7 messages are on the way and not taken yet. n2, "
            "or the way to it, is slow.");
  EXPECT_EQ(released("n1", "n2", 4s, 1),
            "n1 does not wait for n2 any more: n2 takes what is sent. It "
            "lasted 4 s.");
  EXPECT_EQ(released("n1", "n2", 30s, 14),
            "n1 does not wait for n2 any more: n2 takes what is sent. It "
            "lasted 30 s, with pauses, 14 times.");
}

TEST(sentences_test, a_lost_link_says_what_becomes_of_what_is_sent) {
  EXPECT_EQ(link_lost("n1", "n2"),
            "n1 has lost its connection to n2. What is sent waits until it is "
            "there again, or until n2 counts as down.");
  EXPECT_EQ(link_cut("n1", "n2"),
            "The way from n1 to n2 is cut, as somebody asked for. Nothing "
            "passes until it is healed.");
  EXPECT_EQ(link_open("n1", "n2", 2'500ms),
            "n1 is connected to n2 again, after 2.5 s.");
}

TEST(sentences_test, a_hold_inside_of_a_node_names_both) {
  hold_report hold{.held = "parser 3", .holder = "sink 4", .queued = 300};
  EXPECT_EQ(holds("n1", hold),
            "On n1, parser 3 waits for sink 4: 300 messages are waiting there, "
            "which is its limit.");
  EXPECT_EQ(holds_no_more("n1", "parser 3", "sink 4", 1s),
            "On n1, parser 3 does not wait for sink 4 any more, after 1 s.");
}

TEST(sentences_test, closed_connections_say_why_and_how_many) {
  EXPECT_EQ(closed("n2", 1, "write_stall"),
            "n2 closed a connection: the peer has not taken a byte for too "
            "long (write_stall).");
  EXPECT_EQ(closed("n2", 1'200, "peer_reset"),
            "n2 closed 1,200 connections: the peer reset it, as a process does "
            "that was killed (peer_reset).");
  EXPECT_EQ(closed("n2", 2, "connect_failed"),
            "n2 could not make 2 connections: nobody listens there, or nothing "
            "leads there (connect_failed).");
  EXPECT_EQ(closed("n2", 1, "of_tomorrow"),
            "n2 closed a connection: of_tomorrow.");
}

TEST(sentences_test, orderly_ends_are_no_news) {
  for (auto x : {"finished", "peer_closed", "closed", "handed_over", "quit",
                 "shut_down", ""})
    EXPECT_FALSE(is_bad_end(x)) << x;
  for (auto x : {"aborted", "write_stall", "slow_consumer", "frame_too_long",
                 "malformed_frame", "system_error", "peer_reset"})
    EXPECT_TRUE(is_bad_end(x)) << x;
}

TEST(sentences_test, controls_say_what_is_so_now) {
  EXPECT_EQ(slowed("n2", 1'000),
            "n2 reads at most 1,000 bytes a second from each other node now.");
  EXPECT_EQ(slowed("n2", 0), "n2 reads as fast as it can.");
  EXPECT_EQ(cut("n1", "n2"), "n1 and n2 do not hear each other now.");
  EXPECT_EQ(healed("n1"), "n1 hears all others, and is as fast as it can.");
  EXPECT_EQ(healed_all(3),
            "All 3 nodes hear each other, and are as fast as they can.");
  EXPECT_EQ(stopped("n2"), "n2 is stopped: its process does nothing, but its "
                           "connections stay open.");
  EXPECT_EQ(continued("n2"), "n2 goes on.");
  EXPECT_EQ(killed("n2"), "n2 was killed. The others will notice.");
  EXPECT_EQ(started("n2"), "n2 was started, and is a member again.");
  EXPECT_EQ(asked("127.0.0.1:4711", "n2 goes on."),
            "127.0.0.1:4711 asked: n2 goes on.");
  EXPECT_EQ(asked_in_vain("127.0.0.1:4711", "kill n9", "There is no node n9."),
            "127.0.0.1:4711 asked for `kill n9`, in vain: There is no node "
            "n9.");
}

TEST(sentences_test, refusals_say_what_to_do_instead) {
  EXPECT_EQ(no_such_node("n9"), "There is no node n9.");
  EXPECT_EQ(not_there("n2", "down"), "n2 is down, and cannot be asked.");
  EXPECT_EQ(no_answer("n2", 3s), "n2 did not answer within 3 s. Whether it has "
                                 "done it is not known.");
  EXPECT_EQ(no_launcher("kill"),
            "This node was started without a launcher, which would be the one "
            "to kill nodes: `sluice up` starts them with one.");
  EXPECT_EQ(own_page("n1", "stop"),
            "This page comes from n1 itself, and would be dead: stop it from "
            "another node's page, or with `sluice stop n1`.");
  EXPECT_EQ(too_many_controls(32), "32 controls are under way already. Wait "
                                   "for their answers.");
  EXPECT_EQ(no_launcher_answer("nobody listens"),
            "The launcher did not answer: nobody listens.");
}

TEST(sentences_test, what_others_say_becomes_a_sentence) {
  EXPECT_EQ(capital("the cluster is starting"), "The cluster is starting.");
  EXPECT_EQ(capital("n2 runs already, pid 7"), "n2 runs already, pid 7.");
  EXPECT_EQ(capital("Done."), "Done.");
  EXPECT_EQ(capital(""), "Nobody says why.");
}

} // namespace
} // namespace sluice::actors::observe::sentences
