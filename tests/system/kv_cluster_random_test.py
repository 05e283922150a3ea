"""The key-value cluster under load and with many keys, while one node after
another has some trouble, chosen by a seed that a failure prints.

Usage: SLUICE_KV_CLUSTER=BINARY SLUICE_SEED=N kv_cluster_random_test.py
"""

import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.kv_cluster_case import KEYS_AT_ONCE, KvClusterCase
from tests.system.recording_client import Load
from tests.system.waiting import wait_until

STEPS = 8
KEYS = 40 * 1000
READABLE_S = 5
DOWN_S = 2.5
NOTICED_LATER_S = 3
LEAVE_LIMIT_S = 40


class RandomTrouble(KvClusterCase):
    def setUp(self):
        self.seed = int(os.environ.get("SLUICE_SEED")
                        or random.SystemRandom().getrandbits(32))
        super().setUp()

    def test_one_node_at_a_time(self):
        r = random.Random(self.seed)
        print("SLUICE_SEED=%d" % self.seed, file=sys.stderr)
        values = {"many:%d" % i: b"%d" % i + b"x" * 100 for i in range(KEYS)}
        self.write(values)
        with Load(self.nodes, seed=self.seed) as load:
            for _ in range(STEPS):
                load.go_on()
                node = r.choice(self.nodes)
                trouble = r.choice((self.killed, self.ended, self.stopped,
                                    self.cut_off, self.gone_in_order,
                                    self.silent_for_a_while))
                load.mark("%s: %s" % (node.name, trouble.__name__))
                trouble(node, load.keys(), r)
            load.go_on()
        self.read(values)
        load.check(self, may_lose=[x.name for x in self.nodes])

    def write(self, values):
        connection = self.connect(self.nodes[0])
        pairs = [y for x in values.items() for y in x]
        for i in range(0, len(pairs), 2 * KEYS_AT_ONCE):
            self.assertEqual(connection.ask(
                "MSET", *pairs[i:i + 2 * KEYS_AT_ONCE]), b"OK")

    def read(self, values):
        names = list(values)
        for node in self.nodes:
            connection = self.connect(node)
            for i in range(0, len(names), KEYS_AT_ONCE):
                some = names[i:i + KEYS_AT_ONCE]
                self.assertEqual(connection.ask("MGET", *some),
                                 [values[x] for x in some], node.name)

    # -- what happens to a node ------------------------------------------------

    def without(self, node, keys, since, later_s):
        """The others notice, have all keys, and two copies of them."""
        others = [x for x in self.nodes if x is not node]
        wait_until(lambda: all(node.name not in x.members() for x in others),
                   lambda: "noticed: %s" % self.state_text(others),
                   later_s + NOTICED_LATER_S)
        self.check_all_readable(keys, later_s + READABLE_S, since, others)
        self.wait_until_settled(others)

    def with_all(self, keys):
        since = time.monotonic()
        self.wait_until_settled(self.nodes)
        self.check_all_readable(keys, READABLE_S, since, self.nodes)

    def killed(self, node, keys, _):
        since = time.monotonic()
        node.kill()
        self.without(node, keys, since, 0)
        node.start()
        self.with_all(keys)

    def ended(self, node, keys, _):
        since = time.monotonic()
        node.terminate()
        self.without(node, keys, since, 0)
        node.start()
        self.with_all(keys)

    def gone_in_order(self, node, keys, _):
        node.tell("leave", LEAVE_LIMIT_S)
        since = time.monotonic()
        node.terminate()
        self.without(node, keys, since, 0)
        node.start()
        self.with_all(keys)

    def stopped(self, node, keys, _):
        since = time.monotonic()
        node.stop()
        self.without(node, keys, since, DOWN_S)
        node.cont()
        self.with_all(keys)

    def cut_off(self, node, keys, _):
        since = time.monotonic()
        self.cut(node)
        self.without(node, keys, since, DOWN_S)
        self.heal()
        self.with_all(keys)

    def silent_for_a_while(self, node, keys, r):
        """Not for so long that it is down."""
        end = time.monotonic() + r.random() * DOWN_S / 2
        node.stop()
        wait_until(lambda: time.monotonic() > end, "the end of the silence")
        node.cont()
        self.with_all(keys)


if __name__ == "__main__":
    unittest.main(verbosity=2)
