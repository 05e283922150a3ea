"""The peers and the load generator against each other: what is measured must
work, and what is wrong must be noticed."""

import json
import os
import socket
import subprocess
import threading
import unittest

from bench.harness.measure import Lab
from bench.harness.process import Failed, start_server
from bench.harness.servers import Cell

LOAD = "bench/load"
ECHO = ("echo_epoll", "echo_epoll --drain", "echo_uv", "echo_asio",
        "echo_caf --at-most 1024", "echo_caf --at-most 65536")
SINKS = ("sink_epoll", "sink_uv", "sink_asio", "sink_caf")
CELLS = (Cell("one", 1, 64, 1), Cell("odd", 5, 1237, 3),
         Cell("bulk", 4, 256 * 1024, 4))
CPU = min(os.sched_getaffinity(0))


def start(command):
    name, *args = command.split()
    return start_server([f"bench/{name}", *args], CPU)


def load(port, cell, *options):
    done = subprocess.run(
        [LOAD, "echo", "--port", str(port),
         "--connections", str(cell.connections), "--bytes", str(cell.bytes),
         "--pipelined", str(cell.pipelined), "--warmup", "0.05",
         "--seconds", "0.1", *options],
        capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


class EchoPeers(unittest.TestCase):
    def test_every_byte_comes_back(self):
        for command in ECHO:
            for cell in CELLS:
                with self.subTest(f"{command}, {cell.name}"):
                    with start(command) as server:
                        result = load(server.port, cell, "--check-all")
                    self.assertIsNone(result["fault"])
                    self.assertGreater(result["messages"], 0)
                    self.assertEqual(server.popen.returncode, 0)

    def test_time_of_the_watched_server_is_reported(self):
        with start("echo_epoll") as server:
            result = load(server.port, CELLS[0], "--watch-pid",
                          str(server.pid))
        self.assertGreater(result["server_cpu_s"], 0)
        self.assertLess(result["server_cpu_s"], result["seconds"] * 1.1)

    def test_idle_connections_are_counted_and_speak(self):
        lab = Lab(LOAD, CPU, CPU, 1, 0.1, 0.05, print)
        with start("echo_epoll") as server:
            with lab.hold("idle", server, connections=300,
                          seconds=20) as client:
                self.assertEqual(client.await_line(r"^connected (\d+)", 20)[1],
                                 "300")
                client.order("speak")
                self.assertEqual(client.await_line(r"^spoke (\d+)", 20)[1],
                                 "300")


class BadServer(threading.Thread):
    """Serves one connection; `answer` makes what it sends of what came."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        peer, _ = self.listener.accept()
        with peer, self.listener:
            try:
                while data := peer.recv(65536):
                    answer = self.answer(data)
                    if answer is None:
                        return
                    peer.sendall(answer)
            except OSError:
                pass


class LoadGenerator(unittest.TestCase):
    def fault(self, answer):
        server = BadServer(answer)
        server.start()
        result = load(server.port, CELLS[0])
        server.join()
        return result["fault"]

    def test_good_server_has_no_fault(self):
        self.assertIsNone(self.fault(lambda data: data))

    def test_flipped_bytes_are_noticed(self):
        self.assertIn("other bytes",
                      self.fault(lambda data: bytes(b ^ 1 for b in data)))

    def test_repeated_first_message_is_noticed(self):
        first = []

        def answer(data):
            first.append(data)
            return first[0]

        self.assertIn("other bytes", self.fault(answer))

    def test_too_many_bytes_are_noticed(self):
        self.assertIn("more bytes", self.fault(lambda data: data + b"x"))

    def test_silence_is_noticed(self):
        self.assertIn("no message", self.fault(lambda data: b""))

    def test_end_of_a_connection_is_noticed(self):
        self.assertIn("closed", self.fault(lambda data: None))


class Sinks(unittest.TestCase):
    def test_reader_gets_what_is_written(self):
        for command in SINKS:
            with self.subTest(command):
                with start(command + " --max-mib 1") as server:
                    with socket.create_connection(
                            ("127.0.0.1", server.port), 10) as peer:
                        with peer.makefile("rb") as stream:
                            data = stream.read(2 ** 20)
                self.assertEqual(len(data), 2 ** 20)


class Processes(unittest.TestCase):
    def test_server_that_does_not_start_says_so_and_is_gone(self):
        with self.assertRaisesRegex(Failed, "ended before"):
            start_server(["/bin/true"], CPU)


if __name__ == "__main__":
    unittest.main()
