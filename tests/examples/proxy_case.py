"""What the tests of the proxy share: both ends of a connection through it."""

import hashlib
import random
import socket
import threading
import unittest

from tests.support.server import PATIENCE_S, Server

PROXY = "examples/proxy/proxy"
MIB = 1 << 20
RESET_AT_CLOSE = b"\1\0\0\0\0\0\0\0"  # SO_LINGER: on, 0 s


def random_bytes(size, seed):
    return random.Random(seed).randbytes(size)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def read_all(peer, at_once=MIB):
    """What comes until the end; (number of bytes, their digest)."""
    seen = hashlib.sha256()
    count = 0
    while data := peer.recv(at_once):
        seen.update(data)
        count += len(data)
    return count, seen.hexdigest()


def read_exactly(peer, size):
    """The next bytes; fewer only at the end."""
    parts = []
    while size > 0 and (data := peer.recv(min(size, MIB))):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    peer.close()


class Apart:
    """Runs a function in a thread; `result` waits for what it returns."""

    def __init__(self, function, *arguments):
        self.value = None
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True,
                                       args=(function, arguments))
        self.thread.start()

    def _run(self, function, arguments):
        try:
            self.value = function(*arguments)
        except OSError as error:
            self.error = error

    def result(self):
        self.thread.join(PATIENCE_S)
        if self.thread.is_alive():
            raise AssertionError("it did not end")
        if self.error:
            raise self.error
        return self.value


class ProxyCase(unittest.TestCase):
    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.addCleanup(self.listener.close)
        self.target_port = self.listener.getsockname()[1]

    def start(self, *options, target=None):
        where = target or f"tcp://127.0.0.1:{self.target_port}"
        proxy = Server(PROXY, "--listen", "tcp://127.0.0.1:0", "--to", where,
                       *options)
        self.addCleanup(proxy.stop)
        return proxy

    def connect(self, proxy):
        peer = socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S)
        self.addCleanup(peer.close)
        return peer

    def pair(self, proxy):
        """Both ends of a connection through the proxy."""
        client = self.connect(proxy)
        target, _ = self.listener.accept()
        target.settimeout(PATIENCE_S)
        self.addCleanup(target.close)
        return client, target

    def assert_works(self, proxy):
        client, target = self.pair(proxy)
        client.sendall(b"ping")
        self.assertEqual(read_exactly(target, 4), b"ping")
        target.sendall(b"pong")
        self.assertEqual(read_exactly(client, 4), b"pong")

    def assert_ends(self, peer):
        """The connection is over: its end, or a reset."""
        try:
            while peer.recv(65536):
                pass
        except ConnectionError:
            pass
