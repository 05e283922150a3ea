"""A server under test: a process of its own, started and ended."""

import re
import socket
import subprocess

STOP_TIMEOUT_S = 20


class ServerProcess:
    """Runs `arguments` and waits for the line that says it is listening.

    `ready` matches that line in the standard output; its group, if there is
    one, is the port. A server that says nothing more need not be read from.
    """

    def __init__(self, arguments, ready=rb"listening\b.*?(\d+)\s*$", port=None):
        self.port = port
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for line in self.process.stdout:
            found = re.search(ready, line)
            if found:
                if found.groups():
                    self.port = int(found.group(1))
                return
        self.stop()
        raise RuntimeError("%s ended before it was listening" % arguments[0])

    def stop(self):
        self.process.terminate()
        self.process.wait(STOP_TIMEOUT_S)
        self.process.stdout.close()


def free_port():
    """A port that nobody listens on, for servers that cannot choose one."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
