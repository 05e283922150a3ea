"""Two processes, one of which is stopped, killed, or slow."""

import time
import unittest

from tests.actors.remote.node_process import Receiver, Sender
from tests.support.process_stats import MEBIBYTE, SANITIZED, resident_bytes
from tests.system.waiting import wait_until

GROWTH_LIMIT = 16 * MEBIBYTE
HOLD_S = 3


class NodeCase(unittest.TestCase):
    def watch(self, nodes, seconds, limit=GROWTH_LIMIT):
        """Nothing grows meanwhile. This is how long it is tried, not how long
        something is waited for. `nodes` has what each had before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for node, before in nodes.items():
                growth = resident_bytes(node.pid) - before
                if not SANITIZED:
                    self.assertLess(growth, limit)
            time.sleep(0.05)

    def settled(self, sender):
        """Waits until the sender is held, and sends no more."""
        def is_settled():
            first = sender.sent
            time.sleep(0.1)
            return sender.held() and sender.sent == first
        wait_until(is_settled, "a sender that is held")

    def all_arrives(self, receiver, count):
        wait_until(lambda: receiver.handled == count,
                   lambda: "%d of %d" % (receiver.handled, count), 60)


class Stopped(NodeCase):
    def check_flow(self, sender_side, receiver_side):
        receiver = Receiver(self, receiver_side)
        sender = Sender(self, receiver.port, sender_side, count=200_000)
        before = resident_bytes(sender.pid)
        sender.go()
        wait_until(lambda: receiver.handled > 0, "a first message")
        receiver.stop()
        self.settled(sender)
        self.watch({sender: before}, HOLD_S)
        self.assertTrue(sender.held())
        self.assertLess(sender.sent, 200_000)
        receiver.go_on()
        self.all_arrives(receiver, 200_000)
        self.assertEqual(receiver.gaps, 0)
        self.assertEqual(sender.rejected, 0)
        wait_until(lambda: not sender.held(), "a sender that is released")

    def test_receiver_holds_the_sender_and_loses_nothing(self):
        self.check_flow("sluice", "sluice")

    def test_receiver_with_cafs_own_middleman_does_so_too(self):
        self.check_flow("sluice", "caf")

    def test_sender_that_ignores_the_signals_is_bounded(self):
        receiver = Receiver(self)
        count = 150_000
        sender = Sender(self, receiver.port, kind="plain", size=10_000,
                        count=count)
        before = resident_bytes(sender.pid)
        sender.go()
        wait_until(lambda: receiver.handled > 0, "a first message")
        receiver.stop()
        wait_until(lambda: sender.sent == count, "all sent")
        # It has sent 1,500 MB: what did not fit has come back.
        self.watch({sender: before}, HOLD_S, 256 * MEBIBYTE)
        receiver.go_on()
        wait_until(lambda: receiver.handled + sender.rejected == count,
                   lambda: "%d and %d" % (receiver.handled, sender.rejected))
        self.assertGreater(sender.rejected, 0)
        self.assertGreater(sender.applied, 0)

    def test_anonymous_messages_that_do_not_fit_are_counted(self):
        receiver = Receiver(self)
        sender = Sender(self, receiver.port, kind="anonymous", size=10_000,
                        count=50_000)
        sender.go()
        wait_until(lambda: receiver.handled > 0, "a first message")
        receiver.stop()
        wait_until(lambda: sender.sent == 50_000, "all sent")
        receiver.go_on()
        self.all_arrives(receiver, 50_000 - sender.dropped)
        self.assertGreater(sender.dropped, 0)
        self.assertEqual(sender.applied, 0)


class Killed(NodeCase):
    def check(self, receiver_side):
        receiver = Receiver(self, receiver_side)
        sender = Sender(self, receiver.port, count=1_000_000)
        sender.go()
        wait_until(lambda: receiver.handled > 0, "a first message")
        receiver.stop()
        self.settled(sender)
        receiver.kill()
        wait_until(lambda: sender.down == 1, "a down message")
        wait_until(lambda: not sender.held(), "a sender that is released")
        # What the connection had not got rid of.
        wait_until(lambda: sender.lost_bytes > 0, "lost bytes that are counted")

    def test_receiver_releases_its_senders(self):
        self.check("sluice")

    def test_receiver_with_cafs_own_middleman_does_so_too(self):
        self.check("caf")


class Slow(NodeCase):
    def test_flow_actor_that_handles_a_thousand_a_second_lets_nothing_grow(self):
        receiver = Receiver(self, kind="flow", work_us=1000)
        sender = Sender(self, receiver.port, size=100, count=2_000_000)
        before = {x: resident_bytes(x.pid) for x in (receiver, sender)}
        sender.go()
        self.watch(before, HOLD_S)
        self.assertGreater(receiver.handled, 100)
        self.assertEqual(receiver.gaps, 0)
        self.assertEqual(sender.rejected, 0)
        self.assertLess(sender.sent, 2_000_000)


class Stock(NodeCase):
    def check(self, sender_side, receiver_side, kind):
        receiver = Receiver(self, receiver_side, kind)
        sender = Sender(self, receiver.port, sender_side, "plain", 100, 10_000)
        sender.go()
        self.all_arrives(receiver, 10_000)
        self.assertEqual(receiver.gaps, 0)
        self.assertEqual(sender.down, 0)
        return sender

    def test_ours_sends_to_cafs_own(self):
        self.check("sluice", "caf", "plain")

    def test_cafs_own_sends_to_ours(self):
        self.check("caf", "sluice", "plain")

    def test_cafs_own_does_not_mind_a_receiver_that_is_overloaded(self):
        self.check("caf", "sluice", "flow")


if __name__ == "__main__":
    unittest.main()
