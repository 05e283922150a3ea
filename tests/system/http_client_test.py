"""The HTTP client against servers of others: nginx, and Python's http.server.

Usage: SLUICE_NGINX=BINARY HTTP_ASKER=BINARY http_client_test.py
"""

import http.server
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.system.nginx import Nginx

ASKER = os.environ.get("HTTP_ASKER") or os.path.join(
    ROOT, "tests", "support", "http_asker")
LIMIT_S = 120


def pattern(size):
    period = bytes(range(251))
    return (period * (size // 251 + 1))[:size]


class ClientCase(unittest.TestCase):
    def ask(self, port, *arguments):
        """The lines that it prints."""
        done = subprocess.run(
            (ASKER, f"tcp://127.0.0.1:{port}", *map(str, arguments)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            timeout=LIMIT_S, check=True, text=True)
        return done.stdout.splitlines()

    def answer(self, number, data, kind, status=200):
        return [f"{number} head {status} {kind}",
                f"{number} end {len(data)} {zlib.crc32(data):08x}"]


class WithNginx(ClientCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.large = os.urandom(16 * 1024 * 1024)
        self.text = b"sluice " * 20000
        for name, data in (("large", self.large), ("page.txt", self.text)):
            with open(os.path.join(folder.name, name), "wb") as f:
                f.write(data)
        os.chmod(folder.name, 0o755)
        self.nginx = Nginx(f"""
  keepalive_requests 100;
  client_max_body_size 1m;
  log_format ours '$connection $connection_requests $request_length';
  server {{
    listen 127.0.0.1:{{port}};
    access_log {folder.name}/log ours;
    root {folder.name};
    location /hello {{ return 200 "hello\\n"; }}
    location /ssi/ {{ ssi on; ssi_types text/plain;
                        alias {folder.name}/; }}
    location /none {{ return 204; }}
    location /back {{ proxy_pass http://127.0.0.1:{{port}}/hello; }}
  }}
""")
        self.addCleanup(self.nginx.stop)
        self.log = os.path.join(folder.name, "log")

    def asked(self, *arguments):
        return self.ask(self.nginx.port, *arguments)

    def test_answers_of_one_connection(self):
        lines = self.asked(50, "GET", "/hello")
        self.assertEqual(lines[0], "connected")
        expected = sum((self.answer(i, b"hello\n", "text/plain")
                        for i in range(1, 51)), [])
        self.assertEqual(lines[1:-1], expected)
        self.assertEqual(lines[-1], "closed closed")
        with open(self.log) as f:
            used = {line.split()[0] for line in f}
        self.assertEqual(len(used), 1)

    def test_requests_after_the_last_of_a_connection_come_back(self):
        lines = self.asked(120, "GET", "/hello")
        ends = [x for x in lines if " end " in x]
        failed = [x for x in lines if " failed repeatable " in x]
        self.assertEqual((len(ends), len(failed)), (100, 20))

    def test_large_file(self):
        self.assertEqual(self.asked(1, "GET", "/large")[1:3],
                         self.answer(1, self.large,
                                     "text/plain"))

    def test_answer_in_chunks(self):
        # What is looked through for includes has no length beforehand.
        self.assertEqual(self.asked(2, "GET", "/ssi/page.txt")[1:5],
                         self.answer(1, self.text, "text/plain")
                         + self.answer(2, self.text, "text/plain"))

    def test_answers_without_a_body(self):
        self.assertEqual(self.asked(2, "HEAD", "/large")[1:5],
                         self.answer(1, b"", "text/plain")
                         + self.answer(2, b"", "text/plain"))
        self.assertEqual(self.asked(2, "GET", "/none")[2:5:2],
                         ["1 end 0 00000000", "2 end 0 00000000"])

    def test_bodies_of_all_kinds_are_taken(self):
        for form in (("whole",), ("sized",), ("chunked",),
                     ("whole", "expect"), ("chunked", "expect")):
            lines = self.asked(3, "POST", "/back", 500000, *form)
            self.assertEqual(
                lines[1:-1],
                sum((self.answer(i, b"hello\n", "text/plain")
                     for i in (1, 2, 3)), []), form)

    def test_body_that_is_too_large_is_answered_all_the_same(self):
        for form in (("sized",), ("sized", "expect")):
            lines = self.asked(1, "POST", "/back", 50_000_000, *form)
            # Without asking first, the end of the connection may come sooner
            # than the answer can be read.
            if len(form) == 2 or "1 head" in " ".join(lines):
                self.assertTrue(lines[1].startswith("1 head 413 "), lines)
            else:
                self.assertTrue(lines[1].startswith("1 failed "), lines)
            self.assertTrue(lines[-1].startswith("closed "), lines)

    def test_nginx_that_ends_is_a_failure_with_a_reason(self):
        self.nginx.stop()
        lines = self.asked(1, "GET", "/hello")
        self.assertTrue(lines[0].startswith("1 failed repeatable "), lines)
        self.assertIn("Connection refused", lines[0])
        self.assertEqual(lines[1], "closed connect_failed")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Speaks HTTP/1.0: the end of the connection is that of the answer."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(pattern(100_000))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if body == pattern(len(body)) else 400)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()

    def log_message(self, *_):
        pass


class WithPython(ClientCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()

        def end():
            self.server.shutdown()
            thread.join()
            self.server.server_close()

        self.addCleanup(end)
        self.port = self.server.server_port

    def test_end_of_the_connection_ends_the_answer(self):
        lines = self.ask(self.port, 2, "GET", "/")
        self.assertEqual(lines[1:3],
                         self.answer(1, pattern(100_000), "text/plain"))
        self.assertTrue(lines[3].startswith("2 failed repeatable "), lines)

    def test_body_arrives_as_it_was_sent(self):
        for form in ("whole", "sized"):
            lines = self.ask(self.port, 1, "POST", "/", 3_000_000, form)
            self.assertEqual(lines[1], "1 head 200 text/plain")


if __name__ == "__main__":
    unittest.main()
