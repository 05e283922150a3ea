"""The arithmetic and the tables of bench/run."""

import unittest

from bench.harness import measure, redis, report, tables
from bench.harness.servers import RAW, RAW_DRAIN, SLUICE, Server


def run(rate, waited=0.0, cpu=0.5):
    """What the load generator reports of a run of one second."""
    return {
        "messages": rate, "messages_per_s": rate, "mb_per_s": 1, "p50_us": 10,
        "p99_us": 20, "seconds": 1.0, "server_cpu_s": cpu,
        "client_waited_s": waited, "server_waited_s": 0.0, "waited": waited,
        "fault": None,
    }


class Ratio(unittest.TestCase):
    def test_drift_between_rounds_does_not_move_it(self):
        # The machine halves its speed in each round; ours is always 0.9.
        self.assertAlmostEqual(
            report.ratio([90, 45, 22.5], [100, 50, 25]), 0.9)

    def test_it_is_the_median_of_quotients_not_the_quotient_of_medians(self):
        self.assertEqual(report.ratio([1, 2, 9], [1, 4, 3]), 1)

    def test_failed_rounds_are_left_out_on_either_side(self):
        self.assertEqual(report.ratio([None, 50, 80], [100, None, 100]), 0.8)

    def test_nothing_to_compare_gives_none(self):
        self.assertIsNone(report.ratio([None, 1], [1, None]))
        self.assertIsNone(report.ratio([1], [0]))


class Median(unittest.TestCase):
    def test_even_number_of_rounds_takes_the_mean_of_the_middle(self):
        self.assertEqual(report.median_of([1, 4, 2, 100]), 3)

    def test_failed_rounds_do_not_count(self):
        self.assertEqual(report.median_of([None, 5, None]), 5)
        self.assertIsNone(report.median_of([None]))

    def test_spread_is_relative_to_the_median(self):
        self.assertAlmostEqual(report.spread([90, 100, 120]), 0.3)
        self.assertIsNone(report.spread([None]))


class Format(unittest.TestCase):
    def test_rates_have_three_digits_and_a_unit(self):
        for value, text in ((283_412, "283k"), (4_399_000, "4.40M"),
                            (12_345, "12.3k"), (999.4, "999"), (7, "7.00"),
                            (2.7e9, "2.70G"), (None, "-")):
            self.assertEqual(report.count(value), text)

    def test_rounding_up_to_a_thousand_takes_the_next_unit(self):
        self.assertEqual(report.count(999_700), "1.00M")
        self.assertEqual(report.count(999_400), "999k")

    def test_significant_digits_change_at_the_rounded_border(self):
        self.assertEqual(report.significant(9.996), "10.0")
        self.assertEqual(report.significant(99.96), "100")
        self.assertEqual(report.significant(65_954.2), "65,954")
        self.assertEqual(report.significant(0), "0.00")

    def test_table_is_markdown_with_figures_to_the_right(self):
        self.assertEqual(report.table(["server", "x"], [["raw", 1]]),
                         "| server | x |\n| --- | ---: |\n| raw | 1 |")


