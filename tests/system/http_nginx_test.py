"""nginx in front of the HTTP server, as most servers live: what comes through
it is what comes directly.

Usage: SLUICE_HTTP=BINARY SLUICE_NGINX=BINARY http_nginx_test.py
"""

import os
import random
import re
import sys
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import MEBIBYTE
from tests.system.http_case import HttpCase
from tests.system.http_connection import HttpConnection, chunked, request
from tests.system.http_requests import ECHO, HELLO
from tests.system.nginx import Nginx
from tests.system.websocket_client import WebSocket

# Upstream connections are kept, which nginx does for HTTP/1.1 only.
PROXY = """
  upstream sluice {{
    server 127.0.0.1:{ours};
    keepalive 8;
    keepalive_requests 1000000;
  }}
  map $http_upgrade $connection_upgrade {{
    default upgrade;
    '' '';
  }}
  server {{
    listen 127.0.0.1:{{port}};
    client_max_body_size 1g;
    keepalive_requests 1000000;
    location / {{
      proxy_pass http://sluice;
      proxy_http_version {version};
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection {connection};
      proxy_buffering {buffering};
      proxy_request_buffering {buffering};
      proxy_read_timeout 60s;
    }}
  }}
"""

# Where these differ, it is nginx's own doing.
OWN_FIELDS = {"connection", "date", "server", "keep-alive",
              "transfer-encoding", "content-length", "accept-ranges"}


class ProxyCase(HttpCase):
    buffering = "on"
    version = "1.1"
    connection = "$connection_upgrade"

    def prepare_folder(self):
        self.data = random.Random(9).randbytes(300_000)
        self.write_file("data.bin", self.data)

    def setUp(self):
        super().setUp()
        self.nginx = Nginx(PROXY.format(
            ours=self.port, buffering=self.buffering, version=self.version,
            connection=self.connection))
        self.addCleanup(self.nginx.stop)

    def through(self):
        x = HttpConnection(self.nginx.port)
        self.addCleanup(x.close)
        return x

    def curl(self, target, *arguments, stdin=b""):
        return self.run_client(
            "curl", "-sS", "--max-time", "60", *arguments,
            self.url(target, self.nginx.port), stdin=stdin)


