"""A program under test: started, watched and ended."""

import collections
import re
import signal
import subprocess
import threading

PATIENCE_S = 60
TAIL_LINES = 50


class Server:
    """Runs a program until it says `listening PORT`; a context manager.

    What it writes to its standard error is read as it comes, so that it never
    waits for us; `await_log` waits for a line of it.
    """

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace")
        self.lines = collections.deque(maxlen=TAIL_LINES)
        self.news = threading.Condition()
        self.ended = False
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        found = re.match(r"listening (\d+)$", self.process.stdout.readline())
        if not found:
            self.stop()
            raise RuntimeError(f"{arguments[0]} did not start: {self.log()}")
        self.port = int(found[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _read_log(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def log(self):
        with self.news:
            return "".join(self.lines)

    def await_log(self, pattern):
        """The match of the first line in the log that has `pattern`."""
        def find():
            for line in self.lines:
                if found := re.search(pattern, line):
                    return found
            return "ended" if self.ended else None
        with self.news:
            found = self.news.wait_for(find, PATIENCE_S)
        if not isinstance(found, re.Match):
            raise AssertionError(f"no line with {pattern!r}: {self.log()}")
        return found

    def memory_peak(self):
        """The most resident bytes that it ever had."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM: the program has ended")

    def stop(self, how=signal.SIGTERM):
        """Ends it, if it has not ended; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        self.process.stdout.close()
        self.process.stderr.close()
        return code
