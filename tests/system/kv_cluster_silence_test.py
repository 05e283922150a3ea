"""The key-value cluster under load while nodes fall silent, stopped or cut off:
nobody answers from what he knew before, and nothing acknowledged is lost.

Usage: SLUICE_KV_CLUSTER=BINARY kv_cluster_silence_test.py
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.kv_cluster_case import KvClusterCase
from tests.system.recording_client import Load
from tests.system.waiting import wait_until

READABLE_S = 5
# How much later than said a silent node may be noticed: a beat that was just
# under way, the round in which its keeper is replaced, a busy machine.
NOTICED_LATER_S = 3


class Silence(KvClusterCase):
    """With short times, so that it does not take long."""

    down_s = 2.5

    def silence(self, load, node, begin, end):
        """`begin` makes the node silent, until it is down; `end` ends that."""
        load.go_on()
        keys = load.keys()
        others = [x for x in self.nodes if x is not node]
        lives = {x: x.log() for x in others}
        since = time.monotonic()
        begin()
        load.mark("%s is silent" % node.name)
        wait_until(lambda: all(node.name not in x.members() for x in others),
                   lambda: "noticed: %s" % self.state_text(others),
                   self.down_s + NOTICED_LATER_S)
        noticed = time.monotonic() - since
        readable = self.check_all_readable(keys, self.down_s + READABLE_S,
                                           since, others)
        load.mark("%s is down, all is readable" % node.name)
        self.wait_until_settled(others)
        for x in others:
            self.assertIn("%s is down" % node.name,
                          x.log()[len(lives[x]):])
        ended = time.monotonic()
        load.mark("%s comes back" % node.name)
        end()
        self.wait_until_settled(self.nodes)
        self.check_all_readable(keys, READABLE_S, ended, self.nodes)
        print("%s silent: noticed after %.2f s, readable after %.2f s, "
              "back after %.2f s" % (node.name, noticed, readable,
                                     time.monotonic() - ended))
        load.go_on()

    def test_each_node_is_stopped_until_it_is_down(self):
        with Load(self.nodes) as load:
            for node in self.nodes:
                self.silence(load, node, node.stop, node.cont)
        load.check(self)

    def test_each_node_is_cut_off_until_it_is_down(self):
        with Load(self.nodes) as load:
            for node in self.nodes:
                self.silence(load, node, lambda node=node: self.cut(node),
                             self.heal)
                self.assertIn("not a member any more", node.log())
        load.check(self)

    def test_nodes_are_stopped_and_come_back_in_time(self):
        """But for the first, which keeps the list of members: only the others
        are suspected first."""
        with Load(self.nodes) as load:
            for node in self.nodes[1:]:
                load.go_on()
                logs = [x.log() for x in self.nodes]
                node.stop()
                load.mark("%s is silent" % node.name)
                others = self.others(node)
                wait_until(lambda: any(x.members().get(node.name)
                                       for x in others), "suspected")
                load.mark("%s comes back" % node.name)
                node.cont()
                self.wait_until_settled()
                for x, before in zip(self.nodes, logs):
                    self.assertNotIn("%s is down" % node.name,
                                     x.log()[len(before):])
                load.go_on()
        load.check(self)


class TwoOfThree(KvClusterCase):
    """Two nodes that do not hear each other, while a third hears both."""

    options = ("--suspect-ms", "1500", "--down-ms", "5000")
    CUT_S = 3

    def test_commands_wait_and_go_on_when_it_is_healed(self):
        # The first one keeps the list of members.
        a, b = self.nodes[1:]
        with Load(self.nodes) as load:
            load.go_on()
            a.tell("cut", peer=b.name)
            b.tell("cut", peer=a.name)
            end = time.monotonic() + self.CUT_S
            wait_until(lambda: time.monotonic() > end, "the time of the cut")
            self.heal()
            healed = time.monotonic()
            self.check_all_readable(load.keys(), READABLE_S, healed)
            self.wait_until_settled()
            load.go_on()
        load.check(self)
        for x in self.nodes:
            self.assertNotIn("is down", x.log())


class DefaultTimes(Silence):
    options = ()
    down_s = 10

    # One is enough: it takes long.
    def test_each_node_is_stopped_until_it_is_down(self):
        with Load(self.nodes) as load:
            self.silence(load, self.nodes[1], self.nodes[1].stop,
                         self.nodes[1].cont)
        load.check(self)

    test_each_node_is_cut_off_until_it_is_down = None
    test_nodes_are_stopped_and_come_back_in_time = None


if __name__ == "__main__":
    unittest.main(verbosity=2)
