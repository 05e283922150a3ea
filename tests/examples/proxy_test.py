"""The proxy between real sockets: nothing is changed, nothing is lost."""

import signal
import socket
import subprocess
import sys
import unittest

from tests.examples.proxy_case import (
    MIB, PROXY, Apart, ProxyCase, digest, random_bytes, read_all, read_exactly,
    reset)
from tests.support.server import PATIENCE_S

# A target that is a process: says its port, reads something, and waits.
READER = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peer, _ = listener.accept()
peer.recv(1)
print("read", flush=True)
while peer.recv(65536):
    pass
"""


class Passing(ProxyCase):
    def test_large_transfers_both_ways_at_once_are_identical(self):
        there, back = random_bytes(48 * MIB, 1), random_bytes(48 * MIB + 1, 2)

        def send(peer, data):
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)

        client, target = self.pair(self.start())
        senders = [Apart(send, client, there), Apart(send, target, back)]
        readers = [Apart(read_all, target), Apart(read_all, client)]
        for sender in senders:
            sender.result()
        self.assertEqual(readers[0].result(), (len(there), digest(there)))
        self.assertEqual(readers[1].result(), (len(back), digest(back)))

    def test_half_close_of_the_client_lets_the_target_answer(self):
        client, target = self.pair(self.start())
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(target), (8, digest(b"question")))
        answer = random_bytes(3 * MIB, 3)
        sender = Apart(target.sendall, answer)
        got = Apart(read_all, client)
        sender.result()
        target.close()
        self.assertEqual(got.result(), (len(answer), digest(answer)))

    def test_half_close_of_the_target_lets_the_client_go_on(self):
        client, target = self.pair(self.start())
        target.sendall(b"done")
        target.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (4, digest(b"done")))
        client.sendall(b"not yet")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(target), (7, digest(b"not yet")))

    def test_what_is_sent_before_the_target_accepts_arrives(self):
        client = self.connect(self.start())
        client.sendall(b"early")
        client.shutdown(socket.SHUT_WR)
        target, _ = self.listener.accept()
        with target:
            self.assertEqual(read_all(target), (5, digest(b"early")))

    def test_many_pairs_do_not_mix(self):
        proxy = self.start()
        pairs = [self.pair(proxy) for _ in range(20)]
        for n, (client, _) in enumerate(pairs):
            client.sendall(b"%d" % n)
            client.shutdown(socket.SHUT_WR)
        for n, (_, target) in enumerate(pairs):
            self.assertEqual(read_all(target)[1], digest(b"%d" % n))


class Ending(ProxyCase):
    def test_refused_target_closes_the_client_and_is_named(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            port = nobody.getsockname()[1]
            proxy = self.start(target=f"tcp://127.0.0.1:{port}")
            try:
                self.assert_ends(self.connect(proxy))
            except ConnectionResetError:
                pass  # before connect had returned
            proxy.await_log(f"tcp://127.0.0.1:{port}: Connection refused")

    def test_reset_by_the_client_resets_the_target(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        client.sendall(b"x")
        self.assertEqual(target.recv(1), b"x")
        reset(client)
        with self.assertRaises(ConnectionResetError):
            target.recv(1)
        self.assert_works(proxy)

    def test_reset_by_the_target_resets_the_client(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        client.sendall(b"x")
        self.assertEqual(target.recv(1), b"x")
        reset(target)
        with self.assertRaises(ConnectionResetError):
            client.recv(1)
        self.assert_works(proxy)

    def test_either_process_may_be_killed_in_the_middle(self):
        proxy = self.start()
        zeros = subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE)
        self.addCleanup(zeros.wait, PATIENCE_S)
        self.addCleanup(zeros.kill)
        client = subprocess.Popen(["nc", "127.0.0.1", str(proxy.port)],
                                  stdin=zeros.stdout, stdout=subprocess.DEVNULL)
        self.addCleanup(client.wait, PATIENCE_S)
        zeros.stdout.close()
        target, _ = self.listener.accept()
        with target:
            target.settimeout(PATIENCE_S)
            read_exactly(target, MIB)
            client.kill()
            self.assert_ends(target)
        self.assert_works(proxy)

        # And now the other end.
        server = subprocess.Popen([sys.executable, "-c", READER],
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, PATIENCE_S)
        self.addCleanup(server.kill)
        port = int(server.stdout.readline())
        proxy = self.start(target=f"tcp://127.0.0.1:{port}")
        peer = self.connect(proxy)
        peer.sendall(b"x" * 1000)
        self.assertEqual(server.stdout.readline(), b"read\n")
        server.kill()
        self.assert_ends(peer)
        self.assertIsNone(proxy.process.poll())

    def test_idle_client_is_closed(self):
        proxy = self.start("--idle", "1")
        client, target = self.pair(proxy)
        self.assertEqual(client.recv(1), b"")
        self.assertEqual(target.recv(1), b"")
        proxy.await_log("idle")

    def test_signal_ends_it_with_connections_open(self):
        proxy = self.start()
        client, target = self.pair(proxy)
        proxy.process.send_signal(signal.SIGTERM)
        self.assert_ends(client)
        self.assert_ends(target)
        client.close()
        target.close()
        self.assertEqual(proxy.stop(), 0)

    def test_bad_target_is_refused_at_the_start(self):
        done = subprocess.run([PROXY, "--to", "tcp://127.0.0.1:0"],
                              capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("port 0", done.stderr)


if __name__ == "__main__":
    unittest.main()
