"""Programs whose peers do not read: their memory stays flat."""

import re
import socket
import subprocess
import unittest

from tests.support.server import PATIENCE_S, Server


class Memory(unittest.TestCase):
    def test_neither_sender_of_the_concepts_grows(self):
        done = subprocess.run(["examples/concepts/backpressured_sender"],
                              capture_output=True, text=True,
                              timeout=PATIENCE_S)
        kib = int(re.search(r"Memory grew by (\d+) KiB", done.stdout)[1])
        self.assertLess(kib, 4 * 1024)

    def test_echo_client_that_does_not_read_does_not_grow_it(self):
        with Server("examples/echo/echo", "--listen",
                    "tcp://127.0.0.1:0") as server:
            before = server.memory_peak()
            sent = 0
            with socket.create_connection(("127.0.0.1", server.port),
                                          PATIENCE_S) as peer:
                peer.settimeout(1)
                with self.assertRaises(TimeoutError):
                    while True:
                        sent += peer.send(b"x" * 65536)
                growth = server.memory_peak() - before
                # It has not lost what it holds.
                peer.settimeout(PATIENCE_S)
                peer.shutdown(socket.SHUT_WR)
                back = 0
                while data := peer.recv(1 << 20):
                    back += len(data)
        self.assertEqual(back, sent)
        self.assertLess(growth, 4 << 20)


if __name__ == "__main__":
    unittest.main()
