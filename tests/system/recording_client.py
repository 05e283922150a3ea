"""Load on a cluster, by clients that note what they ask and what they hear.

Each client is a thread with a connection to a node of its own, its home. If it
loses that, it goes on at another node, and comes back later.
"""

import contextlib
import itertools
import random
import threading
import time

from tests.system.history import (
    MAYBE, NOTHING_DONE, OK, Operation, check, text)
from tests.system.resp_connection import Connection, Error
from tests.system.waiting import wait_until

# Longer than a node lets a command wait, here and at another node.
ANSWER_LIMIT_S = 45
SLOTS = 25  # registers of each writer
COUNTERS = 6
JOURNAL_ENTRIES = 100  # then there is a new one
HOME_AFTER = 100  # operations at another node
PAUSE_S = 0.005  # while no node can be connected to
PROBLEMS_SHOWN = 10
GO_ON_OPERATIONS = 2000


class Client(threading.Thread):
    """Does something again and again until the load stops."""

    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load = load
        self.name = "%s%d" % (type(self).__name__.lower(), number)
        self.random = random.Random("%s/%s" % (load.seed, self.name))
        self.home = number
        self.operations = []
        self.connection = None
        self.node = None
        self.away = 0
        self.crash = None

    def run(self):
        try:
            while not self.load.stopping.is_set():
                if self.connect():
                    self.step()
        except Exception as why:  # pylint: disable=broad-except
            self.crash = "%s: %r" % (self.name, why)
        self.disconnect()

    def connect(self):
        """To its home, or else to the next one."""
        if self.connection and self.away < HOME_AFTER:
            return True
        self.disconnect()
        nodes = self.load.nodes
        for i in range(len(nodes)):
            node = nodes[(self.home + i) % len(nodes)]
            if not node.is_running or (i > 0 and node.is_stopped):
                continue
            with contextlib.suppress(OSError):
                self.connection = Connection(node.resp_port)
                self.connection.socket.settimeout(ANSWER_LIMIT_S)
                self.node = node
                self.away = 0 if i else float("-inf")
                return True
        time.sleep(PAUSE_S)
        return False

    def disconnect(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def ask(self, what, key, *command, value=None, entry=None, convert=int):
        """Does it, notes it, and returns what became of it."""
        begin = time.monotonic()
        node = self.node.name
        try:
            answer = self.connection.ask(*command)
        except (OSError, EOFError) as why:
            self.load.note_loss(node, begin, why)
            answer = None
            outcome = MAYBE
            self.disconnect()
        else:
            if not isinstance(answer, Error):
                outcome = OK
            elif answer.startswith("CLUSTERDOWN "):
                outcome = NOTHING_DONE
            else:
                outcome = MAYBE
                if not answer.startswith("TRYAGAIN "):
                    self.load.note_error(command, answer)
            if outcome != OK:
                self.load.count_error(answer.split()[0])
        end = time.monotonic()
        if outcome == OK and what != "write":
            value = convert(answer or b"0")
        self.operations.append(Operation(what, key, value, begin, end, outcome,
                                         node, entry))
        self.away += 1
        return outcome

    def step(self):
        raise NotImplementedError


class Writer(Client):
    """Counts up in its own registers. After a write that may have been done or
    not it takes another one, so that nothing is open about what was last."""

    def __init__(self, load, number):
        super().__init__(load, number)
        self.count = itertools.count()
        self.registers = [[self.new_key(), 0] for _ in range(SLOTS)]

    def new_key(self):
        key = "%s:%d" % (self.name, next(self.count))
        self.load.registers.append(key)
        return key

    def step(self):
        register = self.random.choice(self.registers)
        register[1] += 1
        key, value = register
        if self.ask("write", key, "SET", key, value, value=value) == MAYBE:
            register[:] = [self.new_key(), 0]


class Reader(Client):
    """Reads everybody's registers."""

    def step(self):
        key = self.random.choice(self.load.registers)
        self.ask("read", key, "GET", key)


class Counter(Client):
    """Increments counters that it shares with others."""

    def step(self):
        key = self.random.choice(self.load.counters)
        if self.random.random() < 0.1:
            self.ask("read", key, "GET", key)
        else:
            self.ask("incr", key, "INCR", key)


class Journalist(Client):
    """Appends to journals that it shares with others."""

    def __init__(self, load, number):
        super().__init__(load, number)
        self.count = itertools.count()

    def step(self):
        i = next(self.count)
        key = "journal:%d" % (i // JOURNAL_ENTRIES)
        self.load.journals.add(key)
        if self.random.random() < 0.1:
            self.ask("read", key, "GET", key, convert=as_text)
        else:
            entry = "%s.%d;" % (self.name, i)
            self.ask("append", key, "APPEND", key, entry, entry=entry)


def as_text(answer):
    return "" if answer == b"0" else answer.decode()


class Load:
    """A context manager: load while it is open, and then the judgement.

    `nodes` are those that may be asked, a list that may grow; `each` says how
    many clients of each kind each node is the home of.
    """

    KINDS = (Writer, Reader, Counter, Journalist)

    def __init__(self, nodes, each=1, seed=None):
        self.nodes = nodes
        self.seed = random.SystemRandom().getrandbits(32) if seed is None \
            else seed
        self.stopping = threading.Event()
        self.registers = []
        self.counters = ["counter:%d" % i for i in range(COUNTERS)]
        self.journals = set()
        self.begun = time.monotonic()
        self._lock = threading.Lock()
        self.losses = []
        self.errors = []
        self.documented = {}
        self.marks = []
        self.final = []
        self.clients = [kind(self, i) for kind in self.KINDS
                        for i in range(each * len(nodes))]

    def __enter__(self):
        for x in self.clients:
            x.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """No more is asked; returns when all has been answered."""
        self.stopping.set()
        for x in self.clients:
            x.join(ANSWER_LIMIT_S + 15)
            if x.is_alive():
                raise AssertionError("%s still waits for %s" % (
                    x.name, x.node and x.node.name))

    def note_loss(self, node, begin, why):
        with self._lock:
            self.losses.append((node, round(begin - self.begun, 2), str(why)))

    def note_error(self, command, answer):
        with self._lock:
            self.errors.append((command, str(answer)))

    def mark(self, what):
        """Notes that something was done to the cluster."""
        self.marks.append("%.4f: %s" % (time.monotonic() - self.begun, what))

    def count_error(self, word):
        with self._lock:
            self.documented[word] = self.documented.get(word, 0) + 1

    def go_on(self, count=GO_ON_OPERATIONS):
        """Returns when so much more has been done."""
        def operations():
            return sum(len(x.operations) for x in self.clients)
        enough = operations() + count
        wait_until(lambda: operations() >= enough, "load")

    def keys(self):
        return (list(self.registers) + list(self.counters)
                + sorted(self.journals))

    def read_all(self, node):
        """Reads all keys at one node; that is a part of the history, too."""
        with contextlib.closing(Connection(node.resp_port)) as connection:
            for key in self.keys():
                begin = time.monotonic()
                answer = connection.ask("GET", key)
                end = time.monotonic()
                if isinstance(answer, Error):
                    raise AssertionError("%s of %s: %s" % (
                        key, node.name, answer))
                convert = as_text if key.startswith("journal") else int
                self.final.append(Operation(
                    "read", key, convert(answer or b"0"), begin, end, OK,
                    node.name))

    def history(self):
        return [x for client in self.clients for x in client.operations] \
            + self.final

    def check(self, case, may_lose=()):
        """After `stop`: reads all that was written at all living nodes, and
        fails if anything was lost, seen in a wrong order, answered with an
        error that is not documented, or if another node than those of
        `may_lose` ended a connection."""
        for node in case.living():
            self.read_all(node)
        history = [x._replace(begin=x.begin - self.begun,
                              end=x.end - self.begun) for x in self.history()]
        print("%s: %s" % (case.id().rpartition(".")[2], self.summary(history)))
        case.maxDiff = None
        seed = "seed %d" % self.seed
        case.assertEqual([x.crash for x in self.clients if x.crash], [], seed)
        case.assertEqual(self.errors[:PROBLEMS_SHOWN], [], seed)
        case.assertEqual([x for x in self.losses if x[0] not in may_lose], [],
                         seed)
        problems = check(history)
        case.assertEqual(problems[:PROBLEMS_SHOWN], [],
                         "%d in all, %s; what happened: %s" % (
                             len(problems), seed, "; ".join(self.marks)))
        case.assertGreater(sum(x.outcome == OK for x in history), 1000,
                           "hardly anything was done")

    def summary(self, history):
        done = sum(x.outcome == OK for x in history)
        slowest = max((x for x in history if x.outcome == OK),
                      key=lambda x: x.end - x.begin)
        return ("%d operations done in %.1f s, errors %s, %d connections lost; "
                "the slowest took %.2f s: %s" % (
                    done, time.monotonic() - self.begun, self.documented,
                    len(self.losses), slowest.end - slowest.begin,
                    text(slowest._replace(value=str(slowest.value)[:20]))))
