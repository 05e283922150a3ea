"""Clients that come and go in every way: nothing of them stays behind in the
key-value server.

Usage: SLUICE_KV=BINARY client_churn_test.py
"""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.support.process_stats import MEBIBYTE
from tests.system.kv_case import KvCase
from tests.system.latency import LatencyProbe
from tests.system.resp_connection import encode
from tests.system.waiting import wait_until

PING = encode(("ping",))
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Churn(KvCase):
    def open(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def end_by_reset(self, s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        s.close()

    # -- ways to leave ---------------------------------------------------------

    def leave_at_once(self):
        self.open().close()

    def leave_by_reset(self):
        self.end_by_reset(self.open())

    def leave_with_half_a_command(self):
        s = self.open()
        s.send(PING + b"*2\r\n$4\r\nEC")
        s.close()

    def leave_without_the_answer(self):
        s = self.open()
        s.send(PING * 10)
        self.end_by_reset(s)

    def leave_with_the_answer(self):
        s = self.open()
        s.send(PING)
        self.assertEqual(s.recv(100), b"+PONG\r\n")
        s.close()

    def leave_after_a_half_close(self):
        s = self.open()
        s.send(PING)
        s.shutdown(socket.SHUT_WR)
        with s.makefile("rb") as f:
            self.assertEqual(f.read(), b"+PONG\r\n")
        s.close()

    def leave_after_an_error(self):
        s = self.open()
        s.send(b"*1\r\n:1\r\n")
        s.close()

    def leave_after_quit(self):
        s = self.open()
        s.send(b"QUIT\r\n" + PING)
        with s.makefile("rb") as f:
            self.assertEqual(f.read(), b"+OK\r\n")
        s.close()

    # --------------------------------------------------------------------------

    def storm(self, count):
        ways = [getattr(self, x) for x in dir(self) if x.startswith("leave_")]
        for i in range(count):
            ways[i % len(ways)]()

    def test_five_thousand_quick_connections(self):
        self.storm(500)
        self.wait_for_descriptors()
        before = self.resident()
        with LatencyProbe(self.port) as probe:
            self.storm(5000)
        probe.check(self)
        self.wait_for_descriptors()
        self.check_growth(before, 2 * MEBIBYTE, "5,000 connections")
        clients = self.ask("client", "list").strip().split(b"\n")
        self.assertEqual(len(clients), 1, clients)

    def test_hundreds_at_once_again_and_again(self):
        before = None
        for turn in range(10):
            sockets = [self.open() for _ in range(400)]
            for s in sockets:
                s.send(PING)
            for s in sockets:
                self.assertEqual(s.recv(100), b"+PONG\r\n")
            for i, s in enumerate(sockets):
                if i % 2:
                    s.close()
                else:
                    self.end_by_reset(s)
            self.wait_for_descriptors()
            if turn == 1:
                before = self.resident()
        self.check_growth(before, 1 * MEBIBYTE, "8 times 400 connections")

    def test_clients_killed_under_load(self):
        def done():
            return int(re.search(rb"total_commands_processed:(\d+)",
                                 self.ask("info", "stats")).group(1))

        before = None
        for turn in range(5):
            start = done()
            clients = [
                subprocess.Popen(
                    ["redis-benchmark", "-p", str(self.port), "-c", "25", "-l",
                     "-q", "-t", "set,get,mset", "-P", "16", "-d", "2000"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for _ in range(3)]
            try:
                wait_until(lambda: done() > start + 20000, "some load")
            finally:
                for x in clients:
                    x.send_signal(signal.SIGKILL)
                for x in clients:
                    x.wait()
            self.wait_for_descriptors()
            if turn == 1:
                before = self.resident()
        self.check_growth(before, 4 * MEBIBYTE, "3 times 75 killed clients")
        self.assertEqual(self.ask("strlen", "key:__rand_int__"), 2000)

    def test_half_of_the_clients_killed_and_the_other_half_is_served(self):
        victim = subprocess.Popen(
            ["redis-benchmark", "-p", str(self.port), "-c", "50", "-l", "-q",
             "-P", "16", "-t", "get"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        survivor = subprocess.Popen(
            ["redis-benchmark", "-p", str(self.port), "-c", "50", "-q", "-P",
             "4", "-n", "200000", "-t", "incr"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: int(self.ask("get", "counter:__rand_int__") or 0)
                   > 10000, "some load")
        victim.kill()
        victim.wait()
        self.assertEqual(survivor.wait(60), 0)
        self.assertEqual(self.ask("get", "counter:__rand_int__"), b"200000")
        self.wait_for_descriptors()


if __name__ == "__main__":
    unittest.main(verbosity=2)
