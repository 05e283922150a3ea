"""A cluster that does not exist: what a node would report of it, twice a second.

It knows nothing of sockets. Time is a number that `step` moves on, so that ten
minutes pass as quickly as the frames can be made.
"""

import random

START_MS = 1764000000000
INTERVAL_MS = 500
HISTORY_FRAMES_MAX = 240
EVENTS_MAX = 200
SILENT_AFTER_MS = 2000
HIGH_MARK_MESSAGES = 256
# A channel over which nothing goes is pinged so often; that is no message.
PING_FRAMES = 10
PING_BPS = 96
CONTROLS = ["slow", "stop", "cont", "cut", "heal", "kill", "start"]


def brief(frame):
    """A frame of the history: what the plots need, and links in trouble."""
    return {
        "type": "frame", "now": frame["now"],
        "nodes": [{k: v for k, v in x.items() if k not in ("endpoint", "roles")}
                  for x in frame["nodes"]],
        "links": [x for x in frame["links"]
                  if x["state"] != "open" or x["pressure"] != "none"]}


class Node:
    def __init__(self, name, index, now, busy, rate):
        self.name = name
        self.index = index
        self.state = "up"
        self.since = now
        self.reported = now
        self.rate = rate
        self.busy = busy
        self.queued = 0
        self.slow_bps = 0
        self.stopped = False


class Link:
    def __init__(self, source, target, now, rate):
        self.source = source
        self.target = target
        self.state = "open"
        self.pressure = "none"
        self.since = now
        self.queued = 0
        self.base = rate
        self.rate = rate
        self.bps = 0
        self.frames_to_ping = None        # never


