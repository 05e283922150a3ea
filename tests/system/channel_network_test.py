"""Channels between hosts on a wire that is slow, lossy, or cut: the relay, in
networks of its own."""

import hashlib
import os
import random
import subprocess
import tempfile
import time
import unittest

from tests.support.process_stats import MEBIBYTE, SANITIZED, status_bytes
from tests.support.server import PATIENCE_S, Transcript
from tests.system.network import ADDRESS, Network

RELAY = os.path.abspath("examples/relay/relay")
GROWTH_MAX = 12 * MEBIBYTE
SILENCE_S = 2

WHY_NOT = Network.why_not()


class Program:
    # `ip netns exec` becomes the program that it runs: the id is its.
    def __init__(self, case, network, side, *arguments):
        self.process = subprocess.Popen(
            network.prefix(side) + [RELAY, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        self.log = Transcript(self.process.stderr)
        case.addCleanup(self.end)

    def wait(self):
        code = self.process.wait(PATIENCE_S)
        self.log.finish()
        return code

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self.log.close()


@unittest.skipIf(WHY_NOT, f"no networks here: {WHY_NOT}")
class ChannelNetwork(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.copy = os.path.join(folder.name, "copy")
        self.original = os.path.join(folder.name, "original")
        self.network = Network()
        self.network.__enter__()
        self.addCleanup(self.network.__exit__)

    def start(self, size, *sink_options):
        """A source on one host and a sink on the other."""
        self.data = random.Random(1).randbytes(size)
        with open(self.original, "wb") as file:
            file.write(self.data)
        silence = ("--silence", str(SILENCE_S))
        self.sink = Program(self, self.network, 1, "sink", *silence, "--listen",
                            f"tcp://{ADDRESS[1]}:0", *sink_options, self.copy)
        where = self.sink.log.await_match(r"^listening (\S+)$")[1]
        self.source = Program(self, self.network, 0, "source", *silence,
                              "--to", where, self.original)

    def await_copied(self, size):
        """Until so much has arrived."""
        limit = time.monotonic() + PATIENCE_S
        while not (os.path.exists(self.copy)
                   and os.path.getsize(self.copy) >= size):
            self.assertIsNone(self.sink.process.poll(), self.sink.log.tail())
            self.assertLess(time.monotonic(), limit, self.source.log.tail())
            time.sleep(0.01)

    def assert_copied(self):
        for x in (self.source, self.sink):
            self.assertEqual(x.wait(), 0, x.log.tail())
        with open(self.copy, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.assertEqual(digest, hashlib.sha256(self.data).hexdigest())
        self.assertIn("SHA-256 " + digest, self.sink.log.text())

    def test_short_cut_is_bridged_by_tcp(self):
        self.start(16 * MEBIBYTE, "--bytes-per-second", "8M")
        self.await_copied(2 * MEBIBYTE)
        self.network.cut()
        time.sleep(0.3)  # this is the situation, not a wait for an event
        self.network.heal()
        self.assert_copied()
        self.assertIn("opened again 0 times", self.source.log.text())

    def test_long_cut_ends_the_link_and_the_stream_goes_on_after_it(self):
        self.start(16 * MEBIBYTE, "--bytes-per-second", "8M")
        for part in (2, 6):
            self.await_copied(part * MEBIBYTE)
            self.network.cut()
            time.sleep(SILENCE_S + 1)  # the situation
            self.network.heal()
        self.assert_copied()
        self.assertNotIn("opened again 0 times", self.source.log.text())

    @unittest.skipIf(SANITIZED, "memory says nothing under a sanitizer")
    def test_slow_wire_makes_nobody_grow(self):
        self.network.slow("8mbit")
        self.start(4 * MEBIBYTE)
        self.await_copied(MEBIBYTE // 4)
        before = [status_bytes(x.process.pid, "VmRSS")
                  for x in (self.source, self.sink)]
        self.await_copied(3 * MEBIBYTE)
        for x, start in zip((self.source, self.sink), before):
            growth = status_bytes(x.process.pid, "VmHWM") - start
            self.assertLess(growth, GROWTH_MAX)
        self.assert_copied()

    def test_packets_may_be_late_and_lost(self):
        if not self.network.has_netem():
            self.skipTest("the kernel has no netem")
        self.network.delay("20ms", "1%")
        self.start(2 * MEBIBYTE)
        self.assert_copied()


if __name__ == "__main__":
    unittest.main()
