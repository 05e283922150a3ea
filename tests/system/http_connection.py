"""An HTTP/1.1 client that sends exactly the bytes it is given, and reads
answers by the letter of RFC 9112."""

import re
import socket

TIMEOUT_S = 20
LINE_BYTES_MAX = 64 * 1024


class Malformed(Exception):
    """The server's answer is not HTTP."""


class Response:
    """One answer: `status`, `reason`, `fields` in their order, `body`."""

    def __init__(self, version, status, reason, fields):
        self.version = version
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = b""
        self.trailers = []

    def all(self, name):
        """The values of all fields of this name."""
        return [value for key, value in self.fields
                if key.lower() == name.lower()]

    def field(self, name):
        """The value of a field that may be there once, or None."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} is there {len(values)} times")
        return values[0] if values else None

    def closes(self):
        """True if it says that no other answer follows."""
        return "close" in (self.field("connection") or "").lower()

    def __repr__(self):
        return (f"{self.status} {self.reason} {self.fields} "
                f"{self.body[:100]!r}")


class HttpConnection:
    """A connection to a port of this machine, or to a unix socket."""

    def __init__(self, where, timeout_s=TIMEOUT_S, receive_bytes=None):
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(timeout_s)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_bytes)
        try:
            self.socket.connect(where if isinstance(where, str)
                                else ("127.0.0.1", where))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_what_goes(self, data):
        """As send, but a server may close before it has read all."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def ask(self, data, verb=None):
        """The answer to one request."""
        self.send(data)
        return self.read(verb or data.split(b" ", 1)[0].decode("latin1"))

    def read(self, verb="GET"):
        """The next answer, whole. 1xx is an answer of its own."""
        response = self.read_head()
        status = response.status
        if (verb == "HEAD" or status < 200 or status in (204, 304)):
            return response
        coding = response.field("transfer-encoding")
        length = response.field("content-length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise Malformed(f"bad framing: {response}")
            self._read_chunks(response)
        elif length is not None:
            if not re.fullmatch(r"\d+", length):
                raise Malformed(f"bad length: {response}")
            response.body = self._read_exactly(int(length))
        else:
            response.body = self.file.read()
        return response

    def read_head(self):
        line = self._read_line()
        found = re.fullmatch(rb"(HTTP/1\.[01]) (\d{3}) ([\t\x20-\x7e]*)", line)
        if not found:
            raise Malformed(f"bad status line: {line!r}")
        return Response(found[1].decode(), int(found[2]), found[3].decode(),
                        self._read_fields())

    def read_all(self):
        """All answers until the server closes."""
        answers = []
        while not self.is_at_end():
            answers.append(self.read())
        return answers

    def is_at_end(self):
        """Waits: True if the server has closed, False if there is more. A
        reset counts as the end: what came before it was read."""
        try:
            return not self.file.peek(1)
        except ConnectionResetError:
            return True

    def _read_line(self):
        line = self.file.readline(LINE_BYTES_MAX)
        if not line:
            raise EOFError("closed before an answer")
        if not line.endswith(b"\r\n"):
            raise Malformed(f"bad or cut line: {line[-200:]!r}")
        if b"\r" in line[:-2] or b"\0" in line:
            raise Malformed(f"bad line: {line!r}")
        return line[:-2]

    def _read_fields(self):
        fields = []
        while line := self._read_line():
            found = re.fullmatch(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)"
                                 rb"[ \t]*", line)
            if not found:
                raise Malformed(f"bad field: {line!r}")
            fields.append((found[1].decode(), found[2].decode("latin1")))
        return fields

    def _read_exactly(self, count):
        data = self.file.read(count)
        if len(data) != count:
            raise Malformed(f"cut after {len(data)} of {count} bytes")
        return data

    def _read_chunks(self, response):
        parts = []
        while True:
            line = self._read_line()
            if not re.fullmatch(rb"[0-9a-fA-F]+", line):
                raise Malformed(f"bad chunk size: {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            parts.append(self._read_exactly(size))
            if self._read_exactly(2) != b"\r\n":
                raise Malformed("no line end after a chunk")
        response.trailers = self._read_fields()
        response.body = b"".join(parts)


def request(verb="GET", target="/", *lines, body=b"", host=True):
    """The bytes of a request; a body brings its Content-Length."""
    head = [f"{verb} {target} HTTP/1.1"]
    if host:
        head.append("Host: a")
    head += lines
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("latin1") + b"\r\n\r\n" + body


def chunked(*parts):
    """A body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in parts) + b"0\r\n\r\n"
