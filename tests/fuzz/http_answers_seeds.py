#!/usr/bin/env python3
"""Writes some answers of servers into a folder: where http_answers_fuzz starts
from.

Usage: http_answers_seeds FOLDER

The first two bytes of an input say how the rest is cut; see the target.
"""

import os
import sys

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
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 99 Low\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for i, data in enumerate(ANSWERS):
        for to_head in 0, 1:
            name = os.path.join(sys.argv[1], f"{i}.{to_head}")
            with open(name, "wb") as f:
                f.write(bytes((to_head, i)) + data)


if __name__ == "__main__":
    main()
