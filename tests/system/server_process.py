"""A server under test: a process of its own, started and ended."""

import re
import resource
import socket
import subprocess

STOP_TIMEOUT_S = 20


class ServerProcess:
    """Runs `arguments` and waits for the line that says it is listening.

    `ready` matches that line in the standard output; its group, if there is
    one, is the port. A server that says nothing more need not be read from.
    `descriptors` replaces the soft limit of open descriptors.
    """

    def __init__(self, arguments, ready=rb"listening\b.*?(\d+)\s*$", port=None,
                 descriptors=None, stderr=None):
        def prepare():
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))

        self.port = port
        # What it says after it was stopped.
        self.last_words = b""
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=stderr, preexec_fn=prepare if descriptors else None)
        for line in self.process.stdout:
            found = re.search(ready, line)
            if found:
                if found.groups():
                    self.port = int(found.group(1))
                return
        self.stop()
        raise RuntimeError("%s ended before it was listening" % arguments[0])

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        """Asks it to end, if it has not, and returns its exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self):
        """Waits for its end and returns its exit code."""
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if not self.process.stdout.closed:
                self.last_words = self.process.stdout.read()
                self.process.stdout.close()
        return self.process.returncode


def free_port():
    """A port that nobody listens on, for servers that cannot choose one."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
