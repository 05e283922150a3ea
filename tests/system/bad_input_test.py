"""What no client should send to the key-value server, and how slowly: that
connection gets an error in Redis' words or is cut off, nothing grows, and
nobody else notices.

Usage: SLUICE_KV=BINARY bad_input_test.py

Environment: SLUICE_SEED=n makes the random bytes from seed n only.
"""

import os
import random
import select
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.support.process_stats import MEBIBYTE
from tests.system.kv_case import KvCase
from tests.system.kv_random_command import random_command
from tests.system.latency import LatencyProbe
from tests.system.resp_connection import TIMEOUT_S, encode
from tests.system.waiting import wait_until

GROWTH_LIMIT = 4 * MEBIBYTE
PROTOCOL_ERROR = b"-ERR Protocol error: "


class BadInput(KvCase):
    options = ("--verbose",)

    def setUp(self):
        super().setUp()
        self.assertEqual(self.ask("set", "kept", "value"), b"OK")

    def open(self):
        s = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S)
        self.addCleanup(s.close)
        return s

    def send_and_read(self, data, half_close=False):
        """All that comes back, until the server ends the connection. It may do
        so while we still send."""
        s = self.open()
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        back = b""
        try:
            while piece := s.recv(65536):
                back += piece
        except ConnectionResetError:
            pass
        s.close()
        return back


class Malformed(BadInput):
    def check(self, data, error, reason):
        self.assertEqual(self.send_and_read(b"PING\r\n" + data),
                         b"+PONG\r\n" + PROTOCOL_ERROR + error + b"\r\n")
        wait_until(lambda: self.logged().count("ended:") == self.ends + 1,
                   "an end in the log")
        self.ends += 1
        self.assertIn("ended: " + reason, self.logged().split("\n")[-2])

    def test_error_is_answered_and_ends_the_connection(self):
        wait_until(lambda: self.logged().count("ended:") == 1, "the first end")
        self.ends = 1
        length, count = b"invalid bulk length", b"invalid multibulk length"
        for data, error, too_long in (
            # lengths
            (b"*1\r\n$9223372036854775807\r\n", length, True),
            (b"*1\r\n$9223372036854775808\r\n", length, False),
            (b"*1\r\n$18446744073709551615\r\n", length, False),
            (b"*1\r\n$67108865\r\n", length, True),
            (b"*1\r\n$-1\r\n", length, False),
            (b"*1\r\n$-9223372036854775808\r\n", length, False),
            (b"*1\r\n$\r\n", length, False),
            (b"*1\r\n$4x\r\n", length, False),
            (b"*1\r\n$ 4\r\n", length, False),
            (b"*9223372036854775807\r\n", count, True),
            (b"*9223372036854775808\r\n", count, False),
            (b"*1048577\r\n", count, True),
            (b"*x\r\n", count, False),
            (b"*" + b"9" * 30 + b"\r\n", count, False),
            # nesting
            (b"*1\r\n" * 1000, b"expected '$', got '*'", False),
            (b"*1\r\n" + b"*1\r\n" * 100000, b"expected '$', got '*'", False),
            (b"*2\r\n$4\r\nECHO\r\n*1\r\n$1\r\nx\r\n",
             b"expected '$', got '*'", False),
            # other types than bulk strings
            (b"*1\r\n:1\r\n", b"expected '$', got ':'", False),
            (b"*1\r\n+PING\r\n", b"expected '$', got '+'", False),
            (b"*1\r\n\x00", b"expected '$', got '\\x00'", False),
            # lines without an end
            (b"x" * 65600, b"too big inline request", True),
            (b"x" * 5000000, b"too big inline request", True),
            (b"*" + b"1" * 65600, b"too big mbulk count string", True),
            (b"*1\r\n$" + b"1" * 65600, b"too big bulk count string", True),
            (b"set 'a b\r\n", b"unbalanced quotes in request", None),
        ):
            with self.subTest(data[:40]):
                reason = {True: "frame_too_long", False: "malformed_frame",
                          None: "closed"}[too_long]
                self.check(data, error, reason)
        self.assertEqual(self.ask("get", "kept"), b"value")
        self.wait_for_descriptors()

    def test_claimed_lengths_take_no_memory(self):
        before = self.resident()
        sockets = []
        for data in (b"*2\r\n$3\r\nGET\r\n$67108864\r\n", b"*1048576\r\n",
                     b"*1048576\r\n$3\r\nDEL\r\n$1\r\na\r\n"):
            for _ in range(100):
                sockets.append(self.open())
                sockets[-1].sendall(b"PING\r\n" + data)
        for s in sockets:
            self.assertEqual(s.recv(100), b"+PONG\r\n")
        self.check_growth(before, GROWTH_LIMIT, "300 half commands")
        for s in sockets:
            s.close()
        self.wait_for_descriptors()
        self.assertEqual(self.ask("get", "kept"), b"value")

    def test_endless_line_of_many_does_not_grow(self):
        self.send_and_read(b"x" * 5000000)
        before = self.resident()
        with LatencyProbe(self.port) as probe:
            for _ in range(50):
                self.send_and_read(b"x" * 5000000)
        probe.check(self, requests_min=5)
        self.check_growth(before, GROWTH_LIMIT, "50 endless lines")


