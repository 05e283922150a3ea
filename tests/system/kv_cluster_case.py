"""Key-value clusters of real processes, and what can happen to their nodes."""

import contextlib
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from tests.support.process_stats import SANITIZED
from tests.support.server import Server
from tests.system.resp_connection import Connection, Error
from tests.system.waiting import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BINARY = os.environ.get("SLUICE_KV_CLUSTER") or os.path.join(
    ROOT, "examples", "kv_cluster", "kv_cluster")

ASK_LIMIT_S = 10  # of the admin interface
SETTLE_LIMIT_S = 60
KEYS_AT_ONCE = 200
LOG_CHARACTERS = 6000  # of each node, shown when a test fails

# Times so that a test need not wait long for a node that is silent.
SHORT = ("--suspect-ms", "1000", "--down-ms", "2500")


def free_ports(count):
    """As many that nobody listens on, below those that the system gives to
    connections; at random, since other tests look for some, too."""
    choice = random.SystemRandom()
    while True:
        with contextlib.ExitStack() as taken:
            ports = choice.sample(range(23_000, 31_000), count)
            with contextlib.suppress(OSError):
                for port in ports:
                    s = taken.enter_context(socket.socket())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
                return ports


class Node:
    """One process, which may be started again and again."""

    def __init__(self, name, directory, seeds, port, resp_port, options):
        self.name = name
        self.port = port
        self.resp_port = resp_port
        self.admin = os.path.join(directory, name + ".sock")
        self.arguments = (
            BINARY, "--name", name, "--listen", "tcp://127.0.0.1:%d" % port,
            "--seeds", ",".join("tcp://127.0.0.1:%d" % x for x in seeds),
            "--resp", "tcp://127.0.0.1:%d" % resp_port,
            "--admin", "unix://" + self.admin, *options)
        self.server = None
        self.is_stopped = False
        self.lives = []  # the logs of former ones

    def start(self):
        self.server = Server(*self.arguments)

    @property
    def is_running(self):
        return self.server is not None

    @property
    def pid(self):
        return self.server.pid

    def log(self):
        now = [self.server.log()] if self.server else []
        return "\n-- next life --\n".join(self.lives + now)

    # -- what can happen to it -------------------------------------------------

    def end(self, how):
        """Its exit code."""
        server, self.server = self.server, None
        if self.is_stopped:
            self.is_stopped = False
            server.process.send_signal(signal.SIGCONT)
        with contextlib.redirect_stderr(io.StringIO()):  # it is kept, not shown
            code = server.stop(how)
        self.lives.append(server.log())
        return code

    def kill(self):
        self.end(signal.SIGKILL)

    def terminate(self):
        """As `stop` and Ctrl-C do it; it must end in order."""
        code = self.end(signal.SIGTERM)
        if code != 0:
            raise AssertionError("%s ended with %d: %s" % (
                self.name, code, self.lives[-1]))

    def await_end(self):
        """Of a process that ends by itself; its exit code."""
        server, self.server = self.server, None
        with contextlib.redirect_stderr(io.StringIO()):
            code = server.wait()
        self.lives.append(server.log())
        return code

    def stop(self):
        self.server.process.send_signal(signal.SIGSTOP)
        self.is_stopped = True

    def cont(self):
        self.server.process.send_signal(signal.SIGCONT)
        self.is_stopped = False

    # -- its admin interface ---------------------------------------------------

    def ask_admin(self, limit_s=ASK_LIMIT_S, **request):
        """What it answers; raises OSError if nobody does."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(limit_s)
            s.connect(self.admin)
            s.sendall(json.dumps(request).encode() + b"\n")
            with s.makefile("rb") as file:
                line = file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("%s did not answer: %r" % (self.name, line))
        return json.loads(line)

    def tell(self, what, limit_s=ASK_LIMIT_S, **more):
        answer = self.ask_admin(limit_s, do=what, **more)
        if not answer["ok"]:
            raise AssertionError("%s, %s: %s" % (self.name, what,
                                                 answer["error"]))
        return answer

    def status(self):
        return self.tell("status")

    def members(self):
        """Name -> whether it is suspected; of the last list that it knows."""
        return {x["name"]: x["suspected"] for x in self.status()["members"]}


class KvClusterCase(unittest.TestCase):
    """Starts a cluster before each test. After each, all nodes are ended; their
    logs are shown if it has failed, and no node may have ended by itself or
    have lost keys.
    """

    count = 3
    options = SHORT
    may_lose_shards = False

    def setUp(self):
        # In /tmp: the path of a Unix socket has at most 107 bytes.
        self.directory = tempfile.mkdtemp(prefix="sluice-kv-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        # For some more that come later.
        self.ports = free_ports(2 * (self.count + 2))
        self.seeds = self.ports[:self.count]
        self.resp_ports = self.ports[self.count + 2:]
        self.nodes = []
        self.addCleanup(self.end_nodes)
        for _ in range(self.count):
            self.add_node()
        self.wait_until_settled()

    def add_node(self, name=None, **changes):
        i = len(self.nodes)
        node = Node(name or "n%d" % (i + 1), self.directory,
                    changes.get("seeds", self.seeds), self.ports[i],
                    self.resp_ports[i], changes.get("options", self.options))
        node.start()
        self.nodes.append(node)
        return node

    def end_nodes(self):
        ended = [x.name for x in self.nodes
                 if x.server and x.server.process.poll() is not None]
        # As they are now: when the test ends them one after the other, the last
        # ones do lose keys.
        logs = {x.name: x.log() for x in self.nodes}
        for node in self.nodes:
            if node.is_running:
                node.kill()
        lost = [name for name, log in logs.items()
                if "lost all their copies" in log and not self.may_lose_shards]
        if ended or lost or self.has_failed():
            for node in self.nodes:
                sys.stderr.write("-- %s (port %d):\n%s\n" % (
                    node.name, node.port, logs[node.name][-LOG_CHARACTERS:]))
        self.assertEqual(ended, [], "ended by themselves")
        self.assertEqual(lost, [], "lost keys")

    def has_failed(self):
        errors = getattr(self._outcome, "errors", None)
        if errors is None:  # Python 3.11 and later
            errors = [(test, text) for test, text in (
                self._outcome.result.errors + self._outcome.result.failures)]
        return any(test is self and what for test, what in errors)

    def living(self):
        return [x for x in self.nodes if x.is_running and not x.is_stopped]

    def others(self, node):
        return [x for x in self.living() if x is not node]

    # -- how it is -------------------------------------------------------------

    def is_settled(self, nodes):
        """They are members, know and trust each other, go by the same table of
        shards, and have two copies of each that stay where they are."""
        names = {x.name for x in nodes}
        try:
            status = [x.status() for x in nodes]
        except OSError:
            return False
        for x in status:
            members = {y["name"] for y in x["members"] if not y["suspected"]}
            if (x["state"] != "member" or members != names
                    or x["table"] != status[0]["table"]
                    or x["shards"]["under_replicated"] or x["shards"]["moving"]
                    or x["shards"]["primary"] + x["shards"]["backup"] == 0):
                return False
        # A table may still name one who has gone.
        return all(sum(x["shards"][what] for x in status)
                   == x["shards"]["total"] for what in ("primary", "backup"))

    def wait_until_settled(self, nodes=None, limit_s=SETTLE_LIMIT_S):
        """Returns how long that took, in seconds."""
        nodes = nodes or self.living()
        begin = time.monotonic()
        wait_until(lambda: self.is_settled(nodes),
                   lambda: "settled: %s" % self.state_text(nodes), limit_s)
        return time.monotonic() - begin

    def state_text(self, nodes):
        result = []
        for node in nodes:
            try:
                x = node.status()
                result.append((x["name"], x["state"], x["why"], [
                    y["name"] + "?" * y["suspected"] for y in x["members"]],
                               x["shards"]))
            except OSError as why:
                result.append((node.name, str(why)))
        return "\n".join(map(str, result))

    def wait_until_noticed(self, node, limit_s, since=None):
        """Until all others have it no more in their lists; returns after how
        many seconds."""
        since = since or time.monotonic()
        others = self.others(node)
        wait_until(lambda: all(node.name not in x.members() for x in others),
                   lambda: "without %s: %s" % (node.name,
                                               self.state_text(others)),
                   limit_s - (time.monotonic() - since))
        return time.monotonic() - since

    # -- trouble ---------------------------------------------------------------

    def cut(self, node):
        """Nothing passes between it and any other node."""
        for other in self.others(node):
            node.tell("cut", peer=other.name)
            other.tell("cut", peer=node.name)

    def heal(self):
        for node in self.living():
            node.tell("heal")

    # -- clients ---------------------------------------------------------------

    def connect(self, node):
        connection = Connection(node.resp_port)
        self.addCleanup(connection.close)
        return connection

    def ask(self, node, *command):
        with contextlib.closing(Connection(node.resp_port)) as connection:
            return connection.ask(*command)

    def run_client(self, *arguments, stdin=b"", limit_s=60):
        """Its standard output; it must end by itself, with exit code 0."""
        done = subprocess.run(
            arguments, input=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=limit_s, check=False)
        self.assertEqual(done.returncode, 0,
                         (arguments, done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def redis_cli(self, node, *arguments, stdin=b""):
        return self.run_client("redis-cli", "--raw", "-p", str(node.resp_port),
                               *arguments, stdin=stdin).decode()

    def check_all_readable(self, keys, limit_s, since, nodes=None):
        """Each of the nodes answers for all keys, not later than that after
        `since`. Returns the seconds."""
        keys = list(keys)
        if SANITIZED:
            limit_s *= 4
        for node in nodes or self.living():
            with contextlib.closing(Connection(node.resp_port)) as connection:
                for i in range(0, len(keys), KEYS_AT_ONCE):
                    answer = connection.ask("MGET", *keys[i:i + KEYS_AT_ONCE])
                    self.assertNotIsInstance(answer, Error, node.name)
        took = time.monotonic() - since
        self.assertLess(took, limit_s, "until all keys can be read")
        return took
