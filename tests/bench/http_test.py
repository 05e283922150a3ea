"""What bench/harness/http.py reads out of wrk, and its comparison with nginx."""

import unittest

from bench.harness import http, tables
from bench.harness.process import Failed

TEXT = """Running 3s test @ http://127.0.0.1:60649/hello
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.74ms    3.59ms  24.50ms   83.38%
    Req/Sec    35.88k     2.79k   41.06k    56.67%
  Latency Distribution
     50%  306.00us
     75%    1.20ms
     90%    3.00ms
     99%    1.02s
  109466 requests in 3.07s, 15.97MB read
Requests/sec:  35680.42
Transfer/sec:      5.21MB
"""


def run(rate, core_rate=1000.0):
    return {"fault": None, "rate": rate, "requests": int(rate),
            "p50_us": 1.0, "p99_us": 2.0, "waited": 0.0, "server_core": 0.5,
            "core_rate": core_rate}


class Parse(unittest.TestCase):
    def test_rate_and_percentiles_in_any_unit(self):
        found = http.parse(TEXT)
        self.assertEqual(found["rate"], 35680.42)
        self.assertEqual(found["requests"], 109466)
        self.assertEqual(found["p50_us"], 306)
        self.assertEqual(found["p99_us"], 1_020_000)

    def test_errors_are_no_figure(self):
        for line in ("  Socket errors: connect 0, read 3, write 0, timeout 0",
                     "  Non-2xx or 3xx responses: 17"):
            with self.subTest(line), self.assertRaisesRegex(
                    Failed, line.strip()):
                http.parse(TEXT + line + "\n")

    def test_nothing_is_no_figure(self):
        with self.assertRaises(Failed):
            http.parse("unable to connect to 127.0.0.1:1 Connection refused")


class Summary(unittest.TestCase):
    def test_ratio_is_the_median_of_those_within_each_round(self):
        found = http.summarize({"nginx": [run(100), run(50), run(10)],
                                "Sluice": [run(110), run(100), run(10)]})
        self.assertEqual(found["nginx"]["ratio"], 1)
        self.assertAlmostEqual(found["Sluice"]["ratio"], 1.1)

    def test_round_that_failed_does_not_count(self):
        found = http.summarize({"nginx": [run(100), run(50)],
                                "Sluice": [{"fault": "why"}, run(100)]})
        self.assertEqual(found["Sluice"]["ratio"], 2)

    def test_tables_name_rows_cells_and_faults(self):
        rates = {"small": http.summarize({
            "nginx": [run(100)], "Sluice": [{"fault": "why"}]})}
        results = {"rates": rates, "idle": {"nginx": {"bytes": 512.0},
                                            "Sluice": {"fault": "died"}}}
        text = "\n".join(x[1] for x in tables.http(results))
        self.assertIn("| nginx | 100 (1.00) |", text)
        self.assertIn("| Sluice | - |", text)
        self.assertIn("| Sluice | failed |", text)
        self.assertEqual(list(tables.doubts({"http": results})),
                         ["failed: http: small: Sluice: 1 of 1 rounds: why"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
