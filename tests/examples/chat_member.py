"""Somebody in the chat: a socket that reads lines."""

import re
import socket

PATIENCE_S = 30


class Member:
    def __init__(self, port, receive_buffer=None):
        self.peer = socket.socket()
        if receive_buffer:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                 receive_buffer)
        self.peer.settimeout(PATIENCE_S)
        self.peer.connect(("127.0.0.1", port))
        self.rest = b""
        self.name = re.match(r"\* you are (\w+);", self.line())[1]
        assert self.line().startswith("* you are in lobby with ")

    def say(self, *lines):
        self.peer.sendall("".join(line + "\n" for line in lines).encode())

    def lines(self):
        """The lines that come next, at least one; none at the end."""
        data = self.rest
        while b"\n" not in data:
            more = self.peer.recv(1 << 20)
            if not more:
                return []
            data += more
        *whole, self.rest = data.split(b"\n")
        return whole

    def line(self):
        """The next line; empty at the end."""
        while b"\n" not in self.rest:
            more = self.peer.recv(65536)
            if not more:
                return ""
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode(errors="replace")

    def nick(self, name):
        self.say("/nick " + name)
        assert self.line() == "* you are " + name
        self.name = name

    def join(self, room, others=0):
        self.say("/join " + room)
        assert self.line() == f"* you are in {room} with {others} others"

    def close(self):
        self.peer.close()
