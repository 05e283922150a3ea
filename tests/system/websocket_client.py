"""A small WebSocket client (RFC 6455): whole messages, masked as the RFC asks,
and an answer to each ping."""

import base64
import hashlib
import os
import struct

from tests.system.http_connection import HttpConnection, request

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def mask(data, key):
    repeated = (key * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big")
            ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


class WebSocket:
    def __init__(self, where, target, *lines):
        self.http = HttpConnection(where)
        key = base64.b64encode(os.urandom(16)).decode()
        self.http.send(request(
            "GET", target, "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *lines))
        self.answer = self.http.read()
        proof = hashlib.sha1((key + _ACCEPT).encode()).digest()
        if (self.answer.status != 101 or self.answer.field(
                "sec-websocket-accept") != base64.b64encode(proof).decode()):
            self.close()
            raise AssertionError(f"no upgrade: {self.answer}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.http.close()

    def send(self, message):
        """One message: a text for str, else binary."""
        if isinstance(message, str):
            self.send_frame(TEXT, message.encode())
        else:
            self.send_frame(BINARY, message)

    def send_frame(self, kind, data):
        if len(data) < 126:
            size = struct.pack("!B", 0x80 | len(data))
        elif len(data) < 65536:
            size = struct.pack("!BH", 0x80 | 126, len(data))
        else:
            size = struct.pack("!BQ", 0x80 | 127, len(data))
        key = os.urandom(4)
        self.http.send(bytes((0x80 | kind,)) + size + key + mask(data, key))

    def receive(self):
        """The next message; for a close frame the tuple (code, reason)."""
        whole, kind = b"", None
        while True:
            first, data = self._read_frame()
            opcode = first & 15
            if opcode == PING:
                self.send_frame(PONG, data)
            elif opcode == CLOSE:
                return (struct.unpack("!H", data[:2])[0] if data else None,
                        data[2:].decode())
            elif opcode != PONG:
                kind = opcode or kind
                whole += data
                if first & 0x80:
                    return whole.decode() if kind == TEXT else whole

    def _read_frame(self):
        first, size = self._read(2)
        if size & 0x80:
            raise AssertionError("a server must not mask (RFC 6455 5.1)")
        if size == 126:
            size, = struct.unpack("!H", self._read(2))
        elif size == 127:
            size, = struct.unpack("!Q", self._read(8))
        return first, self._read(size)

    def _read(self, count):
        data = self.http.file.read(count)
        if len(data) != count:
            raise EOFError("closed within a frame")
        return data
