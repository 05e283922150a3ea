"""How long the server lets an ordinary client wait, while others misbehave."""

import statistics
import threading
import time

from tests.support.process_stats import SANITIZED
from tests.system.resp_connection import Connection

# A loaded machine takes a test's turn away for this long, but not as a rule;
# a server that waits for one of its clients takes seconds.
MEDIAN_LIMIT_S = 0.02
LONGEST_LIMIT_S = 1.0


class LatencyProbe:
    """An ordinary client in a thread of its own; use it as a context."""

    def __init__(self, port, pause_s=0.002):
        self.connection = Connection(port)
        self.times = []
        self.wrong = None
        self._pause_s = pause_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self.connection.close()

    def _run(self):
        count = 0
        while not self._end.wait(self._pause_s):
            value = b"%d" % count
            start = time.monotonic()
            try:
                self.connection.send(("set", "probe", value), ("get", "probe"))
                answers = [self.connection.read()[1] for _ in range(2)]
            except (OSError, EOFError) as e:
                self.wrong = repr(e)
                return
            self.times.append(time.monotonic() - start)
            if answers != [b"OK", value]:
                self.wrong = answers
                return
            count += 1

    def check(self, test, requests_min=20):
        """To be called when the context has ended."""
        test.assertIsNone(self.wrong)
        test.assertGreaterEqual(len(self.times), requests_min)
        median, longest = statistics.median(self.times), max(self.times)
        print("%d requests of an ordinary client: median %.2f ms, longest "
              "%.1f ms" % (len(self.times), median * 1e3, longest * 1e3))
        if not SANITIZED:
            test.assertLess(median, MEDIAN_LIMIT_S)
            test.assertLess(longest, LONGEST_LIMIT_S)
