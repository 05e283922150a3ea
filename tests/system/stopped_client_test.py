"""Clients that ask for much and do not read the answers: stopped by SIGSTOP, or
written that way. The key-value server stops asking itself for more than they
take; it does not grow, and nobody else notices.

Usage: SLUICE_KV=BINARY stopped_client_test.py
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import MEBIBYTE, SANITIZED, cpu_seconds, state
from tests.system.kv_case import KvCase
from tests.system.latency import LatencyProbe
from tests.system.resp_connection import encode
from tests.system.waiting import wait_until

VALUE = b"0123456789" * 10000
GROWTH_LIMIT = 8 * MEBIBYTE
HOLD_S = 5


class ClientCase(KvCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.ask("set", "big", VALUE), b"OK")
        # The first large reply makes buffers that stay.
        self.assertEqual(self.ask("get", "big"), VALUE)

    def start_client(self, *arguments):
        client = subprocess.Popen(arguments, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)

        def end():
            client.kill()
            client.wait()
            client.stdout.close()

        self.addCleanup(end)
        return client

    def start_pipelining(self, rounds):
        return self.start_client(
            sys.executable,
            os.path.join(ROOT, "tests", "system", "pipelining_client.py"),
            str(self.port), "big", str(rounds))

    def stop_client(self, client):
        """False if it had ended before."""
        client.send_signal(signal.SIGSTOP)
        wait_until(lambda: client.poll() is not None
                   or state(client.pid) == "T", "a stopped client")
        return client.poll() is None

    def watch(self, seconds, before):
        """An ordinary client is served meanwhile, and nothing grows. This is
        how long it is tried, not how long something is waited for."""
        end = time.monotonic() + seconds
        with LatencyProbe(self.port) as probe:
            while time.monotonic() < end:
                if not SANITIZED:
                    self.assertLess(self.resident() - before, 64 * MEBIBYTE)
                time.sleep(0.05)
        probe.check(self)
        self.check_growth(before, GROWTH_LIMIT, "in %g s" % seconds)


class Stopped(ClientCase):
    def test_own_client_gets_everything_in_order_when_it_goes_on(self):
        client = self.start_pipelining(rounds=5000)
        self.assertEqual(client.stdout.readline(), b"started\n")
        before = self.resident()
        self.assertTrue(self.stop_client(client))
        self.watch(HOLD_S, before)
        self.assertIsNone(client.poll())
        client.send_signal(signal.SIGCONT)
        self.assertEqual(client.wait(60), 0, client.stdout.read())

    def test_stopped_again_and_again(self):
        client = self.start_pipelining(rounds=2000)
        self.assertEqual(client.stdout.readline(), b"started\n")
        for _ in range(20):
            if not self.stop_client(client):
                break
            self.ask("ping")
            client.send_signal(signal.SIGCONT)
            self.ask("ping")
        self.assertEqual(client.wait(60), 0, client.stdout.read())

    def test_redis_benchmark(self):
        before = self.resident()
        client = self.start_client(
            "redis-benchmark", "-p", str(self.port), "-c", "20", "-P", "200",
            "-n", "20000", "-q", "get", "big")

        def commands():
            text = self.ask("info", "stats")
            return int(text.partition(b"total_commands_processed:")[2]
                       .split(b"\r")[0])

        wait_until(lambda: commands() > 1000, "some commands")
        self.assertTrue(self.stop_client(client))
        self.watch(HOLD_S, before)
        client.send_signal(signal.SIGCONT)
        self.assertEqual(client.wait(60), 0)
        self.assertIn(b"requests per second", client.stdout.read())

    def test_killed_while_stopped(self):
        clients = [self.start_pipelining(rounds=100000) for _ in range(5)]
        for client in clients:
            self.assertEqual(client.stdout.readline(), b"started\n")
            self.assertTrue(self.stop_client(client))
        for client in clients:
            client.kill()
        self.wait_for_descriptors()
        self.assertEqual(self.ask("strlen", "big"), len(VALUE))


class NeverReading(ClientCase):
    def flood(self, requests):
        """A connection that asks for as much as the server lets it."""
        s = socket.create_connection(("127.0.0.1", self.port))
        self.addCleanup(s.close)
        s.setblocking(False)
        for i in range(requests):
            try:
                s.send(encode(("get", "big")))
            except BlockingIOError:
                break
        return s

    def test_many_at_once(self):
        before = self.resident()
        sockets = [self.flood(10000) for _ in range(40)]
        self.watch(2, before)
        busy = cpu_seconds(self.server.pid)
        time.sleep(1)
        busy = cpu_seconds(self.server.pid) - busy
        if not SANITIZED:
            self.assertLess(busy, 0.3, "the server spins")
        for s in sockets:
            s.close()
        self.wait_for_descriptors()

    def test_reset_while_replies_are_written(self):
        """SIGPIPE would end the server, and so might an unread error."""
        for i in range(200):
            s = self.flood(100)
            if i % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             b"\1\0\0\0\0\0\0\0")
            s.close()
        self.assertEqual(self.ask("strlen", "big"), len(VALUE))
        self.wait_for_descriptors()


class Stalled(ClientCase):
    options = ("--stall-seconds", "1", "--verbose")

    def test_client_that_is_stopped_for_ever_is_cut_off(self):
        client = self.start_pipelining(rounds=100000)
        self.assertEqual(client.stdout.readline(), b"started\n")
        self.assertTrue(self.stop_client(client))
        # Closed before it is told: the end of a descriptor is not yet a line.
        wait_until(lambda: self.logged().count("ended:") == 3,
                   lambda: "the ends of two askers and this one: " + self.logged())
        self.wait_for_descriptors()
        ends = re.findall(r"ended: write_stall, unsent bytes: (\d+)\n",
                          self.logged())
        self.assertEqual(len(ends), 1, self.logged())
        self.assertGreater(int(ends[0]), 0)
        client.send_signal(signal.SIGCONT)
        self.assertNotEqual(client.wait(60), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
