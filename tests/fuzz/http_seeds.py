#!/usr/bin/env python3
"""Writes what http_requests_fuzz, or http_answers_fuzz, starts from into a
folder: the requests of tests/system/http_requests.py, or some answers.

Usage: http_seeds requests|answers FOLDER

The first two bytes of an input say how the rest is cut; see the targets.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.http_requests import REFUSED, TAKEN

# Longer ones are cut: a fuzzer that works on long inputs is slow.
BYTES_MAX = 1000

ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n"
    b"ETag: \"a\"\r\nContent-Length: 100\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabcd",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n\x81\x05hello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff",
    b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 99 Low\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("requests", "answers"):
        sys.exit(__doc__)
    kind, folder = sys.argv[1:]
    inputs = ANSWERS if kind == "answers" else (
        [x.data[:BYTES_MAX] for x in REFUSED + TAKEN]
        + [x.data + y.data for x, y in zip(TAKEN, TAKEN[1:])])
    for i, data in enumerate(inputs):
        with open(os.path.join(folder, str(i)), "wb") as f:
            f.write(bytes((i % 8, i)) + data)


if __name__ == "__main__":
    main()
