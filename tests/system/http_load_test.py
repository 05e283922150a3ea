"""The HTTP server under wrk, and many requests in one write.

Usage: SLUICE_HTTP=BINARY http_load_test.py
"""

import os
import random
import re
import sys
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import MEBIBYTE, SANITIZED
from tests.system.http_case import HttpCase
from tests.system.http_connection import chunked, request
from tests.system.http_requests import ECHO, HELLO
from tests.system.waiting import wait_until

SECONDS = 5

# Sixteen requests in each write; answers are counted by wrk.
PIPELINED = """
init = function(args)
  local one = {}
  for i = 1, 16 do one[i] = wrk.format("GET", "/hello") end
  all = table.concat(one)
end
request = function() return all end
"""

POSTS = """
wrk.method = "POST"
wrk.path = "/echo"
wrk.body = string.rep("x", 1000)
response = function(status, headers, body)
  if body ~= wrk.body then wrong = (wrong or 0) + 1 end
end
done = function(summary, latency, requests) end
"""


class Load(HttpCase):
    def wrk(self, target=HELLO, script=None, connections=100,
            seconds=SECONDS):
        """Requests a second; wrk must not have seen an error."""
        arguments = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}",
                     "--timeout", "10"]
        if script:
            with tempfile.NamedTemporaryFile(
                    "w", suffix=".lua", dir=self.folder, delete=False) as f:
                f.write(script)
            arguments += ["-s", f.name]
        text = self.run_client(*arguments, self.url(target)).decode()
        self.assertNotIn("Socket errors", text)
        self.assertNotIn("Non-2xx", text)
        rate = float(re.search(r"Requests/sec: +([\d.]+)", text)[1])
        print(f"{self.id()}: {rate:.0f} requests/s")
        self.assertGreater(rate * seconds, connections)
        return rate

    def test_hundred_connections(self):
        self.wrk()

    def test_pipelined(self):
        self.wrk(script=PIPELINED)

    def test_bodies(self):
        self.wrk(script=POSTS)

    def test_streams(self):
        self.wrk("/count/1000")

    def test_downloads(self):
        self.wrk(f"/bytes/{MEBIBYTE}")

    def test_memory_is_given_back_after_load(self):
        self.wrk("/count/1000", seconds=2)
        before = self.resident()
        for _ in range(3):
            self.wrk("/count/1000", seconds=2)
        self.check_growth(before, 4 * MEBIBYTE, "after three more rounds")


class Pipelining(HttpCase):
    def test_thousand_requests_in_one_write_are_answered_in_order(self):
        seed = random.randrange(2 ** 32)
        r = random.Random(seed)
        data, expected = [], []
        for i in range(1000):
            kind = r.randrange(6)
            if kind == 0:
                data.append(request("GET", f"/things/{i}"))
                expected.append(("GET", 200, b"%d" % i))
            elif kind == 1:
                data.append(request("POST", ECHO, body=b"%d." % i))
                expected.append(("POST", 200, b"%d." % i))
            elif kind == 2:
                parts = [b"%d," % i] * r.randrange(1, 5)
                data.append(request("POST", ECHO,
                                    "Transfer-Encoding: chunked")
                            + chunked(*parts))
                expected.append(("POST", 200, b"".join(parts)))
            elif kind == 3:
                data.append(request("HEAD", HELLO))
                expected.append(("HEAD", 200, b""))
            elif kind == 4:
                data.append(request("GET", f"/nowhere/{i}"))
                expected.append(("GET", 404, None))
            else:
                data.append(request("GET", "/count/3"))
                expected.append(("GET", 200, b"1\n2\n3\n"))
        with self.connect() as x:
            sender = threading.Thread(target=x.send,
                                      args=(b"".join(data),))
            sender.start()
            for i, (verb, status, body) in enumerate(expected):
                answer = x.read(verb)
                self.assertEqual(answer.status, status, (seed, i))
                if body is not None:
                    self.assertEqual(answer.body.rstrip(b"\n"),
                                     body.rstrip(b"\n"), (seed, i))
            sender.join()
            x.end_sending()
            self.assertTrue(x.is_at_end())

    def test_slow_answer_is_not_overtaken(self):
        with self.connect() as x:
            x.send(request("GET", "/slow/300") + request("GET", "/things/2")
                   + request("GET", "/slow/100") + request("GET", "/things/4"))
            bodies = [x.read().body.strip() for _ in range(4)]
        self.assertEqual(bodies[1], b"2")
        self.assertEqual(bodies[3], b"4")

    def test_client_that_never_reads_is_not_read_from(self):
        """It asks for small answers as long as it may. The server stops when
        its answers are not taken; nobody else notices."""
        wanted = request("GET", HELLO) * 1000
        before = self.resident()
        with self.connect() as x:
            x.socket.setblocking(False)
            sent = [0]

            def stays_refused():
                known = sent[0]
                try:
                    while True:
                        sent[0] += x.socket.send(
                            wanted[sent[0] % len(wanted):])
                        self.assertLess(sent[0], 200 * MEBIBYTE)
                except BlockingIOError:
                    return sent[0] == known

            quiet = [0]

            def is_quiet():
                quiet[0] = quiet[0] + 1 if stays_refused() else 0
                return quiet[0] == 50

            wait_until(is_quiet, "the server goes on reading")
            self.assertEqual(self.ask(request("GET", HELLO)).status, 200)
            self.check_growth(before, 4 * MEBIBYTE,
                              f"{sent[0] / MEBIBYTE:.1f} MiB sent")
            # It reads after all: everything asked for is there.
            x.socket.settimeout(30)
            whole, rest = divmod(sent[0], len(request("GET", HELLO)))
            for _ in range(whole):
                self.assertEqual(x.read().status, 200)

    def test_client_that_never_reads_a_stream(self):
        before = self.resident()
        clients = [self.connect(receive_bytes=4096) for _ in range(50)]
        for x in clients:
            x.send(request("GET", "/count/100000000"))
        for x in clients:
            # The head is there, so the stream has begun.
            self.assertEqual(x.read_head().status, 200)
        with self.connect() as other:
            for _ in range(200):
                self.assertEqual(other.ask(request("GET", HELLO)).status, 200)
        if not SANITIZED:
            grown = self.resident() - before
            print(f"50 streams: {grown / 50 / 1024:.0f} KiB each")
            self.assertLess(grown, 50 * MEBIBYTE // 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
