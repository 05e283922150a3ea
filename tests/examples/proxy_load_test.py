"""The proxy between fast senders and slow readers: nothing piles up."""

import hashlib
import socket
import unittest

from tests.examples.proxy_case import (
    MIB, Apart, ProxyCase, digest, random_bytes, read_all, read_exactly)
from tests.support.server import PATIENCE_S

# What the proxy holds for one direction at most: docs/flow_control.md, "From
# one connection to another".
HELD_BYTES_MAX = 704 * 1024


def kernel_buffers():
    """What two TCP connections hold in the kernel at most, in one direction."""
    total = 0
    for name in ("tcp_rmem", "tcp_wmem"):
        with open(f"/proc/sys/net/ipv4/{name}") as limits:
            total += int(limits.read().split()[2])
    return 2 * total


class SlowReaders(ProxyCase):
    """Backpressure crosses from one socket to the other, both ways."""

    def fill(self, sender):
        """Sends until nobody takes any more; the bytes and their digest."""
        piece = random_bytes(MIB, 4)
        seen = hashlib.sha256()
        sent = 0
        sender.settimeout(1)
        while True:
            try:
                count = sender.send(piece)
            except TimeoutError:
                sender.settimeout(PATIENCE_S)
                return sent, seen.hexdigest()
            seen.update(piece[:count])
            sent += count

    def check_bounds(self, sender, reader, proxy):
        before = proxy.memory_peak()
        sent, expected = self.fill(sender)
        sender.shutdown(socket.SHUT_WR)
        self.assertLess(sent, kernel_buffers() + HELD_BYTES_MAX)
        self.assertEqual(read_all(reader), (sent, expected))
        self.assertLess(proxy.memory_peak() - before, 8 * MIB)

    def test_what_is_sent_to_a_target_that_does_not_read_is_bounded(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        self.check_bounds(client, target, proxy)

    def test_what_is_sent_to_a_client_that_does_not_read_is_bounded(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        self.check_bounds(target, client, proxy)

    def check_flow(self, sender, reader, proxy):
        data = random_bytes(100 * MIB, 5)
        before = proxy.memory_peak()
        sending = Apart(sender.sendall, data)
        got = Apart(read_all, reader, 16 * 1024)
        sending.result()
        sender.shutdown(socket.SHUT_WR)
        self.assertEqual(got.result(), (len(data), digest(data)))
        self.assertLess(proxy.memory_peak() - before, 8 * MIB)

    def test_memory_stays_flat_while_much_goes_to_a_slow_target(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        self.check_flow(client, target, proxy)

    def test_memory_stays_flat_while_much_goes_to_a_slow_client(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        self.check_flow(target, client, proxy)

    def test_stuck_direction_does_not_hold_up_the_other(self):
        client, target = self.pair(self.start())
        self.fill(client)
        answer = random_bytes(8 * MIB, 6)
        sender = Apart(target.sendall, answer)
        self.assertEqual(digest(read_exactly(client, len(answer))),
                         digest(answer))
        sender.result()


if __name__ == "__main__":
    unittest.main()
