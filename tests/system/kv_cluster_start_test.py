"""Nodes of the key-value cluster that cannot start: each says why in one line,
and ends with another exit code than 0. And a cluster that the tool starts.

Usage: kv_cluster_start_test.py
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.kv_cluster_case import (
    BINARY, ROOT, KvClusterCase, Node, free_ports)
from tests.system.resp_connection import Connection
from tests.system.waiting import wait_until

SLUICE = os.environ.get("SLUICE_TOOL") or os.path.join(
    ROOT, "tools", "sluice", "sluice")
LIMIT_S = 60
# On a command line that cannot be read.
USAGE = "Run with --help for more information."


class Refused(unittest.TestCase):
    def setUp(self):
        self.ports = free_ports(4)

    def endpoint(self, i):
        return "tcp://127.0.0.1:%d" % self.ports[i]

    def refuse(self, *options, usage=False):
        """Its one line."""
        arguments = {"--listen": self.endpoint(0), "--resp": self.endpoint(1)}
        arguments.update(zip(options[::2], options[1::2]))
        done = subprocess.run(
            [BINARY, *[y for x in arguments.items() for y in x]],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=LIMIT_S, check=False)
        self.assertGreater(done.returncode, 0, options)
        lines = done.stderr.splitlines()
        if usage:
            self.assertEqual(lines.pop(), USAGE)
        self.assertEqual(len(lines), 1, (options, done.stderr))
        return lines[0]

    def test_options_that_cannot_be(self):
        for options, reason in (
            (("--listen", "tcp://127.0.0.1:1x"), '"x" after the port'),
            (("--listen", "here"), 'bad endpoint "here": no scheme'),
            (("--resp", "tcp://127.0.0.1"), "bad endpoint"),
            (("--seeds", "here"), 'bad endpoint "here": no scheme'),
            (("--name", "a b"), '"a b" is not 1 to'),
            (("--name", ""), '"" is not 1 to'),
            (("--admin", "unix:///none/x.sock"), "No such file or directory"),
            (("--admin", "unix:///" + "x" * 200), "at most 107 are allowed"),
            (("--suspect-ms", "1000", "--down-ms", "1500"),
             "down_after at least twice suspect_after"),
        ):
            with self.subTest(options):
                self.assertIn(reason, self.refuse(*options))

    def test_command_lines_that_cannot_be_read(self):
        for options, reason in (
            (("--shards", "0"), "--shards: Value 0 not in range 1 to"),
            (("--shards", "many"), "--shards: Value many not in range 1 to"),
            (("--copies", "3"), "--copies: Value 3 not in range 1 to 2"),
            (("--suspect-ms", "-1"), "--suspect-ms: Value -1 not in range"),
            (("--join-seconds", "-1"), "--join-seconds: Value -1 not in range"),
            (("--nosuch", "x"), "not expected: "),
        ):
            with self.subTest(options):
                self.assertIn(reason, self.refuse(*options, usage=True))

    def test_port_that_is_taken(self):
        for i, option in enumerate(("--listen", "--resp")):
            with socket.create_server(("127.0.0.1", self.ports[i])):
                self.assertEqual(
                    self.refuse(option, self.endpoint(i)),
                    "bind %s: Address already in use (EADDRINUSE)"
                    % self.endpoint(i))

    def test_seed_that_cannot_be_reached(self):
        line = self.refuse("--seeds", self.endpoint(2), "--join-seconds", "1")
        self.assertTrue(line.startswith('node "n1" found no cluster: '), line)
        self.assertIn("connect %s: Connection refused" % self.endpoint(2), line)

    def test_too_few_seeds(self):
        """It is one of three: it does not begin a cluster alone."""
        line = self.refuse(
            "--seeds", ",".join(self.endpoint(i) for i in (0, 2, 3)),
            "--join-seconds", "4")
        self.assertTrue(line.startswith('node "n1" found no cluster: '), line)
        for i in 2, 3:
            self.assertIn(self.endpoint(i), line)

    def test_seed_that_is_something_else(self):
        for answer in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n",
                       b"-ERR unknown command\r\n"):
            with self.subTest(answer), Stranger(self.ports[2], answer):
                line = self.refuse("--seeds", self.endpoint(2),
                                   "--join-seconds", "2")
                self.assertTrue(line.startswith('node "n1" found no cluster: '),
                                line)
                self.assertIn(self.endpoint(2), line)


class Stranger:
    """Takes connections, reads what comes, and says one thing to each."""

    def __init__(self, port, answer):
        self.answer = answer
        self.server = socket.create_server(("127.0.0.1", port))
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join(LIMIT_S)
        self.server.close()

    def run(self):
        with contextlib.ExitStack() as open_ones:
            while not self.closing.is_set():
                try:
                    s, _ = self.server.accept()
                except OSError:
                    return
                open_ones.callback(s.close)
                with contextlib.suppress(OSError):
                    s.recv(1000)
                    s.sendall(self.answer)


class Strangers(KvClusterCase):
    """Nodes that come to a cluster and do not belong there."""

    options = ()

    def refused(self, *options):
        """The last line of a node that has started and ends by itself."""
        node = Node("n2", self.directory, self.seeds, self.ports[3],
                    self.resp_ports[3], options)
        node.admin += "2"
        node.arguments = tuple(x.replace("/n2.sock", "/other.sock")
                               for x in node.arguments)
        node.start()
        self.assertEqual(node.server.process.wait(LIMIT_S), 1)
        node.await_end()
        return node.log().splitlines()

    def test_second_node_of_a_name(self):
        lines = self.refused()
        self.assertEqual(len(lines), 1, lines)
        self.assertIn('the name "n2" is that of the node at', lines[0])
        self.check_undisturbed()

    def test_node_of_another_cluster(self):
        lines = self.refused("--cluster", "other", "--join-seconds", "2")
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("is not of this cluster", lines[0])
        self.check_undisturbed()

    def check_undisturbed(self):
        self.wait_until_settled()
        for x in self.nodes:
            self.assertNotIn("is down", x.log())
            self.assertEqual(self.ask(x, "SET", "a", x.name), b"OK")


class WithTheTool(unittest.TestCase):
    """`sluice up` and the real program."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sluice-kv-", dir="/tmp")
        self.addCleanup(directory.cleanup)
        self.environment = dict(os.environ, SLUICE_DIR=directory.name)
        self.port = self.ports_in_a_row()
        self.tool("up", "-d", "--nodes", "3", "--program", BINARY, "--port",
                  str(self.port))
        self.launcher = self.status()["launcher_pid"]
        self.addCleanup(self.end_launcher)

    @staticmethod
    def ports_in_a_row():
        """For clients; the nodes meet 10,000 above."""
        while True:
            with contextlib.ExitStack() as taken, contextlib.suppress(OSError):
                port = free_ports(1)[0] - 10_000
                for i in (0, 1, 2, 10_000, 10_001, 10_002):
                    s = taken.enter_context(socket.socket())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port + i))
                return port

    def tool(self, *arguments):
        done = subprocess.run(
            [SLUICE, *arguments], env=self.environment, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S,
            check=False)
        self.assertEqual(done.returncode, 0, (arguments, done))
        return done.stdout

    def end_launcher(self):
        """Of a test that has failed; the kernel ends the nodes then."""
        with contextlib.suppress(ProcessLookupError):
            if self.launcher:
                os.kill(self.launcher, signal.SIGKILL)

    def status(self):
        return json.loads(self.tool("status", "--json"))

    def ask(self, i, *command):
        with contextlib.closing(Connection(self.port + i)) as connection:
            return connection.ask(*command)

    def under_replicated(self):
        shards = [x["shards"] for x in self.status()["nodes"] if x["shards"]]
        return (sum(x["primary"] for x in shards),
                sum(x["backup"] for x in shards)) != (64, 64)

    def test_keys_outlive_the_kill_of_a_node(self):
        names = ["key:%d" % i for i in range(200)]
        wait_until(lambda: not self.under_replicated(), "two copies")
        for i, name in enumerate(names):
            self.assertEqual(self.ask(i % 3, "SET", name, i), b"OK")
        self.tool("kill", "n2")
        for i in 0, 2:
            self.assertEqual(self.ask(i, "MGET", *names),
                             [b"%d" % x for x in range(200)])
        self.tool("start", "n2")
        wait_until(lambda: not self.under_replicated(), "two copies")
        self.tool("stop", "n3")
        self.tool("cont", "n3")
        self.tool("cut", "n1", "n3")
        self.tool("heal")
        self.tool("leave", "n3")
        self.assertEqual(self.ask(1, "MGET", *names),
                         [b"%d" % x for x in range(200)])
        self.assertIn("n2", self.tool("status"))
        self.tool("down")
        self.launcher = None


if __name__ == "__main__":
    unittest.main(verbosity=2)
