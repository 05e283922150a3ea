"""Two hosts on a wire of their own, which can be cut: network namespaces.

Needs root and a kernel that lets us; where it does not, `Network.why_not` says
why, and the tests are skipped. What is made is taken away again, and nothing
else is touched.
"""

import itertools
import os
import subprocess

ADDRESS = ("10.199.77.1", "10.199.77.2")
SIDES = (0, 1)

_numbers = itertools.count()


# Where Debian has `ip` and `tc`; a test's path need not have it.
_environment = {**os.environ,
                "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def _run(*command):
    done = subprocess.run(command, check=False, capture_output=True, text=True,
                          env=_environment)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


class Network:
    """A context manager. `prefix(side)` goes before a command of that host."""

    def __init__(self):
        name = f"sluice{os.getpid()}-{next(_numbers)}"
        self.names = [f"{name}{side}" for side in "ab"]
        # Names of interfaces are short: 15 characters.
        self.devices = [f"sl{os.getpid() % 10**7}{side}" for side in "ab"]

    @staticmethod
    def why_not():
        """None if networks can be made here."""
        try:
            with Network():
                return None
        except OSError as why:
            return str(why)

    def __enter__(self):
        try:
            for name in self.names:
                _run("ip", "netns", "add", name)
            a, b = self.devices
            _run("ip", "link", "add", a, "netns", self.names[0],
                 "type", "veth", "peer", "name", b, "netns", self.names[1])
            for side in SIDES:
                self._ip(side, "addr", "add", ADDRESS[side] + "/24", "dev",
                         self.devices[side])
                self._ip(side, "link", "set", "lo", "up")
            self.heal()
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False,
                           stderr=subprocess.DEVNULL, env=_environment)

    def prefix(self, side):
        return ["ip", "netns", "exec", self.names[side]]

    def _ip(self, side, *arguments):
        _run("ip", "-n", self.names[side], *arguments)

    def cut(self):
        """No packet passes, and nobody is told."""
        # The wire is cut between the hosts: a host whose own interface is down
        # would hear of it.
        for side in SIDES:
            if self.has_netem():
                self._queue(side, "netem", "loss", "100%")
            else:
                self._drop_all(side)

    def _drop_all(self, side):
        # Without netem: a route that nobody answers on. The interface stays up.
        self._ip(side, "neigh", "replace", ADDRESS[1 - side], "lladdr",
                 "02:00:00:00:00:99", "dev", self.devices[side], "nud",
                 "permanent")

    def heal(self):
        for side in SIDES:
            self._ip(side, "link", "set", self.devices[side], "up")
            self._ip(side, "neigh", "flush", "nud", "permanent")
            subprocess.run(["ip", "netns", "exec", self.names[side], "tc",
                            "qdisc", "del", "dev", self.devices[side], "root"],
                           check=False, capture_output=True, env=_environment)

    def _queue(self, side, *what):
        _run("ip", "netns", "exec", self.names[side], "tc", "qdisc", "replace",
             "dev", self.devices[side], "root", *what)

    def slow(self, rate):
        """At most so much, as in 2mbit, in both directions."""
        for side in SIDES:
            self._queue(side, "tbf", "rate", rate, "burst", "16kb", "latency",
                        "200ms")

    def delay(self, time, loss="0%"):
        """As in 20ms, for each packet."""
        for side in SIDES:
            self._queue(side, "netem", "delay", time, "loss", loss)

    def has_netem(self):
        """Whether the kernel can delay packets and lose them."""
        try:
            self._queue(0, "netem", "delay", "0ms")
        except OSError:
            return False
        _run("ip", "netns", "exec", self.names[0], "tc", "qdisc", "del", "dev",
             self.devices[0], "root")
        return True
