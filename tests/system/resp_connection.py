"""A RESP2 client that keeps replies as the bytes that they were."""

import socket

TIMEOUT_S = 20


class Error(str):
    """An error reply."""


class Connection:
    """A connection that reads replies both as bytes and as values."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *commands):
        self.send_raw(b"".join(map(encode, commands)))

    def send_raw(self, data):
        self.socket.sendall(data)

    def read(self):
        """The next reply: its bytes, and the value that they stand for."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("closed in the middle of a reply: %r" % line)
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return line, rest
        if kind == b"-":
            return line, Error(rest.decode("latin1"))
        if kind == b":":
            return line, int(rest)
        if kind == b"$":
            if int(rest) < 0:
                return line, None
            body = self.file.read(int(rest) + 2)
            return line + body, body[:-2]
        if kind == b"*":
            if int(rest) < 0:
                return line, None
            items = [self.read() for _ in range(int(rest))]
            return line + b"".join(x[0] for x in items), [x[1] for x in items]
        raise ValueError("not RESP2: %r" % line)

    def read_to_end(self):
        return self.file.read()

    def ask(self, *command):
        self.send(command)
        return self.read()[1]


def encode(command):
    words = [x if isinstance(x, bytes) else str(x).encode() for x in command]
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(x), x) for x in words
    )
