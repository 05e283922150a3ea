"""The key-value cluster and plain Redis clients: any node answers for any key,
as one server would.

Usage: SLUICE_KV_CLUSTER=BINARY kv_cluster_clients_test.py
"""

import os
import random
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.kv_cluster_case import KvClusterCase
from tests.system.resp_connection import encode
from tests.system.waiting import wait_until

LOAD = os.path.abspath("examples/kv_cluster/kv_cluster_load")
KEYS = 500
COMMAND_BYTES_MAX = 512 * 1024
CROSSSLOT = "CROSSSLOT Keys in request don't hash to the same slot"


class AnyNode(KvClusterCase):
    """One cluster for all of these: each begins with no key."""

    # One that is busy for a while is not down.
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.shared = cls("start")
        KvClusterCase.setUp(cls.shared)

    @classmethod
    def tearDownClass(cls):
        cls.shared.doCleanups()

    def start(self):
        """Not a test: the case that has the cluster."""

    def setUp(self):
        self.nodes = self.shared.nodes
        self.assertEqual(self.ask(self.nodes[0], "FLUSHALL"), b"OK")
        self.names = ["key:%d" % i for i in range(KEYS)]

    def fill(self):
        """Each key at another node than the one before."""
        connections = [self.connect(x) for x in self.nodes]
        for i, name in enumerate(self.names):
            connection = connections[i % len(connections)]
            self.assertEqual(connection.ask("SET", name, i), b"OK")

    def test_each_node_has_each_key(self):
        self.fill()
        for node in self.nodes:
            connection = self.connect(node)
            for i, name in enumerate(self.names):
                self.assertEqual(connection.ask("GET", name), b"%d" % i)
        kept = [x.status()["keys"] for x in self.nodes]
        self.assertEqual(sum(kept), KEYS)
        self.assertTrue(all(kept), kept)

    def test_redis_cli_at_each_node(self):
        for i, node in enumerate(self.nodes):
            other = self.nodes[i - 1]
            for arguments, answer in (
                ("set greeting hello", "OK"), ("get greeting", "hello"),
                ("incrby counter 5", str(5 * (i + 1))),
                ("mget greeting nothing counter", "hello\n\n%d" % (5 * i + 5)),
                ("exists greeting counter nothing", "2"),
                ("type counter", "string"), ("strlen greeting", "5"),
                ("append greeting !", "6"),
                ("setnx greeting x", "0"), ("ttl greeting", "-1"),
                ("dbsize", "2"), ("ping", "PONG"), ("echo x", "x"),
            ):
                with self.subTest(arguments, node=node.name):
                    out = self.redis_cli(node, *arguments.split())
                    self.assertEqual(out, answer + "\n")
            self.assertEqual(self.redis_cli(other, "get", "greeting"),
                             "hello!\n")

    def test_commands_of_many_keys_at_many_nodes(self):
        a, b, c = (self.connect(x) for x in self.nodes)
        pairs = [x for i, name in enumerate(self.names) for x in (name, i)]
        self.assertEqual(a.ask("MSET", *pairs), b"OK")
        self.assertEqual(b.ask("MGET", *self.names, "nothing"),
                         [b"%d" % i for i in range(KEYS)] + [None])
        self.assertEqual(c.ask("EXISTS", *self.names, "nothing"), KEYS)
        self.assertEqual(a.ask("DBSIZE"), KEYS)
        self.assertEqual(set(b.ask("KEYS", "*")),
                         {x.encode() for x in self.names})
        self.assertEqual(sorted(c.ask("KEYS", "key:1?")),
                         [b"key:1%d" % i for i in range(10)])
        self.assertEqual(a.ask("DEL", *self.names[:100], "nothing"), 100)
        self.assertEqual(b.ask("DBSIZE"), KEYS - 100)
        self.assertIn(c.ask("RANDOMKEY").decode(), self.names[100:])
        self.assertEqual(c.ask("FLUSHALL"), b"OK")
        for x in a, b, c:
            self.assertEqual(x.ask("DBSIZE"), 0)
            self.assertEqual(x.ask("MGET", *self.names), [None] * KEYS)
            self.assertIsNone(x.ask("RANDOMKEY"))

    def test_scan_finds_each_key_once(self):
        self.fill()
        connection = self.connect(self.nodes[1])
        for options in ((), ("COUNT", 100), ("MATCH", "key:*"),
                        ("COUNT", 3, "MATCH", "key:*1*")):
            wanted = {x.encode() for x in self.names
                      if "1" in x or len(options) < 4}
            found = []
            cursor = b"0"
            while True:
                cursor, some = connection.ask("SCAN", cursor, *options)
                found += some
                if cursor == b"0":
                    break
            self.assertEqual(len(found), len(wanted), options)
            self.assertEqual(set(found), wanted, options)
        self.assertEqual(connection.ask("SCAN", "x"), "ERR invalid cursor")
        out = self.redis_cli(self.nodes[2], "--scan", "--pattern", "key:*")
        self.assertEqual(set(out.split()), set(self.names))

    def test_keys_of_several_shards_where_that_cannot_be(self):
        connection = self.connect(self.nodes[0])
        self.fill()
        refused = [x for x in self.names[1:] if connection.ask(
            "RENAME", self.names[0], x) == CROSSSLOT]
        self.assertGreater(len(refused), KEYS / 2)
        for x in refused:
            self.assertEqual(connection.ask("RENAME", x, self.names[0]),
                             CROSSSLOT)

    def test_part_in_braces_keeps_keys_together(self):
        for i, node in enumerate(self.nodes):
            connection = self.connect(node)
            first, second = "{user:%d}.name" % i, "{user:%d}.other" % i
            self.assertEqual(connection.ask("SET", first, "x"), b"OK")
            self.assertEqual(connection.ask("RENAME", first, second), b"OK")
            for other in self.nodes:
                self.assertEqual(self.ask(other, "GET", second), b"x")
                self.assertIsNone(self.ask(other, "GET", "{user:%d}no" % i))

    def test_keys_that_expire_do_so_at_all_nodes(self):
        a, b, c = (self.connect(x) for x in self.nodes)
        for i in range(20):
            key = "short:%d" % i
            self.assertEqual(a.ask("SET", key, "x", "PX", 300), b"OK")
            self.assertEqual(a.ask("SET", "long:%d" % i, "x"), b"OK")
            self.assertEqual(b.ask("EXPIRE", "long:%d" % i, 100), 1)
            self.assertIn(c.ask("TTL", "long:%d" % i), (99, 100))
        wait_until(lambda: all(x.ask("EXISTS", *[
            "short:%d" % i for i in range(20)]) == 0 for x in (a, b, c)),
                   "nothing is left", 5)
        wait_until(lambda: a.ask("DBSIZE") == 20, "they are not counted", 5)
        self.assertEqual(b.ask("PERSIST", "long:0"), 1)
        self.assertEqual(c.ask("TTL", "long:0"), -1)

    def test_value_that_is_too_long(self):
        for node in self.nodes:
            connection = self.connect(node)
            for i in range(4):  # not all of them are its own
                key = "long:%d" % i
                value = b"x" * (COMMAND_BYTES_MAX - 100)
                self.assertEqual(connection.ask("SET", key, value), b"OK")
                self.assertEqual(connection.ask("STRLEN", key), len(value))
                self.assertRegex(connection.ask("APPEND", key, value),
                                 r"^ERR string exceeds maximum")
                self.assertEqual(connection.ask("GET", key), value)
            answer = connection.ask("SET", "k", b"x" * COMMAND_BYTES_MAX)
            self.assertRegex(answer, r"^ERR the command is too long: \d+ bytes")
            self.assertEqual(connection.ask("PING"), b"PONG")

    def test_answers_come_in_the_order_of_the_commands(self):
        r = random.Random(3)
        for node in self.nodes:
            connection = self.connect(node)
            values = {}
            commands, answers = [], []
            for _ in range(3000):
                name = r.choice(self.names[:50])
                if r.random() < 0.5:
                    values[name] = b"%d" % r.randrange(10 ** 6)
                    commands.append(("SET", name, values[name]))
                    answers.append(b"OK")
                elif r.random() < 0.1:
                    commands.append(("PING",))
                    answers.append(b"PONG")
                else:
                    commands.append(("GET", name))
                    answers.append(values.get(name))
            connection.send(*commands)
            self.assertEqual([connection.read()[1] for _ in commands], answers)
            self.ask(node, "FLUSHALL")

    def test_counter_that_all_nodes_count_at_once(self):
        for key in self.names[:5]:
            connections = [self.connect(x) for x in self.nodes * 2]
            for x in connections:
                x.send(*[("INCR", key)] * 200)
            answers = [x.read()[1] for x in connections for _ in range(200)]
            self.assertEqual(sorted(answers), list(range(1, 1201)))

    def test_redis_benchmark_at_one_node(self):
        out = self.run_client(
            "redis-benchmark", "-p", str(self.nodes[1].resp_port), "--csv", "-e",
            "-t", "set,get,incr,mset", "-n", "20000", "-c", "50", "-P", "16",
            "-r", "1000").decode()
        self.assertNotIn("rror", out)
        self.assertEqual(len(re.findall(r'^"(?:SET|GET|INCR|MSET)', out, re.M)),
                         4, out)
        counters = self.ask(self.nodes[2], "KEYS", "counter:*")
        self.assertEqual(sum(map(int, self.ask(
            self.nodes[0], "MGET", *counters))), 20000)

    # -- by hand ---------------------------------------------------------------

    def nc(self, node, stdin):
        return self.run_client("nc", "-N", "127.0.0.1", str(node.resp_port),
                               stdin=stdin)

    def test_inline_commands_by_nc(self):
        for i, node in enumerate(self.nodes):
            out = self.nc(node, b"PING\r\nset a%d 'x y'\nget a%d\r\n\r\n"
                                b"STRLEN \"a%d\"\n" % (i, i, i))
            self.assertEqual(out, b"+PONG\r\n+OK\r\n$3\r\nx y\r\n:3\r\n")

    def test_all_replies_come_after_a_half_close(self):
        for node in self.nodes:
            out = self.nc(node, b"".join(encode(("INCR", name))
                                         for name in self.names * 4))
            self.assertEqual(out.count(b"\r\n"), 4 * KEYS)
            self.ask(node, "FLUSHALL")

    def test_garbage_by_nc(self):
        """It ends that connection, with a reason, and nothing else."""
        for garbage in (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n:5\r\n",
                        b"*99999999\r\n", b"*1\r\n$99999999\r\n"):
            for node in self.nodes:
                out = self.nc(node, b"PING\r\n" + garbage + b"PING\r\n" * 3)
                self.assertRegex(out, rb"\A\+PONG\r\n-ERR [^\r\n]+\r\n",
                                 garbage)
        for _ in range(10):
            for node in self.nodes:
                self.nc(node, random.Random(4).randbytes(10_000))
        for node in self.nodes:
            self.assertEqual(self.ask(node, "PING"), b"PONG")
            self.assertEqual(len(node.status()["members"]), 3)

    def test_garbage_at_the_endpoint_for_nodes(self):
        self.fill()
        for node in self.nodes:
            for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000,
                            random.Random(5).randbytes(5000)):
                self.run_client("nc", "-N", "-w", "5", "127.0.0.1",
                                str(node.port), stdin=garbage)
        for node in self.nodes:
            self.assertEqual(self.ask(node, "DBSIZE"), KEYS)
            self.assertEqual(len(node.status()["members"]), 3)

    def test_load_with_more_under_way_than_a_connection_queues(self):
        done = subprocess.run(
            (LOAD, "--nodes", "tcp://127.0.0.1:%d" % self.nodes[0].resp_port,
             "--clients", "2", "--pipeline", "40", "--value-bytes", "50000",
             "--keys", "20", "--seconds", "2"), check=True, timeout=60,
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        found = re.search(r"^(\d+) commands in .*, 0 other errors, 0 lost",
                          done.stdout, re.M)
        self.assertTrue(found, done.stdout)
        # More than what was under way in the first place.
        self.assertGreater(int(found[1]), 2 * 40)

    def test_quit_is_answered_and_ends_the_connection(self):
        for node in self.nodes:
            connection = self.connect(node)
            connection.send(("SET", "a", 1), ("QUIT",), ("SET", "a", 2))
            self.assertEqual(connection.read_to_end(), b"+OK\r\n+OK\r\n")
            self.assertEqual(self.ask(node, "GET", "a"), b"1")

    def test_client_that_goes_while_its_commands_are_under_way(self):
        for _ in range(20):
            for node in self.nodes:
                connection = self.connect(node)
                connection.send(*[("SET", x, "gone") for x in self.names])
                connection.close()
        for node in self.nodes:
            self.assertEqual(self.ask(node, "PING"), b"PONG")
            self.assertEqual(self.ask(node, "SET", "a", node.name), b"OK")


if __name__ == "__main__":
    unittest.main(verbosity=2)
