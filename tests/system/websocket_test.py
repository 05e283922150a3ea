"""WebSockets with clients that are not ours: Node's ws, curl, Chromium, and raw
sockets that break the rules."""

import json
import os
import socket
import struct
import subprocess
import unittest

from tests.support.process_stats import status_bytes
from tests.support.server import Server

SERVER = "tests/support/websocket_server"
CLIENT = "tests/system/websocket_client.js"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
PATIENCE_S = 20
MIB = 1024 * 1024


def request(path="/echo", drop=(), **fields):
    """The head of a request; `fields` replace the usual ones."""
    lines = {
        "Host": "here", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13",
    }
    lines.update({name.replace("_", "-"): text
                  for name, text in fields.items()})
    text = f"GET {path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in lines.items()
        if name not in drop)
    return (text + "\r\n").encode()


def frame(code, payload=b"", fin=True, masked=True, reserved=0, length=None):
    """A frame as it may and may not be."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | reserved << 4 | code])
    mask_bit = 0x80 if masked else 0
    form = length or (0 if size < 126 else 2 if size < 65536 else 8)
    if form == 0:
        head += bytes([mask_bit | size])
    elif form == 2:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(x ^ key[i % 4] for i, x in enumerate(payload))


class Raw:
    """A connection that says what it is told to."""

    def __init__(self, port, path="/echo", receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_bytes)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(request(path))
        self.head = b""
        while not self.head.endswith(b"\r\n\r\n"):
            self.head += self.exactly(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def frame(self):
        """(opcode, payload) of the next frame, which is not masked."""
        head = self.exactly(2)
        size = head[1]
        if size == 126:
            size = struct.unpack(">H", self.exactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.exactly(8))[0]
        return head[0] & 15, self.exactly(size)

    def close_frame(self):
        """(code, reason) of a close frame, behind which the stream ends."""
        code, payload = self.frame()
        while code != 8:
            code, payload = self.frame()
        if self.socket.recv(1):
            raise AssertionError("more behind the close frame")
        if not payload:
            return 1005, ""
        return struct.unpack(">H", payload[:2])[0], payload[2:].decode()


class WebSocketTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = Server(SERVER, "--port", "0")
        cls.port = cls.server.port

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def node(self, scenario):
        done = subprocess.run(
            ["nodejs", CLIENT, scenario, str(self.port)], timeout=60,
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    # -- Node ------------------------------------------------------------------

    def test_node_gets_back_what_it_sends(self):
        self.assertEqual(self.node("echo"), [
            ["open", "chat"], ["close", 1000, ""]])

    def test_node_sends_and_gets_fragments(self):
        self.assertEqual(self.node("fragments"), [
            ["pong", "there?"],
            ["message", "one message of more than ten bytes"],
            ["close", 4000, ""]])

    def test_node_floods_with_pings(self):
        self.assertEqual(self.node("pings")[0], ["pong", "99999"])

    def test_node_is_told_goodbye(self):
        self.assertEqual(self.node("goodbye"), [
            ["close", 4321, "as you wish"]])
        self.assertEqual(self.node("restart"), [
            ["close", 1012, "as you wish"]])

    def test_a_page_of_somebody_else_is_refused(self):
        self.assertEqual(self.node("stranger")[0], [
            "error", "Unexpected server response: 403"])

    def test_compression_is_declined(self):
        self.assertEqual(self.node("deflate")[:2], [
            ["extensions", ""], ["message", "plain"]])

    # -- curl ------------------------------------------------------------------

    def curl(self, *headers):
        """The status and the head of an answer."""
        given = {
            "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13",
        }
        given.update(headers)
        arguments = []
        for name, value in given.items():
            if value is not None:
                arguments += ["-H", f"{name}: {value}"]
        done = subprocess.run(
            ["curl", "-sS", "-i", "--http1.1", "--max-time", "3", *arguments,
             f"http://127.0.0.1:{self.port}/close/1000"],
            capture_output=True, timeout=30)
        head = done.stdout.split(b"\r\n\r\n")[0].decode()
        return int(head.split()[1]), head

    def test_a_handshake_with_curl(self):
        status, head = self.curl()
        self.assertEqual(status, 101)
        self.assertIn(f"Sec-WebSocket-Accept: {ACCEPT}", head)

    def test_wrong_handshakes_get_their_status(self):
        for change, expected in (
                (("Upgrade", None), 426), (("Connection", "close"), 400),
                (("Sec-WebSocket-Key", "short"), 400),
                (("Sec-WebSocket-Key", None), 400),
                (("Sec-WebSocket-Version", "8"), 426),
                (("Origin", "http://evil.example"), 403)):
            status, head = self.curl(change)
            self.assertEqual(status, expected, change)
            if expected == 426:  # RFC 9110, section 7.8
                self.assertIn("Connection: Upgrade", head)
                self.assertIn("Upgrade: websocket", head)
            if change[0] == "Sec-WebSocket-Version":
                self.assertIn("Sec-WebSocket-Version: 13", head)

    # -- those who break the rules ---------------------------------------------

    def test_each_broken_rule_has_its_close_code(self):
        text, binary = 1, 2
        cases = {
            "not masked": (frame(text, b"x", masked=False), 1002),
            "reserved bit": (frame(text, b"x", reserved=4), 1002),
            "reserved opcode": (frame(3, b"x"), 1002),
            "long ping": (frame(9, b"x" * 126), 1002),
            "ping in fragments": (frame(9, b"x", fin=False), 1002),
            "longer form of 2": (frame(text, b"x", length=2), 1002),
            "longer form of 8": (frame(text, b"x" * 200, length=8), 1002),
            "continuation of nothing": (frame(0, b"x"), 1002),
            "message in a message": (
                frame(text, b"x", fin=False) + frame(binary, b"y"), 1002),
            "half of a code": (frame(8, b"\x03"), 1002),
            "code 1005": (frame(8, struct.pack(">H", 1005)), 1002),
            "code 2999": (frame(8, struct.pack(">H", 2999)), 1002),
            "bad UTF-8": (frame(text, b"\xc0\xaf"), 1007),
            "bad UTF-8 over fragments": (
                frame(text, b"\xe2", fin=False) + frame(0, b"x"), 1007),
            "reason is not UTF-8": (
                frame(8, struct.pack(">H", 1000) + b"\xff"), 1007),
            "too big": (frame(binary, b"x" * (MIB + 1)), 1009),
        }
        for name, (data, expected) in cases.items():
            with self.subTest(name), Raw(self.port) as client:
                try:
                    client.send(data)
                except ConnectionError:
                    pass  # refused before all of it was sent
                code, reason = client.close_frame()
                self.assertEqual(code, expected)
                self.assertRegex(reason, r"^frame at byte \d+: ")

    def test_a_goodbye_is_answered_with_its_code(self):
        for code in (1000, 1001, 1003, 1014, 3000, 4999):
            with Raw(self.port) as client:
                client.send(frame(8, struct.pack(">H", code) + b"bye"))
                self.assertEqual(client.close_frame(), (code, ""))
        with Raw(self.port) as client:
            client.send(frame(8))
            self.assertEqual(client.close_frame(), (1005, ""))

    def test_the_others_do_not_notice(self):
        with Raw(self.port) as good:
            for _ in range(50):
                with Raw(self.port) as bad:
                    bad.send(os.urandom(200))
            good.send(frame(1, b"still there"))
            self.assertEqual(good.frame(), (1, b"still there"))

    def test_a_reset_in_the_middle_of_a_message(self):
        client = Raw(self.port)
        client.send(frame(2, b"x" * 1000)[:500])
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        client.socket.close()
        self.server.await_log(r"^closed peer_reset$")


class SlowReaderTest(unittest.TestCase):
    """Each has a server of its own: its memory is judged."""

    def run_until(self, event, path, bytes_max):
        with Server(SERVER, "--port", "0") as server:
            with Raw(server.port, path) as first:
                for _ in range(100):  # so that it has what it needs to run
                    first.frame()
            start = status_bytes(server.pid, "VmRSS")
            with Raw(server.port, path, receive_bytes=4096):
                server.await_log(event)
                grown = status_bytes(server.pid, "VmRSS") - start
                self.assertLess(grown, bytes_max)
                # Others are served meanwhile.
                with Raw(server.port) as other:
                    other.send(frame(1, b"hello"))
                    self.assertEqual(other.frame(), (1, b"hello"))

    def test_who_obeys_holds_little(self):
        self.run_until(r"^stalled$", "/flood", MIB)

    def test_who_does_not_obey_holds_the_cap(self):
        # Of five MiB one waits, and the others were missed.
        self.run_until(r"^missed 4000$", "/news", 3 * MIB)


class BrowserTest(unittest.TestCase):

    def test_a_browser_speaks_with_us(self):
        from tests.support.browser import Browser
        with Server(SERVER, "--port", "0") as server, Browser() as browser:
            # Its own page, so that its origin is this server.
            browser.open(f"http://127.0.0.1:{server.port}/")
            browser.run("""
                window.seen = [];
                const socket = new WebSocket(arguments[0], ['chat']);
                socket.binaryType = 'arraybuffer';
                socket.onopen = () => {
                  seen.push('open ' + socket.protocol + socket.extensions);
                  socket.send('h\\u00e4llo \\ud83c\\udf0a');
                };
                socket.onmessage = (event) => {
                  if (typeof event.data === 'string') {
                    seen.push('text ' + event.data);
                    socket.send(new Uint8Array(100000));
                  } else {
                    seen.push('binary ' + event.data.byteLength);
                    socket.close(4000, 'enough');
                  }
                };
                socket.onclose = (event) =>
                  seen.push('close ' + event.code + ' ' + event.wasClean);
                """, f"ws://127.0.0.1:{server.port}/echo")
            browser.await_that(
                lambda: len(browser.run("return seen")) == 4, "four events")
            self.assertEqual(browser.run("return seen"), [
                "open chat", "text h\u00e4llo \U0001f30a", "binary 100000",
                "close 4000 true"])


if __name__ == "__main__":
    unittest.main()
