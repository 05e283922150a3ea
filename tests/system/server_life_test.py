"""How the key-value server starts, and how it ends: by a signal under load, by
its own clock, and not by a signal that should not end it.

Usage: SLUICE_KV=BINARY server_life_test.py
"""

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.support.process_stats import SANITIZED, state
from tests.support.server import Server
from tests.system.kv_case import KV_BINARY, KvCase
from tests.system.resp_connection import TIMEOUT_S, encode
from tests.system.waiting import wait_until

# What runtime/limits.h gives connections to drain, and time to notice.
DRAIN_S = 5
END_LIMIT_S = DRAIN_S + 3

PR_CAPBSET_DROP = 24
CAP_NET_BIND_SERVICE = 10


def run_kv(*arguments, prepare=None):
    return subprocess.run(
        [KV_BINARY, *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT_S,
        preexec_fn=prepare)


class BadStart(unittest.TestCase):
    def check_refused(self, done, *texts):
        """One line on standard error that says what is wrong, and at most one
        more that points to --help."""
        self.assertGreater(done.returncode, 0)
        self.assertEqual(done.stdout, b"")
        lines = done.stderr.decode().splitlines()
        self.assertGreaterEqual(len(lines), 1)
        for text in texts:
            self.assertIn(text, lines[0])
        self.assertIn(lines[1:], ([], ["Run with --help for more information."]))

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            self.check_refused(
                run_kv("--port", str(port)), "tcp://127.0.0.1:%d" % port,
                "Address already in use (EADDRINUSE)")

    def test_port_of_another_server(self):
        server = Server(KV_BINARY, "--port", "0")
        self.addCleanup(server.stop)
        self.check_refused(run_kv("--port", str(server.port)), "EADDRINUSE")

    def test_address_of_another_machine(self):
        self.check_refused(
            run_kv("--host", "203.0.113.7", "--port", "0"),
            "tcp://203.0.113.7:0",
            "Cannot assign requested address (EADDRNOTAVAIL)")

    def test_bad_endpoint(self):
        for host, text in (
            ("", "the host is empty"), ("no such host", "no such host"),
            ("1.2.3", "1.2.3"), ("::1::", "::1::"), ("[::1", "[::1"),
            ("127.0.0.1:80", "127.0.0.1:80"),
        ):
            with self.subTest(host):
                self.check_refused(run_kv("--host", host, "--port", "0"),
                                   "bad endpoint", text)

    def test_unknown_option(self):
        self.check_refused(run_kv("--nosuch"), "--nosuch")
        self.check_refused(run_kv("surplus"), "surplus")

    def test_bad_value_of_an_option(self):
        for option, value in (
            ("--port", "65536"), ("--port", "-1"), ("--port", "x"),
            ("--seconds", "-1"), ("--seconds", "x"),
            ("--idle-seconds", "-1"), ("--stall-seconds", "x"),
        ):
            with self.subTest(option=option, value=value):
                self.check_refused(run_kv(option, value), option)

    def test_privileged_port(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
            if int(f.read()) <= 1:
                self.skipTest("no port is privileged here")
        libc = ctypes.CDLL(None, use_errno=True)

        def prepare():
            # Does nothing for those who have no such right anyway.
            libc.prctl(PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE, 0, 0, 0)

        self.check_refused(
            run_kv("--port", "1", "--seconds", "1", prepare=prepare),
            "tcp://127.0.0.1:1", "Permission denied (EACCES)")

    def test_help(self):
        done = run_kv("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"--port", done.stdout)
        self.assertEqual(done.stderr, b"")


class Start(KvCase):
    def test_ends_by_its_own_clock(self):
        done = run_kv("--port", "0", "--seconds", "1")
        self.assertEqual(done.returncode, 0)
        self.check_summary(done.stdout.decode().partition("\n")[2])

    def test_port_is_free_again_at_once(self):
        c = self.connect()
        self.assertEqual(c.ask("ping"), b"PONG")
        self.end_server()
        again = Server(KV_BINARY, "--port", str(self.port))
        self.assertEqual(again.port, self.port)
        self.assertEqual(again.stop(), 0)


class Ipv6(KvCase):
    options = ("--host", "::1")

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6")
    def setUp(self):
        super().setUp()

    def test_bare_and_bracketed_address(self):
        self.assertEqual(
            self.run_client("redis-cli", "-h", "::1", "-p", str(self.port),
                            "ping"), b"PONG\n")
        again = Server(KV_BINARY, "--host", "[::1]", "--port", "0")
        self.assertEqual(again.stop(), 0)
        with socket.socket() as s:
            self.assertNotEqual(s.connect_ex(("127.0.0.1", self.port)), 0)


class Signals(KvCase):
    def end_by(self, number):
        """Ends the server and returns what it said and how long it took."""
        server, self.server = self.server, None
        start = time.monotonic()
        server.process.send_signal(number)
        self.assertEqual(server.wait(), 0, self.logged())
        took = time.monotonic() - start
        self.check_summary(server.last_words)
        if not SANITIZED:
            self.assertLess(took, END_LIMIT_S)
        return server.last_words, took

    def start_load(self):
        load = subprocess.Popen(
            ["redis-benchmark", "-p", str(self.port), "-c", "30", "-l", "-q",
             "-t", "set,get", "-P", "8"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def end():
            load.kill()
            load.wait()

        self.addCleanup(end)
        wait_until(lambda: self.stat("total_commands_processed") > 5000,
                   "some load")
        return load

    def stat(self, name):
        return int(re.search(rb"%s:(\d+)" % name.encode(),
                             self.ask("info", "stats"))[1])

    def test_each_ends_an_idle_server_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                self.doCleanups()
                self.setUp()
                _, took = self.end_by(number)
                self.assertLess(took, 1 if not SANITIZED else TIMEOUT_S)

    def test_under_load(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                self.doCleanups()
                self.setUp()
                load = self.start_load()
                said, took = self.end_by(number)
                print("%s: %.2f s, %s" % (number.name, took, said),
                      end="")
                self.assertGreater(int(re.search(r"(\d+) commands", said)[1]),
                                   5000)
                wait_until(lambda: load.poll() is not None,
                           "the client notices")

    def test_replies_that_are_due_arrive(self):
        """A client that reads late, but in time, gets all of them."""
        value = b"x" * 1000000
        self.ask("set", "large", value)
        c = self.connect()
        c.send_raw(encode(("get", "large")) * 20)
        wait_until(lambda: self.stat("keyspace_hits") > 0, "the first reply")
        self.server.process.send_signal(signal.SIGTERM)
        back = c.read_to_end()
        self.assertEqual(len(back) % (len(value) + 12), 0)
        self.assertGreater(len(back), 0)
        self.end_by(signal.SIGTERM)

    def test_clients_that_do_nothing_hold_it_up_for_the_drain_at_most(self):
        for _ in range(50):
            self.connect()
        c = self.connect()
        self.assertEqual(c.ask("ping"), b"PONG")
        _, took = self.end_by(signal.SIGTERM)
        print("%.2f s with 51 idle clients" % took)

    def test_client_that_does_not_read_holds_it_up_for_the_drain_at_most(self):
        self.ask("set", "large", b"x" * 1000000)
        c = self.connect()
        c.send_raw(encode(("get", "large")) * 100)
        wait_until(lambda: self.stat("keyspace_hits") > 0, "the first reply")
        _, took = self.end_by(signal.SIGTERM)
        print("%.2f s with a client that does not read" % took)

    def test_clients_that_leave_at_the_same_moment(self):
        for _ in range(5):
            self.doCleanups()
            self.setUp()
            self.ask("set", "large", b"x" * 1000000)
            sockets = [socket.create_connection(("127.0.0.1", self.port))
                       for _ in range(20)]
            for s in sockets:
                s.sendall(encode(("get", "large")) * 50)
            for s in sockets:
                self.assertEqual(s.recv(1), b"$")
            for s in sockets:
                s.close()
            self.end_by(signal.SIGTERM)

    def test_second_signal_does_no_harm(self):
        c = self.connect()
        self.assertEqual(c.ask("ping"), b"PONG")
        self.server.process.send_signal(signal.SIGTERM)
        self.end_by(signal.SIGINT)

    def test_stopped_and_continued_server_goes_on(self):
        c = self.connect()
        for _ in range(3):
            self.server.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: state(self.server.pid) == "T", "it is stopped")
            c.send(("ping",))
            self.server.process.send_signal(signal.SIGCONT)
            self.assertEqual(c.read()[1], b"PONG")
        self.assertEqual(self.ask("ping"), b"PONG")

    def test_pipe_signal_does_not_end_it(self):
        self.server.process.send_signal(signal.SIGPIPE)
        self.assertEqual(self.ask("ping"), b"PONG")
        # Nobody reads what it says at the end.
        self.server.output.close()
        server, self.server = self.server, None
        self.assertEqual(server.stop(), 0, self.logged())


if __name__ == "__main__":
    unittest.main(verbosity=2)
