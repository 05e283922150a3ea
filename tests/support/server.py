"""A server under test: a process of its own, started, watched and ended."""

import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import threading

from tests.support.process_stats import status_bytes

PATIENCE_S = 60
STOP_LIMIT_S = 20
PIPE_BYTES = 64 * 1024  # what a pipe holds: pipe(7)
TAIL_CHARACTERS = 4000


class Transcript:
    """What a program writes into a pipe. A thread of our own reads it as it
    comes, so that the program never waits for us.
    """

    def __init__(self, pipe):
        self._pipe = pipe
        self._data = bytearray()
        self._ended = False
        self._closing = os.eventfd(0)
        self._news = threading.Condition()
        # So that whoever holds the lock can read, and need not wait.
        os.set_blocking(pipe.fileno(), False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        ready = select.poll()
        ready.register(self._pipe, select.POLLIN)
        ready.register(self._closing, select.POLLIN)
        while not self._ended:
            ready.poll()
            self.text()

    def _read(self):
        """Takes what is in the pipe; the lock is held."""
        if self._ended:
            return
        try:
            data = os.read(self._pipe.fileno(), PIPE_BYTES)
        except BlockingIOError:
            return
        self._data += data
        self._ended = not data
        self._news.notify_all()

    def text(self):
        """All that was written before this call."""
        with self._news:
            self._read()
            return self._data.decode(errors="replace")

    def tail(self):
        return self.text()[-TAIL_CHARACTERS:]

    def await_match(self, pattern):
        """The first match of `pattern` in whole lines; $ and ^ are theirs."""
        def find():
            size = len(self._data) if self._ended else (
                self._data.rfind(b"\n") + 1)
            lines = self._data[:size].decode(errors="replace")
            return re.search(pattern, lines, re.MULTILINE) or self._ended
        with self._news:
            found = self._news.wait_for(find, PATIENCE_S)
        if not isinstance(found, re.Match):
            raise AssertionError(f"no {pattern!r} in: {self.tail()}")
        return found

    def finish(self):
        """Reads to the end, which comes when the program has ended."""
        self._thread.join(PATIENCE_S)
        self.close()

    def close(self):
        """Reads no more: the program finds its pipe broken."""
        if self._pipe.closed:
            return
        with self._news:
            self._ended = True
            self._news.notify_all()
        os.eventfd_write(self._closing, 1)
        self._thread.join()
        self._pipe.close()
        os.close(self._closing)


class Server:
    """Runs a program and waits until it listens; a context manager.

    `ready` is a match in its standard output; its group, if there is one, is
    the port. `descriptors` replaces the soft limit of open descriptors.
    """

    def __init__(self, *arguments, ready=r"\Alistening (\d+)\n", port=None,
                 descriptors=None):
        def prepare():
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))

        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=prepare if descriptors else None)
        self.output = Transcript(self.process.stdout)
        self._log = Transcript(self.process.stderr)
        self._log_shown = False
        try:
            found = self.output.await_match(ready)
        except AssertionError as why:
            self.stop()
            raise RuntimeError(f"{arguments[0]} did not start: {why}; "
                               f"{self._log.tail()}") from None
        self._ready_end = found.end()
        self.port = int(found[1]) if found.groups() else port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """All that it wrote to its standard error before this call."""
        return self._log.text()

    def await_log(self, pattern):
        """The first match of `pattern` in the lines of the log."""
        return self._log.await_match(pattern)

    @property
    def last_words(self):
        """What it said after it was ready; all of it when it was waited for."""
        return self.output.text()[self._ready_end:]

    def memory_peak(self):
        """The most resident bytes that it ever had."""
        return status_bytes(self.pid, "VmHWM")

    def stop(self, how=signal.SIGTERM, again_s=None):
        """Asks it to end, if it has not; returns its exit code. A program that
        may miss a signal is sent it again every `again_s`."""
        self.process.send_signal(how)
        tries = int(STOP_LIMIT_S / again_s) if again_s else 0
        for _ in range(tries):
            try:
                self.process.wait(again_s)
                break
            except subprocess.TimeoutExpired:
                self.process.send_signal(how)
        return self.wait()

    def wait(self):
        """Waits for its end and returns its exit code. The log of a program
        that failed is shown."""
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.output.finish()
            self._log.finish()
            if self.process.returncode != 0 and not self._log_shown:
                self._log_shown = True
                sys.stderr.write(self._log.tail())
        return code


def free_port():
    """A port that nobody listens on, for servers that cannot choose one."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
