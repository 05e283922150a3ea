"""Debian's prometheus scrapes a Sluice program, and finds there what happened.

Usage: METRICS_SERVER=BINARY PROMETHEUS=BINARY PROMTOOL=BINARY
       prometheus_test.py
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.server import Server
from tests.system.prometheus import PROMTOOL_BINARY, Prometheus

METRICS_BINARY = os.environ.get("METRICS_SERVER") or os.path.join(
    ROOT, "tests", "system", "metrics_server")
# Bazel does not know documents: they are found by way of the tree.
DOCUMENT = os.path.join(os.path.dirname(os.path.realpath(
    os.path.join(ROOT, "WORKSPACE"))), "docs", "metrics.md")


def document():
    with open(DOCUMENT, encoding="utf-8") as file:
        return file.read()


class PrometheusTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(METRICS_BINARY,
                             ready=r"\Alistening (\d+)\necho \d+\n")
        self.addCleanup(self.end_server)
        self.echo_port = int(re.search(
            r"^echo (\d+)$", self.server.output.text(), re.MULTILINE)[1])

    def end_server(self):
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def metrics(self):
        url = f"http://127.0.0.1:{self.server.port}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:
            self.assertEqual(answer.headers["Content-Type"],
                             "text/plain; version=0.0.4; charset=utf-8")
            return answer.read().decode()

    def connect(self):
        connection = socket.create_connection(
            ("127.0.0.1", self.echo_port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def echo(self, connection, data):
        connection.sendall(data)
        left = len(data)
        while left > 0:
            part = connection.recv(left)
            self.assertTrue(part, "the connection ended")
            left -= len(part)

    def promtool(self, what, data):
        done = subprocess.run(
            [PROMTOOL_BINARY, "check", *what], input=data.encode(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout.decode()

    def test_promtool_finds_nothing_to_say(self):
        self.assertEqual(self.promtool(["metrics"], self.metrics()), (0, ""))

    def test_alerts_of_the_document_are_rules(self):
        rules = re.search(r"```yaml\n(.*?)```", document(), re.DOTALL)[1]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(rules)
            file.flush()
            code, said = self.promtool(["rules", file.name], "")
        self.assertEqual(code, 0, said)
        # Of what is served.
        served = self.metrics()
        for name in re.findall(r"sluice_[a-z_]+?(?=_bucket|\b)", rules):
            self.assertIn(f"# TYPE {name} ", served)

    def test_document_names_every_metric_and_no_other(self):
        served = set(re.findall(r"^# TYPE (\S+) ", self.metrics(),
                                re.MULTILINE))
        documented = set(re.findall(r"^\| `([a-z_]+)", document(),
                                    re.MULTILINE))
        # There is no link that could have ended.
        served.add("sluice_channel_links_ended_total")
        served.discard("echoes_total")
        self.assertEqual(documented - served, set(), "documented, not served")
        self.assertEqual(served - documented, set(), "served, not documented")

    def test_scrape_finds_what_happened(self):
        with Prometheus(self.server.port) as prometheus:
            prometheus.await_value('up{job="sluice"}', lambda x: x == 1)
            connections = [self.connect() for _ in range(20)]
            for x in connections:
                self.echo(x, b"x" * 1000)
            prometheus.await_value(
                'sum(sluice_connections{loop="loop-1",state="open"})',
                lambda x: x == 20)
            prometheus.await_value(
                'sluice_connection_received_bytes_total{loop="loop-1"}',
                lambda x: x == 20_000)
            prometheus.await_value("echoes_total", lambda x: x == 20)
            for x in connections[:15]:
                x.close()
            prometheus.await_value(
                'sluice_connections_closed_total{reason="peer_closed"}',
                lambda x: x >= 15)
            prometheus.await_value(
                'sum(sluice_connections{loop="loop-1",state="open"})',
                lambda x: x == 5)
            # A type for each, by which Prometheus knows what to do with it.
            types = {name: entry[0]["type"]
                     for name, entry in prometheus.metadata().items()}
            self.assertEqual(types["sluice_connections"], "gauge")
            self.assertEqual(types["sluice_loop_iterations_total"], "counter")
            self.assertEqual(types["sluice_loop_iteration_seconds"],
                             "histogram")
            # Queries of docs/metrics.md.
            prometheus.await_value(
                'histogram_quantile(0.99, sum by (le) '
                '(rate(sluice_loop_iteration_seconds_bucket[5s])))',
                lambda x: 0 < x < 10)
            prometheus.await_value(
                '1 - rate(sluice_loop_phase_seconds_total'
                '{loop="loop-1",phase="poll"}[5s])',
                lambda x: -0.5 < x < 1)
            for target in prometheus.targets():
                self.assertEqual((target["health"], target["lastError"]),
                                 ("up", ""))

    def test_stuck_loop_is_seen_and_so_is_its_return(self):
        with Prometheus(self.server.port) as prometheus:
            prometheus.await_value('sluice_loop_up{loop="loop-1"}',
                                   lambda x: x == 1)
            connection = self.connect()
            connection.sendall(b"stuck\n")
            prometheus.await_value('sluice_loop_up{loop="loop-1"}',
                                   lambda x: x == 0)
            self.assertEqual(
                prometheus.value('sluice_loop_up{loop="loop-0"}'), 1)
            self.server.process.send_signal(signal.SIGUSR1)
            self.assertEqual(connection.recv(100), b"stuck\n")
            prometheus.await_value('sluice_loop_up{loop="loop-1"}',
                                   lambda x: x == 1)

    def test_scrapes_over_and_over_cost_no_memory(self):
        self.metrics()
        for _ in range(200):
            self.metrics()
        before = self.server.memory_peak()
        for _ in range(1000):
            self.metrics()
        self.assertLess(self.server.memory_peak() - before, 4 << 20)


if __name__ == "__main__":
    unittest.main()