class EchoSummary(unittest.TestCase):
    def summary(self):
        return measure.summarize_echo({
            RAW: [run(100, cpu=1.0), run(200, cpu=1.0), run(50, cpu=1.0)],
            SLUICE: [run(95, cpu=0.5), {"fault": "a byte was lost"},
                     run(40, cpu=0.5)],
        })

    def test_rates_are_medians_and_ratios_are_paired(self):
        rows = self.summary()
        self.assertEqual(rows[RAW.name]["rate"], 100)
        self.assertEqual(rows[RAW.name]["ratio"], 1)
        self.assertEqual(rows[SLUICE.name]["rate"], 67.5)
        self.assertAlmostEqual(rows[SLUICE.name]["ratio"], (0.95 + 0.8) / 2)

    def test_core_ratio_counts_messages_per_second_of_cpu(self):
        rows = self.summary()
        self.assertAlmostEqual(rows[SLUICE.name]["core_ratio"],
                               (1.9 + 1.6) / 2)

    def test_failed_round_is_reported(self):
        lines = list(tables.doubts({"echo": {"50/64/1": self.summary()}}))
        self.assertEqual(lines, ["failed: 50/64/1: Sluice stream_broker: 1 of "
                                 "3 rounds: a byte was lost"])

    def test_row_that_always_failed_still_prints(self):
        rows = measure.summarize_echo({
            RAW: [run(100)], SLUICE: [{"fault": "no echo"}]})
        text = tables.render({"echo": {"50/64/1": rows}})
        self.assertIn("| raw epoll | 100 (1.00) |", text)
        self.assertIn("| Sluice stream_broker | - |", text)

    def test_disturbed_rows_are_named(self):
        rows = measure.summarize_echo({
            RAW: [run(100, waited=0.01)], RAW_DRAIN: [run(100, waited=0.4)]})
        self.assertEqual(list(tables.doubts({"echo": {"c": rows}})), [
            "disturbed: c: other programs held a core for up to 40% of the "
            "time: raw epoll, reads while full"])

    def test_a_server_of_many_threads_may_wait_for_itself(self):
        waiting = dict(run(1), server_waited_s=0.3)
        self.assertEqual(measure.waited(waiting, Server("a", "a", True)), 0)
        self.assertEqual(measure.waited(waiting, Server("a", "a")), 0.3)


class Targets(unittest.TestCase):
    def test_bulk_is_compared_with_the_variant_that_reads_while_full(self):
        rows = measure.summarize_echo({
            RAW: [run(100)], RAW_DRAIN: [run(200)], SLUICE: [run(188)]})
        text = tables.render({"echo": {"8/64K/4": rows}})
        self.assertIn(">= 0.95 | 0.94 | MISSED", text)

    def test_disturbed_rows_get_no_verdict(self):
        for disturbed in (RAW, SLUICE):
            rows = measure.summarize_echo({
                row: [run(100, waited=0.3 if row is disturbed else 0)]
                for row in (RAW, SLUICE)})
            text = tables.render({"echo": {"50/64/1": rows}})
            self.assertIn("1.00 | disturbed, no verdict", text)

    def test_bounds_hold_from_above_and_below(self):
        text = tables.render({
            "syscalls": {SLUICE.name: {"per_message": 2.05, "messages": 100,
                                       "calls": {"sendto": 101, "brk": 0}}},
            "growth": {"Sluice, sender ignores": {"mib": 4.5}},
        })
        self.assertIn("<= 2.1 | 2.05 | reached", text)
        self.assertIn("<= 4 | 4.50 | MISSED", text)
        self.assertIn("| Sluice stream_broker | 2.05 | sendto 1.01 |", text)

    def test_without_figures_nothing_is_claimed(self):
        self.assertNotIn("To be reached", tables.render({
            "idle": {SLUICE.name: {"fault": "it died"}}}))


class Strace(unittest.TestCase):
    def test_calls_are_counted_with_and_without_errors(self):
        calls = measure.parse_strace(
            "% time     seconds  usecs/call     calls    errors syscall\n"
            "------ ----------- ----------- --------- --------- --------\n"
            " 60.00    0.600000           6    100000           sendto\n"
            " 40.00    0.400000           4    100050        50 recvfrom\n"
            "------ ----------- ----------- --------- --------- --------\n"
            "100.00    1.000000           4    200050        50 total\n")
        self.assertEqual(calls, {"sendto": 100000, "recvfrom": 100050})


class RedisBenchmark(unittest.TestCase):
    def test_rates_are_read_after_whatever_was_said_before(self):
        self.assertEqual(
            redis.parse('WARNING: Could not fetch server CONFIG\n'
                        '"test","rps","avg_latency_ms"\n'
                        '"SET","124000.50","0.3"\n"GET","130000.00","0.3"\n'),
            {"SET": 124000.5, "GET": 130000.0})

    def test_no_figures_is_an_error(self):
        with self.assertRaises(ValueError):
            redis.parse("Error: Connection refused\n")

    def test_ratio_is_to_the_first_server(self):
        rows = redis.summarize({"redis-server": [100, 200],
                                "Sluice kv": [90, 190]})
        self.assertAlmostEqual(rows["Sluice kv"]["ratio"], 0.925)


if __name__ == "__main__":
    unittest.main()
