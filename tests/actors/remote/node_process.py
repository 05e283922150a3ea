"""The program `node` as a process."""

import signal
import subprocess

from tests.support.process_stats import state
from tests.system.waiting import wait_until

NODE = "tests/actors/remote/node"


class Node:
    """A node that is ready; `ask` gives its answer to a line, as numbers."""

    def __init__(self, case, *arguments):
        self.process = subprocess.Popen(
            [NODE, *map(str, arguments)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        case.addCleanup(self.end)
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise RuntimeError("node %s did not start" % (arguments,))
        self.port = int(words[1])

    @property
    def pid(self):
        return self.process.pid

    def _line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def go(self):
        assert self._line("go") == "ok\n"

    def ask(self):
        return [int(x) for x in self._line("count").split()]

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: state(self.pid) == "T", "a stopped node")

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            # Also one that is stopped.
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Receiver(Node):
    def __init__(self, case, middleman="sluice", kind="plain", work_us=0):
        super().__init__(case, "receive", middleman, kind, work_us)

    handled = property(lambda self: self.ask()[0])
    gaps = property(lambda self: self.ask()[1])


class Sender(Node):
    def __init__(self, case, port, middleman="sluice", kind="flow",
                 size=1000, count=100_000):
        super().__init__(case, "send", middleman, kind, port, size, count)

    sent = property(lambda self: self.ask()[0])
    applied = property(lambda self: self.ask()[1])
    released = property(lambda self: self.ask()[2])
    rejected = property(lambda self: self.ask()[3])
    dropped = property(lambda self: self.ask()[4])
    lost_bytes = property(lambda self: self.ask()[5])
    down = property(lambda self: self.ask()[6])

    def held(self):
        """Told to slow down by more than told to go on."""
        _, applied, released, *_ = self.ask()
        return applied > released
