"""Processes of a run: found, started on one core, watched, and ended.

Only processes started here are ended here, by their id.
"""

import ctypes
import os
import re
import resource
import select
import signal
import subprocess
import time
from pathlib import Path

START_LIMIT_S = 20
STOP_LIMIT_S = 5

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """A measurement that could not be taken; the text says why."""


def prepare_child(cpu):
    """What a child does before its program starts."""

    def prepare():
        os.sched_setaffinity(0, {cpu})
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # Nothing is left behind, even when this script is killed.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


class Process:
    """A program on one core; ends with the `with` block that holds it."""

    def __init__(self, argv, cpu, **options):
        self.name = Path(argv[0]).name
        self.popen = subprocess.Popen(
            list(map(str, argv)),
            stdin=options.get("stdin", subprocess.DEVNULL),
            stdout=options.get("stdout", subprocess.PIPE),
            stderr=options.get("stderr", subprocess.DEVNULL),
            preexec_fn=prepare_child(cpu),
        )
        self._text = b""

    @property
    def pid(self):
        return self.popen.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def await_line(self, pattern, limit_s):
        """The first match of `pattern` in a line of stdout from here on."""
        deadline = time.monotonic() + limit_s
        fd = self.popen.stdout.fileno()
        while True:
            line, newline, rest = self._text.partition(b"\n")
            if newline:
                self._text = rest
                match = re.search(pattern, line.decode(errors="replace"))
                if match:
                    return match
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise Failed(f"{self.name} did not print /{pattern}/")
            data = os.read(fd, 4096)
            if not data:
                raise Failed(f"{self.name} ended before /{pattern}/")
            self._text += data

    def finish(self, limit_s):
        """Ends the stdin of a program that ends then, and well."""
        self.popen.stdin.close()
        try:
            code = self.popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end") from None
        if code != 0:
            raise Failed(f"{self.name} ended with {code}")

    def order(self, line):
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()


def start_server(argv, cpu):
    """A server that prints `listening PORT`; its port is in `.port`."""
    process = Process([*argv, "--port", "0"], cpu)
    try:
        process.port = int(process.await_line(r"^listening (\d+)",
                                              START_LIMIT_S)[1])
    except BaseException:
        process.stop()
        raise
    return process


def kib_field(path, name):
    """The field of a file under /proc that counts kB."""
    try:
        text = Path(path).read_text()
    except OSError as error:
        raise Failed(str(error)) from None
    field = re.search(rf"^{name}:\s+(\d+) kB", text, re.M)
    if field is None:
        # What remains of a process that died has no memory.
        raise Failed("the server died")
    return int(field[1])


def rss_bytes(pid):
    """Resident memory, counted exactly (proc(5), smaps_rollup)."""
    return kib_field(f"/proc/{pid}/smaps_rollup", "Rss") * 1024


def settled_rss_bytes(pid, limit_s=5):
    """Resident memory once three readings in a row agree."""
    readings = []
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        readings.append(rss_bytes(pid))
        if len(readings) >= 3 and len(set(readings[-3:])) == 1:
            break
        time.sleep(0.1)
    return readings[-1]


def reset_peak_rss(pid):
    """Makes the peak start over from now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_rss_bytes(pid):
    return kib_field(f"/proc/{pid}/status", "VmHWM") * 1024


def cpu_times_s(pid):
    """What a process's threads had of a core, and how long they waited for one
    (kernel: Documentation/scheduler/sched-stats.rst)."""
    used = waited = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        numbers = task.read_text().split()
        used += int(numbers[0])
        waited += int(numbers[1])
    return used / 1e9, waited / 1e9


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def until(condition, limit_s, what):
    """Polls a fact about another process, which sends no message about it."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(what)
        time.sleep(0.02)
