"""The programs of docs/concepts.md: what they say is what happens."""

import re
import subprocess
import unittest

FOLDER = "examples/concepts"
# What the kernel buffers for a connection at most, by default: 4 MiB at the
# sender, 6 MiB at the receiver. Some machines have more.
KERNEL_BYTES_MAX = 64 * 1024 * 1024


def run(name):
    done = subprocess.run([f"{FOLDER}/{name}"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Concepts(unittest.TestCase):
    def says(self, name):
        code, text, errors = run(name)
        self.assertEqual((code, errors), (0, ""), text)
        return text

    def numbers(self, pattern, text):
        found = re.search(pattern, text, re.DOTALL)
        self.assertIsNotNone(found, f"{pattern!r} is not in: {text}")
        return [float(x) for x in found.groups()]

    def test_blocking_send_waits_for_a_receiver_that_does_not_read(self):
        text = self.says("blocking_pair")
        self.assertIn("sender: sent Hello!\n", text)
        self.assertIn("receiver: got Hello!\n", text)
        sent, waited = self.numbers(
            r"sent (\d+) bytes more; the next send waited ([\d.]+) s", text)
        self.assertGreater(sent, 0)
        self.assertLess(sent, KERNEL_BYTES_MAX)
        self.assertGreaterEqual(waited, 0.4)

    def test_events_tell_when_to_send_and_when_to_read(self):
        text = self.says("event_driven_pair")
        lines = text.splitlines()
        first, = self.numbers(r"sender: (\d+) bytes are sent, no more fit",
                              lines[0])
        sent, = self.numbers(r"sender: all (\d+) bytes are sent", text)
        got, = self.numbers(r"receiver: got (\d+) bytes", text)
        self.assertLess(first, sent)
        self.assertGreaterEqual(sent, 32 * 1024 * 1024)
        self.assertEqual(got, sent)
        # Not a byte was read before the timeout, nor all sent.
        self.assertRegex(lines[1], r"receiver: 0\.2 s are over")
        self.assertEqual(len(lines), 4)

    def test_sender_that_does_not_wait_is_refused(self):
        text = self.says("non_blocking_sender")
        sent, = self.numbers(
            r"^Hello IOError! After (\d+) bytes: "
            r"Resource temporarily unavailable$", text)
        self.assertGreater(sent, 0)
        self.assertLess(sent, KERNEL_BYTES_MAX)

    def test_sender_that_is_too_fast_is_told_so(self):
        text = self.says("backpressured_sender")
        applied, released = self.numbers(
            r"was told (\d+) times to stop and (\d+) times to go on", text)
        self.assertGreater(applied, 0)
        self.assertEqual(applied, released)
        sent, got = self.numbers(
            r"It sent (\d+) bytes; the peer got (\d+), all in order\.", text)
        self.assertEqual(sent, 64 * 1024 * 1024)
        self.assertEqual(got, sent)

    def test_sender_that_does_not_listen_gets_back_what_is_not_sent(self):
        text = self.says("backpressured_sender")
        sent, got, back = self.numbers(
            r"does not listen sent (\d+) bytes; the peer got (\d+), "
            r"and (\d+) came back", text)
        self.assertGreater(back, 0)
        self.assertGreater(got, 0)
        self.assertEqual(got + back, sent)


if __name__ == "__main__":
    unittest.main()
