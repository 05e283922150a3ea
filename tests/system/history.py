"""What clients of a key-value store did and saw, and whether one store that
does one thing after the other could have answered that.

The histories are such that this can be told exactly and in one pass:

- a *register* has one writer, who writes 1, 2, 3, ... and does not write any
  more once he does not know whether a write was done; anybody reads it;
- a *counter* is incremented by anybody;
- a *journal* is appended to by anybody, and all entries differ.
"""

import bisect
import collections
import itertools

OK = "ok"
NOTHING_DONE = "nothing done"  # an error that says so
MAYBE = "maybe"  # an error that leaves it open, or the connection was lost

# `begin`, `end`: when it was asked, and when the answer was there. `value`: what
# was written or read; of counters and journals what was answered (None unless
# `outcome` is OK). `what`: "write", "read", "incr" or "append"; `entry`: what
# was appended. `where`: the node that was asked.
Operation = collections.namedtuple(
    "Operation", "what key value begin end outcome where entry",
    defaults=("", None))


def check(operations):
    """A list of texts that say what cannot be; empty: all is well."""
    by_key = collections.defaultdict(list)
    for x in operations:
        by_key[x.key].append(x)
    result = []
    for key, group in by_key.items():
        kinds = {x.what for x in group}
        if "incr" in kinds:
            problems = check_counter(group)
        elif "append" in kinds:
            problems = check_journal(group)
        else:
            problems = check_register(group)
        result += ["%s: %s" % (key, x) for x in problems]
    return result


def text(x):
    return "%s of %s at %s from %.4f to %.4f (%s)" % (
        x.what, x.entry or x.value, x.where or "?", x.begin, x.end, x.outcome)


# -- registers -----------------------------------------------------------------

def check_register(group):
    """A read sees no less than what was written or read before it began, and
    nothing that was not asked to be written before it ended."""
    result = []
    writes = {x.value: x for x in group if x.what == "write"}
    reads = [x for x in group if x.what == "read" and x.outcome == OK]
    for x in reads:
        if x.value == 0:
            continue  # nothing was written yet
        cause = writes.get(x.value)
        if cause is None:
            result.append("%s: nobody wrote that" % text(x))
        elif cause.begin > x.end:
            result.append("%s: before the %s" % (text(x), text(cause)))
        elif cause.outcome == NOTHING_DONE:
            result.append("%s: it was said that nothing was done by the %s"
                          % (text(x), text(cause)))
    known = [x for x in group if x.what == "write" and x.outcome == OK] + reads
    result += out_of_order(known, reads, strictly=False)
    return result


def out_of_order(known, judged, strictly):
    """Those of `judged` that say less than one of `known` that ended before
    they began, or as much, if `strictly`."""
    result = []
    ends = sorted(known, key=lambda x: x.end)
    highest = None
    i = 0
    for x in sorted(judged, key=lambda x: x.begin):
        while i < len(ends) and ends[i].end < x.begin:
            if highest is None or ends[i].value > highest.value:
                highest = ends[i]
            i += 1
        if highest is not None and (
                x.value < highest.value
                or strictly and x.value == highest.value):
            result.append("%s: after the %s" % (text(x), text(highest)))
    return result


# -- counters ------------------------------------------------------------------

def check_counter(group):
    """Each number is given once, and the numbers follow time. At the end, the
    counter says how often it was incremented."""
    done = [x for x in group if x.what == "incr" and x.outcome == OK]
    maybe = sum(x.what == "incr" and x.outcome == MAYBE for x in group)
    reads = [x for x in group if x.what == "read" and x.outcome == OK]
    result = []
    for value, times in collections.Counter(x.value for x in done).items():
        if times > 1:
            result.append("%d was answered %d times" % (value, times))
    result += out_of_order(done + reads, done, strictly=True)
    result += out_of_order(done + reads, reads, strictly=False)
    ends = sorted(x.end for x in done)
    begins = sorted(x.begin for x in group
                    if x.what == "incr" and x.outcome != NOTHING_DONE)
    for x in reads:
        least = bisect.bisect_left(ends, x.begin)
        most = bisect.bisect_left(begins, x.end)
        if not least <= x.value <= most:
            result.append("%s: it was incremented %d to %d times"
                          % (text(x), least, most))
    highest = max((x.value for x in done), default=0)
    if highest > len(done) + maybe:
        result.append("it says %d after %d increments and %d that may have been"
                      % (highest, len(done), maybe))
    return result


# -- journals ------------------------------------------------------------------

def check_journal(group):
    """The last read has each acknowledged entry once, where the answer to it
    said that it is, and each other one at most once; earlier reads are
    beginnings of it. Entries end with a semicolon."""
    reads = sorted((x for x in group if x.what == "read" and x.outcome == OK),
                   key=lambda x: x.end)
    asked = {x.entry: x for x in group if x.what == "append"}
    if not reads:
        return ["it was never read"]
    final = reads[-1].value
    result = ["%s: it is no beginning of the last one" % text(
        x._replace(value="%d characters" % len(x.value)))
              for x in reads if not final.startswith(x.value)]
    entries = [x + ";" for x in final.split(";")[:-1]]
    if "".join(entries) != final:
        result.append("it ends in the middle of an entry: %r" % final[-40:])
    ends = dict(zip(entries, itertools.accumulate(map(len, entries))))
    for entry, times in collections.Counter(entries).items():
        if times > 1:
            result.append("%s is there %d times" % (entry, times))
        if entry not in asked:
            result.append("%s was never appended" % entry)
        elif asked[entry].outcome == NOTHING_DONE:
            result.append("%s is there: it was said that nothing was done"
                          % entry)
    for x in asked.values():
        if x.outcome != OK or x.end > reads[-1].begin:
            continue
        if x.entry not in ends:
            result.append("%s: it is lost" % text(x))
        elif ends[x.entry] != x.value:
            result.append("%s: it ends at %d" % (text(x), ends[x.entry]))
    return result
