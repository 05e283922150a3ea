"""The echo example and real clients: nc that half-closes, and sockets.

Usage: SLUICE_ECHO=BINARY echo_test.py
"""

import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import MEBIBYTE, SANITIZED, resident_bytes
from tests.support.server import Server
from tests.system.resp_connection import TIMEOUT_S
from tests.system.waiting import wait_until

ECHO_BINARY = os.environ.get("SLUICE_ECHO") or os.path.join(
    ROOT, "examples", "echo", "echo")
LARGE_BYTES = 50 * 1000 * 1000


class EchoCase(unittest.TestCase):
    where = "tcp://127.0.0.1:0"

    def setUp(self):
        self.server = Server(ECHO_BINARY, "--listen", self.where)
        self.addCleanup(self.end_server)

    def end_server(self):
        self.assertIsNone(self.server.process.poll(), "the server has ended")
        self.assertEqual(self.server.stop(), 0)

    def connect(self):
        s = socket.create_connection(
            ("127.0.0.1", self.server.port), TIMEOUT_S)
        self.addCleanup(s.close)
        return s

    def check_half_close(self, *arguments, size=LARGE_BYTES):
        """Sends `size` bytes and the end by nc; all of it must come back."""
        sent = hashlib.sha256()
        r = random.Random(size)
        with tempfile.TemporaryFile() as data:
            for start in range(0, size, MEBIBYTE):
                piece = r.randbytes(min(MEBIBYTE, size - start))
                sent.update(piece)
                data.write(piece)
            data.seek(0)
            nc = subprocess.Popen(["nc", "-N", *arguments], stdin=data,
                                  stdout=subprocess.PIPE)
            back, count = hashlib.sha256(), 0
            with nc.stdout:
                while piece := nc.stdout.read(MEBIBYTE):
                    back.update(piece)
                    count += len(piece)
            self.assertEqual(nc.wait(TIMEOUT_S), 0)
        self.assertEqual(count, size)
        self.assertEqual(back.digest(), sent.digest())


class Tcp(EchoCase):
    def test_all_comes_back_after_a_half_close(self):
        self.check_half_close("127.0.0.1", str(self.server.port))

    def test_clients_at_the_same_time_get_each_their_own(self):
        r = random.Random(3)
        pieces = [r.randbytes(r.randrange(1, 300000)) for _ in range(200)]
        sockets = [self.connect() for _ in pieces]

        def send_all():
            for s, piece in zip(sockets, pieces):
                s.sendall(piece)
                s.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send_all)
        sender.start()
        for s, piece in zip(sockets, pieces):
            with s.makefile("rb") as f:
                self.assertTrue(f.read() == piece)
        sender.join()

    def test_client_that_does_not_read_is_not_read_from(self):
        """It can send what the buffers of the kernel take, and no more until it
        reads; the server does not keep it in its place."""
        before = resident_bytes(self.server.pid)
        s = self.connect()
        s.setblocking(False)
        r = random.Random(4)
        block = r.randbytes(MEBIBYTE)
        sent = [0]

        def is_refused():
            try:
                sent[0] += s.send(block[sent[0] % MEBIBYTE:])
                return False
            except BlockingIOError:
                return True

        # The kernel may take a little more when it is asked again later.
        def stays_refused():
            known = sent[0]
            while not is_refused():
                self.assertLess(sent[0], 100 * MEBIBYTE)
            return sent[0] == known

        quiet = [0]

        def is_quiet():
            quiet[0] = quiet[0] + 1 if stays_refused() else 0
            return quiet[0] == 50

        wait_until(is_quiet, "the server goes on reading")
        grown = resident_bytes(self.server.pid) - before
        print("%.1f MiB sent, grown by %.2f MiB"
              % (sent[0] / MEBIBYTE, grown / MEBIBYTE))
        if not SANITIZED:
            self.assertLess(grown, 2 * MEBIBYTE)
        s.settimeout(TIMEOUT_S)
        s.shutdown(socket.SHUT_WR)
        with s.makefile("rb") as f:
            back = f.read()
        whole = block * (sent[0] // MEBIBYTE + 1)
        self.assertTrue(back == whole[:sent[0]])


class Ipv6(EchoCase):
    where = "tcp://[::1]:0"

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6")
    def setUp(self):
        super().setUp()

    def test_all_comes_back_after_a_half_close(self):
        self.check_half_close("::1", str(self.server.port),
                              size=5 * MEBIBYTE)


class Unix(EchoCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "echo")
        self.where = "unix://" + self.path
        super().setUp()

    def test_all_comes_back_after_a_half_close(self):
        self.check_half_close("-U", self.path, size=5 * MEBIBYTE)

    def test_file_is_gone_with_the_server_and_a_killed_one_is_replaced(self):
        killed = self.path + "2"
        first = Server(ECHO_BINARY, "--listen", "unix://" + killed)
        second = subprocess.run(
            [ECHO_BINARY, "--listen", "unix://" + killed],
            stderr=subprocess.PIPE, timeout=TIMEOUT_S)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(b"EADDRINUSE", second.stderr)
        first.process.kill()
        first.wait()
        self.assertTrue(os.path.exists(killed))
        third = Server(ECHO_BINARY, "--listen", "unix://" + killed)
        self.check_half_close("-U", killed, size=MEBIBYTE)
        self.assertEqual(third.stop(), 0)
        self.assertFalse(os.path.exists(killed))


if __name__ == "__main__":
    unittest.main(verbosity=2)
