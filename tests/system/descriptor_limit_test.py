"""The key-value server at its limit of open descriptors, and with as many
connections as the limit allows.

Usage: SLUICE_KV=BINARY descriptor_limit_test.py
"""

import os
import resource
import select
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.support.process_stats import MEBIBYTE, SANITIZED, cpu_seconds
from tests.system.kv_case import KvCase
from tests.system.latency import LatencyProbe
from tests.system.resp_connection import TIMEOUT_S, encode
from tests.system.waiting import wait_until

PING = encode(("ping",))
PONG = b"+PONG\r\n"


class Exhausted(KvCase):
    descriptors = 64
    clients = 150

    def setUp(self):
        super().setUp()
        self.sockets = []
        for _ in range(self.clients):
            s = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S)
            self.addCleanup(s.close)
            s.send(PING)
            self.sockets.append(s)
        self.places = self.descriptors - self.descriptors_at_start
        wait_until(lambda: len(self.answered()) == self.places,
                   lambda: "%d are served: %d" % (self.places,
                                                  len(self.answered())))

    def answered(self):
        return select.select(self.sockets, [], [], 0)[0]

    def check_served(self, s):
        s.send(PING)
        self.assertEqual(s.recv(100), PONG)

    def test_those_who_are_in_are_served(self):
        inside = self.answered()
        for _ in range(20):
            for s in inside:
                s.send(encode(("set", "a", "b")))
        for s in inside:
            with s.makefile("rb") as f:
                self.assertEqual(f.read(len(PONG) + 20 * 5),
                                 PONG + b"+OK\r\n" * 20)
        self.assertEqual(self.answered(), [])

    def test_server_does_not_spin(self):
        before = cpu_seconds(self.server.pid)
        time.sleep(1)
        busy = cpu_seconds(self.server.pid) - before
        print("%.2f s of processor time in a second" % busy)
        if not SANITIZED:
            self.assertLess(busy, 0.1)

    def test_those_who_wait_get_the_places_of_those_who_leave(self):
        left = self.sockets
        while left:
            inside = wait_until(self.answered, "%d wait" % len(left))
            for s in inside:
                self.assertEqual(s.recv(100), PONG)
                self.check_served(s)
                s.close()
            self.sockets = left = [s for s in left if s not in inside]
        self.wait_for_descriptors()
        self.ask("ping")

    def test_those_who_give_up_waiting_do_no_harm(self):
        inside = self.answered()
        for s in self.sockets:
            if s not in inside:
                s.close()
        for s in inside:
            self.assertEqual(s.recv(100), PONG)
            self.check_served(s)
            s.close()
        self.sockets = []
        self.wait_for_descriptors()
        self.assertEqual(self.ask("ping"), b"PONG")

    def test_server_ends_while_everybody_is_connected(self):
        self.end_server()
        for s in self.sockets:
            s.settimeout(TIMEOUT_S)
            try:
                while s.recv(100):
                    pass
            except ConnectionResetError:
                pass


class AsManyAsAllowed(KvCase):
    wanted = 20000
    # For the program itself, and for those who ask while all are connected.
    spare = 64
    per_address = 5000

    def setUp(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))
        self.count = min(self.wanted, hard - self.spare)
        self.descriptors = hard
        super().setUp()

    def open(self, i):
        """Ports are scarce: one address has 28,000, and others use them too."""
        s = socket.socket()
        s.settimeout(TIMEOUT_S)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        s.bind(("127.0.0.%d" % (2 + i // self.per_address), 0))
        s.connect(("127.0.0.1", self.port))
        return s

    def test_each_is_served_and_all_go(self):
        self.ask("ping")
        before = self.resident()
        sockets = []
        self.addCleanup(lambda: [s.close() for s in sockets])
        for i in range(self.count):
            sockets.append(self.open(i))
        self.wait_for_descriptors(more=self.count)
        idle = (self.resident() - before) / self.count
        for i, s in enumerate(sockets):
            s.send(encode(("echo", i)))
        for i, s in enumerate(sockets):
            text = b"%d" % i
            self.assertEqual(s.recv(100), b"$%d\r\n%s\r\n" % (len(text), text))
        served = (self.resident() - before) / self.count
        with LatencyProbe(self.port) as probe:
            wait_until(lambda: len(probe.times) >= 100 or probe.wrong,
                       "an ordinary client is served")
        probe.check(self, requests_min=100)
        print("%d connections: %d resident bytes each, %d after a request"
              % (self.count, idle, served))
        if not SANITIZED:
            self.assertLess(served, 6000)
        for s in sockets:
            s.close()
        self.wait_for_descriptors()
        # What the allocator keeps serves those who come later.
        again = self.resident()
        print("%.1f MiB more than at the start are kept"
              % ((again - before) / MEBIBYTE))
        sockets[:] = [self.open(i) for i in range(self.count // 4)]
        self.wait_for_descriptors(more=len(sockets))
        self.check_growth(again, 1 * MEBIBYTE, "a quarter of them again")
        self.assertEqual(self.ask("ping"), b"PONG")
        if self.count < self.wanted:
            self.skipTest(
                "%d connections were served, not %d: all that the hard limit "
                "of descriptors allows" % (self.count, self.wanted))


if __name__ == "__main__":
    unittest.main(verbosity=2)
