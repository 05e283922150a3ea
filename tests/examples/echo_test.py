"""The echo server, with the clients that people try it with."""

import hashlib
import os
import random
import signal
import socket
import subprocess
import unittest

from tests.support.server import PATIENCE_S, Server

ECHO = "examples/echo/echo"
ANY_PORT = "tcp://127.0.0.1:0"


def start(*options):
    return Server(ECHO, "--listen", ANY_PORT, *options)


def netcat(port):
    """nc with -N: it half-closes the connection at the end of its input."""
    return subprocess.Popen(["nc", "-N", "127.0.0.1", str(port)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class Echo(unittest.TestCase):
    def test_half_closed_connection_returns_all_bytes(self):
        data = random.Random(1).randbytes(5_000_001)
        with start() as server:
            with netcat(server.port) as client:
                back, _ = client.communicate(data, PATIENCE_S)
        self.assertEqual(hashlib.sha256(back).hexdigest(),
                         hashlib.sha256(data).hexdigest())

    def test_connections_do_not_mix(self):
        with start() as server:
            clients = [netcat(server.port) for _ in range(12)]
            for n, client in enumerate(clients):
                client.stdin.write(b"%d\n" % n)
                client.stdin.flush()
            for n, client in enumerate(clients):
                self.assertEqual(client.stdout.readline(), b"%d\n" % n)
                client.communicate(timeout=PATIENCE_S)

    def test_connection_without_a_byte_ends_orderly(self):
        with start() as server:
            with socket.create_connection(("127.0.0.1", server.port),
                                          PATIENCE_S) as peer:
                peer.shutdown(socket.SHUT_WR)
                self.assertEqual(peer.recv(1), b"")

    def test_client_that_goes_away_hurts_nobody(self):
        with start() as server:
            with socket.create_connection(("127.0.0.1", server.port),
                                          PATIENCE_S) as rude:
                rude.settimeout(1)
                with self.assertRaises(TimeoutError):
                    while True: # until nobody takes any more
                        rude.send(b"x" * 65536)
                reset = b"\1\0\0\0\0\0\0\0" # SO_LINGER: on, 0 s
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            with netcat(server.port) as client:
                back, _ = client.communicate(b"hello", PATIENCE_S)
            self.assertEqual(back, b"hello")
            self.assertEqual(server.stop(), 0)


class Ending(unittest.TestCase):
    def test_signals_end_it_with_code_0(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how.name), start() as server:
                self.assertEqual(server.stop(how), 0)

    def test_open_connections_are_closed_at_the_end(self):
        with start() as server:
            with socket.create_connection(("127.0.0.1", server.port),
                                          PATIENCE_S) as peer:
                peer.sendall(b"x")
                self.assertEqual(peer.recv(1), b"x")
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(peer.recv(1), b"")
            self.assertEqual(server.stop(), 0)

    def test_it_ends_by_itself_when_its_time_is_over(self):
        with start("--seconds", "1") as server:
            self.assertEqual(server.process.wait(PATIENCE_S), 0)

    def test_program_that_was_stopped_and_continued_goes_on(self):
        with start() as server:
            # Three times: the first one may come before it begins to wait.
            for _ in range(3):
                server.process.send_signal(signal.SIGSTOP)
                _, status = os.waitpid(server.process.pid, os.WUNTRACED)
                self.assertTrue(os.WIFSTOPPED(status))
                server.process.send_signal(signal.SIGCONT)
                with netcat(server.port) as client:
                    back, _ = client.communicate(b"hello", PATIENCE_S)
                self.assertEqual(back, b"hello")
            self.assertIsNone(server.process.poll())


class BadSettings(unittest.TestCase):
    def refused(self, *options):
        done = subprocess.run([ECHO, *options], capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_port_in_use_is_named(self):
        with start() as server:
            where = f"tcp://127.0.0.1:{server.port}"
            errors = self.refused("--listen", where)
        self.assertIn(where, errors)
        self.assertIn("Address already in use", errors)

    def test_bad_endpoint_is_named(self):
        self.assertIn("99999", self.refused("--listen", "tcp://x:99999"))

    def test_negative_time_is_refused(self):
        self.assertIn("--seconds", self.refused("--seconds", "-1"))


if __name__ == "__main__":
    unittest.main()