class Buffered(ProxyCase):
    def requests(self):
        """Verb, target, lines, body."""
        yield from (
            ("GET", HELLO, [], b""),
            ("HEAD", HELLO, [], b""),
            ("GET", "/nowhere", [], b""),
            ("GET", "/hello?a=b%20c", [], b""),
            ("GET", "/things/a%20b", [], b""),
            ("POST", ECHO, [], b"hello"),
            ("PUT", ECHO, [], b"x" * 100_000),
            ("PATCH", ECHO, ["Content-Type: text/x-own"], b"z"),
            ("DELETE", ECHO, [], b"gone"),
            ("DELETE", HELLO, [], b""),
            ("OPTIONS", HELLO, [], b""),
            ("POST", "/collect", [], b"x" * 65_536),
            ("POST", "/collect", [], b"x" * 65_537),
            ("GET", "/count/1000", [], b""),
            ("GET", "/bytes/100000", [], b""),
            ("GET", "/files/data.bin", [], b""),
            ("HEAD", "/files/data.bin", [], b""),
            ("GET", "/files/data.bin", ["Range: bytes=5-99"], b""),
            ("GET", "/files/data.bin", ["Range: bytes=-1"], b""),
            ("GET", "/files/data.bin", ["Range: bytes=900000-"], b""),
            ("GET", "/files/nothing", [], b""),
        )

    def test_answers_are_those_that_come_directly(self):
        with self.through() as proxied:
            for verb, target, lines, body in self.requests():
                with self.subTest(f"{verb} {target}", lines=lines):
                    data = request(verb, target, *lines, body=body)
                    direct = self.ask(data, verb)
                    proxied.send(data)
                    other = proxied.read(verb)
                    self.assertEqual(other.status, direct.status)
                    self.assertEqual(other.body, direct.body)

                    def fields(answer):
                        return sorted((k.lower(), v) for k, v in answer.fields
                                      if k.lower() not in OWN_FIELDS)

                    self.assertEqual(fields(other), fields(direct))

    def test_answer_to_range_keeps_its_length(self):
        answer = self.through().ask(
            request("GET", "/files/data.bin", "Range: bytes=5-99"))
        self.assertEqual(answer.status, 206)
        self.assertEqual(answer.body, self.data[5:100])

    def test_large_upload(self):
        """Not to ECHO: once an answer begins, nginx sends no more of a body."""
        size = 20 * MEBIBYTE
        for arguments in ["--data-binary", "@-"], ["-T", "-"]:
            with self.subTest(arguments):
                self.assertEqual(
                    int(self.curl("/length", "-X", "POST", *arguments,
                                  stdin=b"x" * size)), size)

    def test_large_download(self):
        size = 50 * MEBIBYTE + 3
        self.assertEqual(len(self.curl(f"/bytes/{size}")), size)

    def test_many_at_the_same_time(self):
        def run(number):
            with HttpConnection(self.nginx.port) as x:
                r = random.Random(number)
                for _ in range(50):
                    body = r.randbytes(r.randrange(1, 50_000))
                    if r.random() < 0.5:
                        data = request("POST", ECHO, body=body)
                    else:
                        data = request("POST", ECHO,
                                       "Transfer-Encoding: chunked")
                        data += chunked(body[:7], body[7:] or b"x")
                        body = body[:7] + (body[7:] or b"x")
                    if x.ask(data).body != body:
                        wrong.append(number)

        wrong = []
        threads = [threading.Thread(target=run, args=(i,)) for i in range(16)]
        for x in threads:
            x.start()
        for x in threads:
            x.join()
        self.assertEqual(wrong, [])

    def test_upstream_connections_are_kept(self):
        """Those that were closed would be seen in TIME-WAIT."""
        with self.through() as x:
            for _ in range(200):
                self.assertEqual(x.ask(request("GET", HELLO)).status, 200)
        seen = self.run_client("ss", "-tanH", f"dport = :{self.port}")
        self.assertEqual(len(seen.splitlines()), 1, seen)

    def test_websocket_passes(self):
        with WebSocket(self.nginx.port, "/live") as x:
            for message in "hello", "", "ü" * 1000, b"\x00\xff" * 50_000:
                x.send(message)
                self.assertEqual(x.receive(), message)


class Unbuffered(Buffered):
    buffering = "off"


class Version10(ProxyCase):
    """As nginx speaks to its upstreams by default: each request has a
    connection of its own, closed by `Connection: close`."""

    version = "1.0"
    connection = "close"

    def test_get_and_post(self):
        with self.through() as x:
            direct = self.ask(request("GET", HELLO))
            for _ in range(20):
                self.assertEqual(x.ask(request("GET", HELLO)).body,
                                 direct.body)
                self.assertEqual(
                    x.ask(request("POST", ECHO, body=b"back")).body, b"back")

    def test_stream_of_unknown_length(self):
        self.assertEqual(self.curl("/count/100000"),
                         b"".join(b"%d\n" % i for i in range(1, 100_001)))


class Smuggling(ProxyCase):
    """What nginx lets pass is one request for us, too: each connection to us
    gets one marked request; no other may appear in the answers."""

    def test_nothing_hidden_is_answered(self):
        hidden = request("GET", "/things/hidden")
        inner = (
            request("POST", ECHO, "Transfer-Encoding: chunked",
                    "Content-Length: 4") + b"0\r\n\r\n",
            request("POST", ECHO, "Transfer-Encoding:\x0bchunked",
                    body=hidden),
            request("POST", ECHO, "Transfer-Encoding: identity", body=hidden),
            request("POST", ECHO, "Transfer_Encoding: chunked", body=hidden),
            request("GET", HELLO, "X: a\n", body=hidden),
            request("GET", HELLO, "Connection: Content-Length", body=hidden),
            request("GET", HELLO, "Connection: close, Host", body=hidden),
        )
        for data in inner:
            with self.subTest(data[:100]), self.through() as x:
                x.send(data)
                x.end_sending()
                for answer in x.read_all():
                    if answer.status == 200:
                        self.assertNotIn(
                            re.sub(rb"\s", b"", answer.body), (b"hidden",))


if __name__ == "__main__":
    unittest.main(verbosity=2)
