"""The same random requests to nginx and to the HTTP server: what one answers,
the other answers, too, or the table below says why not.

Usage: SLUICE_HTTP=BINARY SLUICE_NGINX=BINARY http_differential_test.py [SEED]
"""

import os
import random
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.system.http_case import HttpCase
from tests.system.http_connection import HttpConnection, Malformed
from tests.system.nginx import Nginx

REQUESTS = 500
SEED = None

CONFIGURATION = """
  server {{
    listen 127.0.0.1:{{port}};
    root {root};
    merge_slashes off;
    location = /hello {{ return 200 "hello\\\\n"; }}
    location /files/ {{ alias {root}/; }}
    location / {{ return 404; }}
  }}
"""

# What nginx takes and the RFC forbids or lets a server refuse: a marker in the
# request, and where it says so.
STRICTER = {
    b"\x01": "9110 5.5: control characters in a value",
    b"X(": "9110 5.1: a name is a token",
    b"Bad\r\n": "9112 5: a field has a colon",
    b"#": "9112 3.2: a target has no fragment",
    b"HTTP/1.1 \r\n": "9112 3: nothing follows the version",
    b"  ": "9112 3: one space",
    b"Expect: x": "9110 10.1.1: 417",
    b"Host: me@a": "9112 3.2: a host has no user",
    b"\n\n": "9112 2.2: a server may take a bare LF, ours does not",
}


def random_request(r):
    """Mostly well-formed; some have one thing wrong."""
    verb = r.choice(["GET"] * 6 + ["HEAD"] * 2 + ["POST", "get", "BREW"])
    target = r.choice([
        "/hello", "/hello?x=1", "/nowhere", "/files/a.txt", "/files/b.bin",
        "/files/none", "/files/sub/", "/files/sub", "/files/%61.txt",
        "/files/./a.txt", "/files/sub/../a.txt", "/files/../../x", "//hello",
        "/%zz", "/files/a%00", "http://a/hello", "http://a", "hello",
        "/hello#x", "*", "/" + "a" * r.choice((10, 4000, 100_000))])
    version = r.choice(["HTTP/1.1"] * 10 + [
        "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/x.1", "http/1.1",
        "HTTP/1.1 ", "HTTP/11"])
    lines = []
    if r.random() < 0.93:
        lines.append(r.choice(["Host: a"] * 12 + [
            "Host: a:80", "host:a", "Host: me@a", "Host: a/b"]))
    if r.random() < 0.04:
        lines.append("Host: b")
    for _ in range(r.randrange(4)):
        lines.append(r.choice([
            "Accept: */*", "X:  spaced  ", "X: \xe4", "X: a\x01b", "X: a\0b",
            "X(: a", "Bad", ": a", "X : a", "Connection: close",
            "Range: bytes=0-3", "Range: bytes=900000-", "Range: lines=1-2",
            "Content-Length: 0",
            "Content-Length: x", "Transfer-Encoding: x", "Expect: x",
            "Accept-Encoding: gzip", "X: " + "a" * r.choice((10, 100_000))]))
    end = r.choice(["\r\n"] * 30 + ["\n"])
    text = f"{verb} {target} {version}{end}" + "".join(
        x + end for x in lines) + end
    return text.encode("latin1")


def answer(port, data):
    """The status, or None when the connection ends without one."""
    with HttpConnection(port) as x:
        x.send_what_goes(data)
        try:
            x.end_sending()
        except OSError:
            pass
        try:
            # HTTP/0.9 has no status.
            return x.read_head().status
        except (EOFError, ConnectionResetError):
            return None
        except Malformed:
            return 200


# Of the class 5xx, and yet the client's fault: RFC 9110, sections 15.6.2 and
# 15.6.6. nginx says 400 or 405.
NOT_KNOWN_HERE = (501, 505)


def alike(a, b):
    """The same class; what is refused may be refused for another reason."""
    if a is None or b is None:
        return a == b
    a, b = (400 if x in NOT_KNOWN_HERE else x for x in (a, b))
    return a // 100 == b // 100


class Differential(HttpCase):
    def prepare_folder(self):
        self.write_file("a.txt", b"some text\n")
        self.write_file("b.bin", bytes(range(256)) * 100)
        self.write_file("sub/index.html", b"<p>x</p>\n")

    def test_status_is_of_the_same_class_as_that_of_nginx(self):
        seed = SEED if SEED is not None else random.randrange(2 ** 32)
        print(f"seed {seed}")
        r = random.Random(seed)
        stricter = 0
        with Nginx(CONFIGURATION.format(root=self.folder)) as nginx:
            for i in range(REQUESTS):
                data = random_request(r)
                ours = answer(self.port, data)
                theirs = answer(nginx.port, data)
                if alike(ours, theirs):
                    continue
                why = [x for x in STRICTER if x in data]
                # A route of ours has methods; `return 200` takes any.
                if not data.startswith((b"GET ", b"HEAD ")) and (
                        ours in (405, 501)):
                    continue
                # RFC 1945, section 8.3: it has to say how long its body is.
                if (data.startswith(b"POST ") and b" HTTP/1.0" in data
                        and b"Content-Length" not in data and ours == 411):
                    continue
                # A range is for GET only (RFC 9110, section 14.2).
                if (data.startswith(b"HEAD ") and b"Range:" in data
                        and (ours, theirs) == (200, 416)):
                    continue
                if why and ours is not None and 400 <= ours < 506:
                    stricter += 1
                    continue
                self.fail(f"seed {seed}, request {i}: {ours}, nginx {theirs}: "
                          f"{data[:300]!r}")
        print(f"{stricter} of {REQUESTS} are refused by us only")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SEED = int(sys.argv.pop())
    unittest.main(verbosity=2)
