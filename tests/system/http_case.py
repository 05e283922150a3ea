"""Test cases that each have an HTTP server of their own: examples/http."""

import os
import subprocess
import tempfile
import unittest

from tests.support.process_stats import (
    MEBIBYTE, SANITIZED, descriptor_count, resident_bytes)
from tests.support.server import Server
from tests.system.http_connection import HttpConnection, request
from tests.system.http_requests import HELLO
from tests.system.waiting import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HTTP_BINARY = os.environ.get("SLUICE_HTTP") or os.path.join(
    ROOT, "examples", "http", "http")
CLIENT_LIMIT_S = 120


class HttpCase(unittest.TestCase):
    """Starts a server before each test. After each, it must still be there,
    serve as before, and end with exit code 0 when it is asked to.

    `options` are the server's, besides its folder: `self.folder`, empty.
    """

    options = ()
    descriptors = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.prepare_folder()
        self.server = Server(
            HTTP_BINARY, "--listen", "tcp://127.0.0.1:0", "--folder",
            self.folder, *self.options, descriptors=self.descriptors)
        self.port = self.server.port
        self.addCleanup(self.end_server)

    def prepare_folder(self):
        """Before the server starts."""

    def end_server(self):
        if self.server is None:
            return
        server, self.server = self.server, None
        code = server.process.poll()
        if code is not None:
            server.wait()
            self.fail(f"the server ended by itself, {code}: {server.log()}")
        try:
            with HttpConnection(server.port) as x:
                self.assertEqual(x.ask(request("GET", HELLO)).status, 200)
        finally:
            self.assertEqual(server.stop(), 0, server.log())

    def connect(self, **options):
        connection = HttpConnection(self.port, **options)
        self.addCleanup(connection.close)
        return connection

    def ask(self, data, verb=None):
        """Over a connection that lives only for that."""
        with HttpConnection(self.port) as x:
            return x.ask(data, verb)

    def url(self, target="/", port=None):
        return f"http://127.0.0.1:{port or self.port}{target}"

    def run_client(self, *arguments, stdin=b"", codes=(0,),
                   limit_s=CLIENT_LIMIT_S):
        """What it wrote; it must end by itself, with one of `codes`."""
        done = subprocess.run(
            arguments, input=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=limit_s)
        self.assertIn(done.returncode, codes,
                      (arguments, done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def write_file(self, name, data):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)

    def resident(self):
        return resident_bytes(self.server.pid)

    def wait_for_descriptors(self, count, what):
        wait_until(lambda: descriptor_count(self.server.pid) <= count,
                   lambda: f"{what}: {descriptor_count(self.server.pid)} "
                           f"descriptors are open, not {count}")

    def check_growth(self, before, limit_bytes, what):
        grown = self.resident() - before
        print(f"{what}: grown by {grown / MEBIBYTE:.2f} MiB")
        if not SANITIZED:
            self.assertLess(grown, limit_bytes, what)
