"""Waiting for an event: by asking again and again, with a deadline."""

import time

DEADLINE_S = 30
PAUSE_S = 0.005


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Returns the first result of `condition` that is true.

    Raises AssertionError with `what`, a text or a function that makes one, when
    that does not come in time.
    """
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise AssertionError("not within %g s: %s" % (deadline_s, text))
        time.sleep(PAUSE_S)
