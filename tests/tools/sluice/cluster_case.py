"""A place for one cluster, and the tool to be tried on it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from tests.system.waiting import wait_until

SLUICE = os.path.abspath("tools/sluice/sluice")
NODE = os.path.abspath("tests/support/stand_in_node")
PATIENCE_S = 60
CLUSTER_PORT_OFFSET = 10_000

OK, FAILED, BAD_COMMAND_LINE, NO_CLUSTER, NO_ANSWER = range(5)


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """The first of `count` ports in a row that are free, and so are those at
    which the nodes would meet. Below those that the system gives to others."""
    for port in range(21_000 + os.getpid() % 50 * 20, 22_700, count):
        if all(is_free(port + i) and is_free(port + i + CLUSTER_PORT_OFFSET)
               for i in range(count)):
            return port
    raise AssertionError("no ports are free")


def is_running(pid):
    """It is there, and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class ClusterCase(unittest.TestCase):
    def setUp(self):
        # In /tmp: the path of a Unix socket has at most 107 bytes.
        self.dir = tempfile.mkdtemp(prefix="sluice-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.environment = dict(os.environ, SLUICE_DIR=self.dir)
        self.pids = []
        self.addCleanup(self.end_all)

    def end_all(self):
        """Whatever a test that failed has left: only its own processes."""
        for pid in reversed(self.pids):
            if is_running(pid):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)

    # -- the tool ----------------------------------------------------------------

    def run_tool(self, *arguments):
        return subprocess.run(
            [SLUICE, *arguments], env=self.environment, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S,
            check=False)

    def tool(self, *arguments):
        """What it prints; it must succeed."""
        done = self.run_tool(*arguments)
        self.assertEqual((done.returncode, done.stderr), (OK, ""), arguments)
        return done.stdout

    def refuse(self, code, *arguments):
        """The one line that it says on its standard error."""
        done = self.run_tool(*arguments)
        self.assertEqual(done.returncode, code, (arguments, done))
        self.assertEqual(done.stdout, "", arguments)
        self.assertRegex(done.stderr, r"\Asluice: [^\n]+\n\Z", arguments)
        return done.stderr[len("sluice: "):-1]

    # -- clusters ------------------------------------------------------------------

    def up_options(self, *more, nodes=3):
        self.port = free_ports(nodes)
        return ["up", "--nodes", str(nodes), "--program", NODE,
                "--port", str(self.port), *more]

    def up(self, *more, nodes=3):
        """Starts a cluster in the background."""
        text = self.tool(*self.up_options("-d", *more, nodes=nodes))
        self.note_pids()
        return text

    def note_pids(self):
        status = self.status()
        self.pids = [status["launcher_pid"]] + [
            x["pid"] for x in status["nodes"] if x["pid"]]

    def status(self):
        """As JSON, whatever the exit code."""
        done = self.run_tool("status", "--json")
        self.assertIn(done.returncode, (OK, NO_ANSWER), done)
        return json.loads(done.stdout)

    def is_up(self):
        done = self.run_tool("status", "--json")
        return done.returncode == OK and json.loads(done.stdout)["stage"] == "up"

    def node(self, name):
        return next(x for x in self.status()["nodes"] if x["name"] == name)

    def log(self, name):
        with open(f"{self.dir}/{name}.log", encoding="utf-8") as file:
            return file.read()

    def nothing_runs(self):
        """All that was noted has ended, its ports are free, its sockets gone."""
        for pid in self.pids:
            wait_until(lambda pid=pid: not is_running(pid),
                       f"{pid} has not ended")
        left = [x for x in os.listdir(self.dir)
                if x.endswith((".sock", ".pid"))]
        self.assertEqual(left, [])


class Foreground:
    """`sluice up` as a child of the test; its output goes to files."""

    def __init__(self, case, *arguments, stdout=None):
        self.case = case
        self.path = tempfile.mktemp(dir=case.dir)
        with open(self.path, "w", encoding="utf-8") as out, \
                open(self.path + ".err", "w", encoding="utf-8") as err:
            self.process = subprocess.Popen(
                [SLUICE, *arguments], env=case.environment,
                stdout=stdout or out,
                stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)
        case.pids.append(self.process.pid)
        case.addCleanup(self.process.wait, PATIENCE_S)
        case.addCleanup(case.end_all)

    def output(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def errors(self):
        with open(self.path + ".err", encoding="utf-8") as file:
            return file.read()

    def await_line(self, pattern):
        return wait_until(
            lambda: re.search(pattern, self.output(), re.MULTILINE),
            lambda: f"no {pattern!r} in {self.output()}, {self.errors()}")

    def wait(self):
        return self.process.wait(PATIENCE_S)