class FakeCluster:
    """`nodes` nodes of which each speaks to `fanout` others (all, by default).
    With `idle_links` there are links to the rest as well, over which nothing goes;
    with `pings`, a ping now and then."""

    def __init__(self, nodes=3, fanout=None, seed=1, start_ms=START_MS,
                 idle_links=False, pings=False):
        self.chance = random.Random(seed)
        self.now = start_ms
        self.sequence = 0
        self.history = []
        self.events = []
        self.nodes = {}
        self.links = {}
        fanout = nodes - 1 if fanout is None else min(fanout, nodes - 1)
        for i in range(nodes):
            name = f"n{i + 1}"
            self.nodes[name] = Node(name, i, self.now,
                                    self.chance.uniform(.1, .5),
                                    self.chance.uniform(500, 1500))
        names = list(self.nodes)
        for i, source in enumerate(names):
            near = list(range(1, nodes))
            busy = set(near if fanout >= len(near)
                       else self.chance.sample(near, fanout))
            for k in near:
                target = names[(i + k) % nodes]
                if k in busy or idle_links or pings:
                    rate = self.chance.uniform(50, 900) if k in busy else 0
                    link = Link(source, target, self.now, rate)
                    self.links[source, target] = link
                    if pings and k not in busy:
                        link.frames_to_ping = self.chance.randrange(PING_FRAMES)
        for name in names:
            self.note(name, "joined", "info",
                      f"{name} joined the cluster at {self._endpoint(name)}.")

    # -- what may happen ---------------------------------------------------

    def note(self, node, kind, severity, text):
        self.sequence += 1
        event = {"type": "event", "at": self.now, "seq": self.sequence,
                 "node": node, "kind": kind, "severity": severity, "text": text}
        self.events = (self.events + [event])[-EVENTS_MAX:]
        return event

    def slow(self, name, bytes_per_s=1000):
        self.nodes[name].slow_bps = bytes_per_s
        for link in self.links.values():
            if link.target == name and link.base:
                link.pressure, link.since = "applied", self.now
                self.note(link.source, "applied", "warn",
                          f"{link.source} waits for {name}: 300 messages are "
                          f"on their way and {name} has not taken more for "
                          f"1 s. Senders on {link.source} are told to slow "
                          "down.")

    def stall(self, source, target):
        link = self.links[source, target]
        link.pressure, link.since, link.queued = "stalled", self.now, 4096
        self.note(source, "stalled", "bad",
                  f"{target} has taken nothing from {source} for 15 s.")

    def cut(self, source, target):
        for pair in ((source, target), (target, source)):
            if pair in self.links:
                link = self.links[pair]
                link.state, link.pressure, link.since = "cut", "none", self.now
        self.note(source, "link_lost", "bad",
                  f"{source} and {target} are cut off from each other.")

    def lose(self, source, target):
        link = self.links[source, target]
        link.state, link.pressure, link.since = "lost", "none", self.now
        self.note(source, "link_lost", "warn",
                  f"{source} has lost its link to {target} and dials again.")

    def stop(self, name):
        """Its process stops: nobody hears of it, and it is suspected."""
        self.nodes[name].stopped = True

    def mute(self, name):
        """Nobody has ever heard of it, and nobody will."""
        self.nodes[name].stopped = True
        self.nodes[name].reported = None

    def suspect(self, name):
        self._become(name, "suspected", "warn",
                     f"{name} is suspected: it has not answered for 3 s.")

    def cont(self, name):
        self.nodes[name].stopped = False
        self._become(name, "up", "info", f"{name} answers again.", "trusted")

    def kill(self, name):
        self._become(name, "down", "bad", f"{name} is down: its process has "
                                          "ended.")
        for link in self.links.values():
            if name in (link.source, link.target):
                link.state, link.pressure, link.since = "lost", "none", self.now

    def start(self, name):
        self.nodes[name].stopped = False
        self._become(name, "up", "info",
                     f"{name} joined the cluster at {self._endpoint(name)}.",
                     "joined")
        self._mend(name)

    def heal(self, name=None):
        for node in self.nodes.values():
            if name in (None, node.name):
                node.slow_bps = 0
                if node.stopped:
                    self.cont(node.name)
                if node.state in ("up", "suspected"):
                    self._mend(node.name)

    def _become(self, name, state, severity, text, kind=None):
        node = self.nodes[name]
        node.state, node.since = state, self.now
        self.note(name, kind or state, severity, text)

    def _mend(self, name):
        for link in self.links.values():
            if name not in (link.source, link.target):
                continue
            other = link.target if link.source == name else link.source
            if self.nodes[other].state != "up":
                continue
            if link.pressure != "none":
                self.note(link.source, "released", "info",
                          f"{link.source} no longer waits for {link.target}.")
            elif link.state != "open":
                self.note(link.source, "link_open", "info",
                          f"{link.source} and {link.target} are linked.")
            link.state, link.pressure, link.since = "open", "none", self.now
            link.queued = 0

    # -- what is reported ---------------------------------------------------

    def step(self, interval_ms=INTERVAL_MS):
        """Moves time on; returns the frame, as the page gets it."""
        self.now += interval_ms
        for link in self.links.values():
            self._move_link(link)
        for node in self.nodes.values():
            self._move_node(node)
        frame = self.frame()
        self.history.append(brief(frame))
        self.history = self.history[-HISTORY_FRAMES_MAX:]
        return frame

    def _move_link(self, link):
        quiet = (link.state != "open" or self.nodes[link.source].stopped
                 or self.nodes[link.source].state == "down")
        if quiet or not link.base:
            link.rate = 0
        elif link.pressure == "applied":
            link.rate = self.chance.uniform(1, 9)
            link.queued = min(4096, link.queued + self.chance.randrange(40, 90))
        elif link.pressure == "stalled":
            link.rate = 0
        else:
            link.rate = max(1, link.base * self.chance.uniform(.8, 1.2))
            link.queued = self.chance.randrange(0, 12)
        link.bps = int(link.rate * 120)
        if link.frames_to_ping is not None and link.state == "open":
            link.frames_to_ping -= 1
            if link.frames_to_ping < 0:
                link.frames_to_ping = PING_FRAMES - 1
                link.bps += PING_BPS

    def _move_node(self, node):
        if node.stopped or node.state in ("down", "left"):
            return
        node.reported = self.now
        node.busy = min(.98, max(.02, node.busy
                                 + self.chance.uniform(-.03, .03)))
        node.rate = max(20, node.rate * self.chance.uniform(.95, 1.05))
        node.queued = self.chance.randrange(0, 30) + sum(
            x.queued for x in self.links.values() if x.source == node.name)

    def hello(self, node="n1", controls=None):
        return {"type": "hello", "cluster": "kv", "node": node,
                "now": self.now, "interval_ms": INTERVAL_MS,
                "controls": CONTROLS if controls is None else controls,
                "marks": {"queued_messages": HIGH_MARK_MESSAGES},
                "history": self.history, "events": self.events}

    def frame(self):
        return {"type": "frame", "now": self.now,
                "nodes": [self._node(x) for x in self.nodes.values()],
                "links": [self._link(x) for x in self.links.values()],
                "holds": self._holds(), "rows": self._rows()}

    def _endpoint(self, name):
        return f"tcp://127.0.0.1:{7000 + self.nodes[name].index}"

    def _pressed(self, name):
        return sum(x.source == name and x.pressure != "none"
                   for x in self.links.values())

    def _node(self, node):
        age = None if node.reported is None else 80 + self.now - node.reported
        return {
            "name": node.name, "state": node.state, "age_ms": age,
            "since": node.since, "endpoint": self._endpoint(node.name),
            "roles": ["store"], "in_bps": int(node.rate * 110),
            "out_bps": int(node.rate * 140), "msgs_ps": int(node.rate),
            "requests_ps": int(node.rate * .4),
            "queued_bytes": node.queued * 120, "queued_messages": node.queued,
            "connections": 4 + node.index % 5,
            "pressed": self._pressed(node.name),
            "loop_busy": round(node.busy, 3),
            "rss": 24_000_000 + node.index * 500_000,
            "slow_bps": node.slow_bps,
            "p50_us": int(90 + node.busy * 100),
            "p99_us": int(400 + node.busy * 900 + node.queued * 3)}

    def _link(self, link):
        return {"from": link.source, "to": link.target, "state": link.state,
                "pressure": link.pressure, "since": link.since,
                "queued": link.queued, "unit": "messages",
                "msgs_ps": int(link.rate), "bps": link.bps}

    def _holds(self):
        return [{"node": x.source, "held": "kv_node 12",
                 "holder": f"outlet to {x.target} 34",
                 "since_ms": self.now - x.since, "queued": x.queued,
                 "unit": "messages", "to": x.target}
                for x in self.links.values() if x.pressure != "none"]

    def _rows(self):
        rows = []
        for i, link in enumerate(self.links.values()):
            pressed = link.pressure != "none"
            for kind in ("channel", "connection"):
                rows.append({
                    "node": link.source, "kind": kind, "id": 10 + i,
                    "name": "stream_broker" if kind == "connection"
                            else f"outlet to {link.target}",
                    "local": self._endpoint(link.source),
                    "remote": self._endpoint(link.target),
                    "state": link.state, "pressed": pressed,
                    "queued": link.queued, "peak": max(12, link.queued),
                    "unit": "messages",
                    "pressure_ms": self.now - link.since if pressed else 0,
                    "applied": int(pressed), "rejected": 0,
                    "in_bps": int(link.rate * 7),
                    "out_bps": int(link.rate * 120)})
        for node in self.nodes.values():
            rows.append({
                "node": node.name, "kind": "actor", "id": 12,
                "name": "kv_node", "local": "", "remote": "",
                "state": "running", "pressed": False,
                "queued": node.queued % 30, "peak": 40, "unit": "messages",
                "pressure_ms": 0, "applied": 0, "rejected": 0,
                "in_bps": 0, "out_bps": 0})
        rows.sort(key=lambda x: (-x["pressed"], -x["queued"]))
        return rows[:100]
