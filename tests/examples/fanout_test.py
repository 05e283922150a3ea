"""The fan-out example with a thousand readers, some of which do not read."""

import re
import selectors
import socket
import subprocess
import time
import unittest

from tests.support.server import Server

PROGRAM = "examples/fanout/fanout"
READERS = 1000
SLOW = 100
MEBIBYTE = 1024 * 1024
GROWTH_MAX = 64 * MEBIBYTE  # of 100 slow readers at 64 KiB + queue each


class Reader:
    """A connection that notes which lines it saw."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.rest = b""
        self.first = None
        self.last = None
        self.lines = 0
        self.ended = False

    def read(self):
        try:
            data = self.socket.recv(MEBIBYTE)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            self.last = int(line.split(b" ", 1)[0])
            self.first = self.last if self.first is None else self.first
            self.lines += 1

    def close(self):
        self.socket.close()


def read_for(seconds, readers):
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            if not reader.ended:
                selector.register(reader.socket, selectors.EVENT_READ, reader)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                key.data.read()
                if key.data.ended:
                    selector.unregister(key.fileobj)


class Fanout(unittest.TestCase):
    def start(self, *options):
        server = Server(PROGRAM, "--listen", "tcp://127.0.0.1:0", *options)
        self.addCleanup(server.stop)
        return server

    def connect(self, server, count, **how):
        readers = [Reader(server.port, **how) for _ in range(count)]
        for reader in readers:
            self.addCleanup(reader.close)
        return readers

    def summary(self, server):
        """Ends the server; its four counts."""
        self.assertEqual(server.stop(), 0)
        text = server.last_words
        found = re.fullmatch(r"(\d+) published, (\d+) delivered, (\d+) missed, "
                             r"(\d+) dismissed\n", text)
        self.assertIsNotNone(found, text)
        return [int(x) for x in found.groups()]

    def test_slow_tenth_misses_some_and_the_rest_nothing(self):
        server = self.start("--rate", "30", "--quiet")
        quick = self.connect(server, READERS - SLOW)
        slow = self.connect(server, SLOW, receive_buffer=4096)
        read_for(2, quick)
        before = server.memory_peak()
        # What the kernel takes for a slow one, and then some.
        read_for(8, quick)
        grown = server.memory_peak() - before
        for reader in quick:
            self.assertFalse(reader.ended)
            self.assertEqual(reader.lines, reader.last - reader.first + 1,
                             "a quick reader missed some")
        newest = max(reader.last for reader in quick)
        self.assertGreater(newest, 200)
        self.assertLess(grown, GROWTH_MAX)
        # They are still connected, and what they get now is new.
        read_for(3, slow + quick)
        for reader in slow:
            self.assertFalse(reader.ended)
            self.assertGreater(reader.last, newest)
        published, delivered, _, dismissed = self.summary(server)
        self.assertGreater(published, 200)
        self.assertGreater(delivered, 200 * (READERS - SLOW))
        self.assertEqual(dismissed, 0)

    def test_slow_reader_misses_and_is_told_apart_by_its_counts(self):
        server = self.start("--rate", "2000", "--queue", "8")
        quick = self.connect(server, 1)
        self.connect(server, 1, receive_buffer=4096)
        read_for(3, quick)
        server.await_log(r"2 readers, 1 of them slow; .* 1 times somebody is")
        read_for(2, quick)
        self.assertEqual(quick[0].lines, quick[0].last - quick[0].first + 1)
        published, delivered, missed, _ = self.summary(server)
        self.assertGreater(missed, 1000)
        self.assertGreater(2 * published, delivered + missed)

    def test_slow_reader_is_dismissed(self):
        server = self.start("--rate", "2000", "--slow", "disconnect",
                            "--quiet")
        quick = self.connect(server, 1)
        slow = self.connect(server, 1, receive_buffer=4096)
        read_for(4, quick)
        read_for(4, quick + slow)
        self.assertTrue(slow[0].ended)
        self.assertFalse(quick[0].ended)
        self.assertEqual(self.summary(server)[3], 1)

    def test_slow_reader_holds_up_the_publisher(self):
        server = self.start("--rate", "0", "--slow", "pause", "--quiet")
        quick = self.connect(server, 1)
        slow = self.connect(server, 1, receive_buffer=4096)
        read_for(3, quick)
        held = quick[0].lines
        read_for(1, quick)
        self.assertLess(quick[0].lines - held, 100, "nobody waits")
        read_for(3, quick + slow)
        self.assertGreater(quick[0].lines, held + 1000)
        # Nobody missed a line.
        for reader in quick + slow:
            self.assertEqual(reader.lines, reader.last - reader.first + 1)
        self.assertEqual(self.summary(server)[2], 0)

    def test_bad_endpoint_is_named(self):
        done = subprocess.run([PROGRAM, "--listen", "tcp://nowhere"],
                              capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("tcp://nowhere", done.stderr)


if __name__ == "__main__":
    unittest.main()
