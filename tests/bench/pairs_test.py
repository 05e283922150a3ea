"""The programs of the pairs, in both roles, and how bench/run uses them."""

import os
import shutil
import subprocess
import unittest

from bench.harness import measure, pair_tables, pairs
from bench.harness.pairs import BASP_CAF, BASP_SLUICE, CHANNEL, RAW
from bench.harness.process import Failed, Process

FOLDER = "bench/pair/"
CPUS = sorted(os.sched_getaffinity(0))
COMMANDS = ["tcp_pair", "channel_pair", "channel_pair --pinned",
            "basp_pair --middleman caf", "basp_pair --middleman sluice"]
if shutil.which("escript"):
    COMMANDS.append("erlang_pair.escript")


def lab():
    return measure.Lab(None, CPUS[0], CPUS[-1], 1, 0.2, 0, lambda _: None)


def argv(command):
    program, *args = command.split()
    return [FOLDER + program, *args]


class Programs(unittest.TestCase):
    def test_rows_of_ping_alone_end_well_on_both_sides(self):
        for pair in (pairs.RAW_EPOLL, pairs.BESIDE, pairs.BESIDE_OWN):
            with self.subTest(pair.name):
                run = pairs.run_once(lab(), "ping", argv(pair.command))
                self.assertIsNone(run["fault"])
                self.assertGreater(run["messages"], 0)

    def test_a_short_run_of_each_job_ends_well_on_both_sides(self):
        for command in COMMANDS:
            for job in ("stream", "bulk", "ping"):
                with self.subTest(f"{command}, {job}"):
                    run = pairs.run_once(lab(), job, argv(command))
                    self.assertIsNone(run["fault"])
                    self.assertGreater(run["messages"], 0)
                    self.assertEqual(run["p50_us"] > 0, job == "ping")

    def test_a_count_ends_a_run(self):
        for command in COMMANDS:
            with self.subTest(command):
                with pairs.start_server([argv(command)[0], "receive",
                                         *argv(command)[1:]],
                                        CPUS[0]) as receiver:
                    with pairs.start_sender(
                            lab(), "stream", argv(command), receiver, 60,
                            "--count", 5000) as sender:
                        run = pairs.await_result(sender, 30)
                        sender.finish(20)
                self.assertEqual(run["messages"], 5000)

    def test_a_slow_receiver_is_offered_messages_and_watched(self):
        for command in COMMANDS[1:]:
            with self.subTest(command):
                with pairs.start_server([argv(command)[0], "receive",
                                         *argv(command)[1:]],
                                        CPUS[0]) as receiver:
                    with pairs.start_sender(
                            lab(), "slow", argv(command), receiver, 0.5,
                            "--count", 100) as sender:
                        row = pairs.watch_growth(sender, receiver)
                        sender.finish(20)
                self.assertEqual(row["offered"], 100)
                self.assertFalse(row["stopped"])

    def test_a_job_that_a_program_does_not_do_is_refused(self):
        with Process([FOLDER + "tcp_pair", "send", "--port", 1, "--job",
                      "slow"], CPUS[0], stdin=subprocess.PIPE) as sender:
            with self.assertRaises(Failed):
                sender.finish(20)


def run(rate, waited=0.0):
    return {"rate": rate, "mb_per_s": 1, "p50_us": 10, "p99_us": 20,
            "waited": waited, "fault": None}


class Tables(unittest.TestCase):
    def text(self, job, rows):
        return "\n".join(text for _, text in pair_tables.pairs({job: rows}))

    def test_ratio_of_the_middlemen_is_paired_within_rounds(self):
        rows = pairs.summarize({
            RAW: [run(1000), run(1000), run(1000)],
            BASP_CAF: [run(100), run(50), run(200)],
            BASP_SLUICE: [run(98), run(49), run(190)]})
        self.assertIn("(0.98): reached", self.text("stream", rows))

    def test_a_rate_below_its_bound_is_missed(self):
        rows = pairs.summarize({RAW: [run(9e6)], CHANNEL: [run(1.9e6)]})
        self.assertIn(">= 2.00M: MISSED", self.text("stream", rows))

    def test_disturbed_rows_get_no_verdict_and_are_named(self):
        rows = pairs.summarize({RAW: [run(9e6)], CHANNEL: [run(3e6, 0.3)]})
        self.assertIn("disturbed, no verdict", self.text("stream", rows))
        self.assertEqual(list(pair_tables.doubts({"stream": rows})), [
            "disturbed: pairs stream: Sluice channel: other programs held a "
            "core for 30% of the time"])

    def test_growth_counts_the_side_that_grew_more(self):
        row = {"sender_mib": 1.0, "receiver_mib": 20.0, "mib": 20.0,
               "offered": 5000, "stopped": False, "fault": None}
        self.assertIn("<= 16: MISSED",
                      self.text("slow", {CHANNEL.name: row}))

    def test_a_row_that_failed_still_prints(self):
        rows = pairs.summarize({RAW: [run(9)], CHANNEL: [{"fault": "gone"}]})
        self.assertIn("not measured", self.text("stream", rows))
        self.assertEqual(list(pair_tables.doubts({"stream": rows})),
                         ["failed: pairs stream: Sluice channel: gone"])


if __name__ == "__main__":
    unittest.main()
