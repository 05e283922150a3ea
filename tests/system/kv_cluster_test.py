"""The key-value cluster under load while its nodes die, come and go: no
acknowledged write is lost, and every history could be that of one store.

Usage: SLUICE_KV_CLUSTER=BINARY kv_cluster_test.py
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.history import check
from tests.system.kv_cluster_case import KvClusterCase
from tests.system.recording_client import Load
from tests.system.waiting import wait_until

READABLE_S = 5
NOTICED_S = 2
ROUNDS = 3
LEAVE_LIMIT_S = 40


class UnderLoad(KvClusterCase):
    # Whoever falls silent only because the machine is busy is not down yet.
    options = ("--suspect-ms", "1500", "--down-ms", "5000")

    def test_each_node_is_killed_in_turn(self):
        with Load(self.nodes) as load:
            for node in self.nodes * ROUNDS:
                load.go_on()
                keys = load.keys()
                killed = time.monotonic()
                node.kill()
                noticed = self.wait_until_noticed(node, NOTICED_S, killed)
                readable = self.check_all_readable(keys, READABLE_S, killed)
                copied = self.wait_until_settled()
                node.start()
                back = self.wait_until_settled()
                print("%s killed: noticed after %.2f s, readable after %.2f s, "
                      "copied %.2f s later, back after %.2f s" % (
                          node.name, noticed, readable, copied, back))
            load.go_on()
        load.check(self, may_lose=[x.name for x in self.nodes])

    def test_node_that_ends_in_order_without_leaving(self):
        """SIGTERM: for the others that is as good as a kill."""
        with Load(self.nodes) as load:
            for node in self.nodes:
                load.go_on()
                keys = load.keys()
                ended = time.monotonic()
                node.terminate()
                self.wait_until_noticed(node, NOTICED_S, ended)
                self.check_all_readable(keys, READABLE_S, ended)
                self.wait_until_settled()
                node.start()
                self.wait_until_settled()
            load.go_on()
        load.check(self, may_lose=[x.name for x in self.nodes])

    def test_nodes_join_and_leave(self):
        with Load(list(self.nodes)) as load:
            load.go_on()
            for _ in range(2):
                node = self.add_node()
                load.nodes.append(node)
                took = self.wait_until_settled()
                print("%s joined: settled after %.2f s" % (node.name, took))
                load.go_on()
                self.check_all_readable(load.keys(), READABLE_S,
                                        time.monotonic())
            # The one that keeps the list of members is among them.
            for node in (self.nodes[3], self.nodes[0]):
                keys = load.keys()
                begin = time.monotonic()
                node.tell("leave", LEAVE_LIMIT_S)
                print("%s left after %.2f s" % (node.name,
                                                time.monotonic() - begin))
                self.assertEqual(node.status()["state"], "left")
                self.assertNotIn("is down", "".join(
                    x.log() for x in self.others(node)))
                node.terminate()
                self.check_all_readable(keys, READABLE_S, time.monotonic())
                self.wait_until_settled()
                load.go_on()
        load.check(self, may_lose=("n4", "n1"))
        self.assertEqual(load.documented, {}, "errors")


class OneCopy(KvClusterCase):
    """The judgement itself, tried on a cluster that must lose something."""

    options = ("--copies", "1")
    may_lose_shards = True

    def is_settled(self, nodes):
        status = [x.status() for x in nodes]
        return all(x["state"] == "member" for x in status) and sum(
            x["shards"]["primary"] for x in status) == 64

    def test_kill_of_the_only_copy_is_seen_in_the_history(self):
        with Load(self.nodes) as load:
            load.go_on()
            self.nodes[1].kill()
            load.go_on()
            wait_until(lambda: self.is_settled(self.living()), "settled")
        for node in self.living():
            load.read_all(node)
        self.assertNotEqual(check(load.history()), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
