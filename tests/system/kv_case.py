"""Test cases that each have a key-value server of their own."""

import os
import subprocess
import sys
import unittest

from tests.support.process_stats import (
    MEBIBYTE, SANITIZED, descriptor_count, resident_bytes)
from tests.support.server import Server
from tests.system.resp_connection import Connection
from tests.system.waiting import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
KV_BINARY = os.environ.get("SLUICE_KV") or os.path.join(
    ROOT, "examples", "kv", "kv")
CLIENT_LIMIT_S = 120
SUMMARY = (r"^\d+ connections, \d+ commands, \d+ hits, \d+ misses, "
           r"\d+ keys\n$")


class KvCase(unittest.TestCase):
    """Starts a server before each test. After each, it must still be there,
    and end with exit code 0 when it is asked to.

    `options` are the server's. `logged()` is what it said on its standard error
    so far; it is shown when the server fails.
    """

    descriptors = None
    options = ()

    def setUp(self):
        self.server = Server(KV_BINARY, "--port", "0", *self.options,
                             descriptors=self.descriptors)
        self.logged = self.server.log
        self.port = self.server.port
        self.descriptors_at_start = descriptor_count(self.server.pid)
        self.addCleanup(self.end_server)

    def end_server(self):
        if self.server is None:
            return
        server, self.server = self.server, None
        code = server.process.poll()
        if code is not None:
            server.wait()
            self.fail("the server ended by itself, %d: %s" % (code, self.logged()))
        self.assertEqual(server.stop(), 0, self.logged())
        self.check_summary(server.last_words)

    def check_summary(self, last_words):
        self.assertRegex(last_words[-1000:], SUMMARY)

    def connect(self):
        connection = Connection(self.port)
        self.addCleanup(connection.close)
        return connection

    def ask(self, *command):
        """Over a connection that lives only for that."""
        connection = Connection(self.port)
        try:
            return connection.ask(*command)
        finally:
            connection.close()

    def run_client(self, *arguments, stdin=b"", limit_s=CLIENT_LIMIT_S):
        """Its standard output; it must end by itself, with exit code 0."""
        done = subprocess.run(
            arguments, input=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=limit_s)
        self.assertEqual(done.returncode, 0,
                         (arguments, done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def redis_cli(self, *arguments, stdin=b""):
        return self.run_client("redis-cli", "-p", str(self.port), *arguments,
                               stdin=stdin)

    def wait_for_descriptors(self, more=0):
        """Waits until the server has so many more open than at its start.

        Without clients it may be fewer: at its start its other threads have
        files open that they read once.
        """
        count = self.descriptors_at_start + more

        def reached():
            now = descriptor_count(self.server.pid)
            return now == count or (more == 0 and now < count)

        wait_until(
            reached,
            lambda: "%d descriptors, now %d"
            % (count, descriptor_count(self.server.pid)))

    def resident(self):
        return resident_bytes(self.server.pid)

    def check_growth(self, before, limit_bytes, what):
        grown = self.resident() - before
        print("%s: grown by %.2f MiB" % (what, grown / MEBIBYTE),
              file=sys.stdout)
        if not SANITIZED:
            self.assertLess(grown, limit_bytes, what)