class Garbage(BadInput):
    def seeds(self):
        one = os.environ.get("SLUICE_SEED")
        return [int(one)] if one else range(1, 301)

    def check_seeds(self, make):
        """Each connection ends when we do; the others live on."""
        before = None
        with LatencyProbe(self.port) as probe:
            for i, seed in enumerate(self.seeds()):
                note = "replay with SLUICE_SEED=%d" % seed
                try:
                    self.send_and_read(make(random.Random(seed)),
                                       half_close=True)
                except OSError as e:
                    self.fail("%s: %r" % (note, e))
                self.assertIsNone(self.server.process.poll(), note)
                if i == 100:
                    before = self.resident()
        probe.check(self, requests_min=1)
        if before:
            self.check_growth(before, GROWTH_LIMIT, "200 connections")
        self.wait_for_descriptors()

    def test_random_bytes(self):
        self.check_seeds(lambda r: r.randbytes(r.choice([1, 10, 1000, 100000])))
        self.assertEqual(self.ask("get", "kept"), b"value")

    def test_random_pieces_of_the_protocol(self):
        pieces = [b"*", b"$", b"\r\n", b"\r", b"\n", b"-1", b"0", b"1", b"3",
                  b"*1\r\n", b"*3\r\n", b"$4\r\n", b"PING", b"$0\r\n\r\n",
                  b"$4\r\nPING\r\n", b"'", b'"', b"\\x", b"\x00", b" ", b"get",
                  b"9223372036854775807", b"+", b":", b"mset a"]
        self.check_seeds(lambda r: b"".join(
            r.choices(pieces, k=r.randint(1, 200))))

    def test_commands_with_one_wrong_byte(self):
        def make(r):
            data = bytearray(b"".join(
                encode(random_command(r)) for _ in range(r.randint(1, 20))))
            for _ in range(r.randint(1, 3)):
                data[r.randrange(len(data))] = r.randrange(256)
            return bytes(data)

        self.check_seeds(make)


class Slow(BadInput):
    count = 200

    def test_clients_that_send_byte_by_byte(self):
        """Each is served when its command is whole at last."""
        command = encode(("set", "slow", "0123456789"))
        sockets = [self.open() for _ in range(self.count)]
        before = self.resident()
        with LatencyProbe(self.port) as probe:
            for i in range(len(command)):
                for s in sockets:
                    s.send(command[i:i + 1])
                # Slow is what this is about; nothing is waited for.
                time.sleep(0.02)
            for s in sockets:
                self.assertEqual(s.recv(100), b"+OK\r\n")
        probe.check(self)
        self.check_growth(before, GROWTH_LIMIT, "%d slow clients" % self.count)
        self.assertEqual(self.ask("get", "slow"), b"0123456789")

    def test_clients_that_read_byte_by_byte(self):
        self.ask("set", "large", b"x" * 1000000)
        self.ask("get", "large")
        before = self.resident()
        sockets = [self.open() for _ in range(20)]
        for s in sockets:
            s.sendall(encode(("get", "large")) * 50)
        with LatencyProbe(self.port) as probe:
            for _ in range(100):
                for s in sockets:
                    self.assertEqual(len(s.recv(1)), 1)
                time.sleep(0.005)
        probe.check(self)
        # One reply each, as far as the kernel has not taken it.
        self.check_growth(before, (len(sockets) + 10) * MEBIBYTE,
                          "slow readers")


class Silent(BadInput):
    options = ("--verbose", "--idle-seconds", "1")

    def test_half_a_command_and_then_silence(self):
        halves = [b"", b"*", b"*2\r\n$4\r\nECHO\r\n$10\r\nabc", b"PI",
                  b"PING\r\n*1\r\n$4\r\nPIN"]
        sockets = [self.open() for _ in halves]
        for s, half in zip(sockets, halves):
            s.sendall(half)
        with LatencyProbe(self.port) as probe:
            for s, half in zip(sockets, halves):
                with s.makefile("rb") as f:
                    self.assertEqual(
                        f.read(), b"+PONG\r\n" if b"PING\r\n" in half else b"")
        probe.check(self)
        self.assertEqual(self.logged().count("timed out: idle\n"), len(halves),
                         self.logged())
        self.wait_for_descriptors()

    def test_client_that_says_something_now_and_then_is_kept(self):
        s = self.open()
        silent = self.open()
        end = time.monotonic() + TIMEOUT_S
        while not select.select([silent], [], [], 0.2)[0]:
            self.assertLess(time.monotonic(), end)
            s.send(b"PING\r\n")
            self.assertEqual(s.recv(100), b"+PONG\r\n")
        self.assertEqual(silent.recv(100), b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
