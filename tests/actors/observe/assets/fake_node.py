#!/usr/bin/env python3
"""The node's side of the page without a node: its files and its WebSocket.

As a module: `FakeNode`, for tests. As a program: a cluster to look at,

  fake_node.py [--port PORT] [--scenario NAME] [--nodes N]
"""

import argparse
import asyncio
import collections
import http
import json
import mimetypes
import os
import sys
import threading
import time

import websockets

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../../..")]

from tests.actors.observe.assets.fake_cluster import (  # noqa: E402
    FakeCluster, SILENT_AFTER_MS)

ASSETS = "actors/observe/assets"
PATIENCE_S = 10
HEADERS = [
    ("Content-Security-Policy", "default-src 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-cache"),
]


def wall_ms():
    return int(time.time() * 1000)


class FakeNode:
    """Serves the page from a thread of its own; a context manager.

    Nothing is sent unless asked for: `step` moves the cluster on and sends the
    frame, `run` does so in real time. `commands` holds what browsers asked;
    each is done to the cluster and answered, unless `answer` is replaced. Unless it
    `begins_late`, a page gets a frame at once, after the hello.
    """

    def __init__(self, cluster, port=0, assets=ASSETS, name="n1",
                 controls=None, begins_late=False):
        self.cluster = cluster
        self.port = port
        self.name = name
        self.controls = controls
        self.begins_late = begins_late
        self.commands = []
        self.visits = 0
        self.answer = self.obey
        self.frame = cluster.step()
        self._assets = os.path.abspath(assets)
        self._browsers = set()
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._sent_events = cluster.sequence
        self._thread = threading.Thread(target=self._loop.run_forever,
                                        daemon=True)
        self._thread.start()
        self.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    # -- the wire -----------------------------------------------------------

    def listen(self):
        """Listens (again, at the same port, after `hang_up`)."""
        async def begin():
            return await websockets.serve(
                self._serve, "127.0.0.1", self.port, ping_interval=None,
                process_request=self._file, compression=None)
        self._server = self._await(begin())
        self.port = self._server.sockets[0].getsockname()[1]

    def hang_up(self):
        """Ends every connection and refuses new ones."""
        async def end():
            if self._server:
                self._server.close()
                await self._server.wait_closed()
                self._server = None
        self._await(end())

    def send(self, message):
        """To every browser: an object as JSON, a text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        async def give():
            for browser in list(self._browsers):
                await browser.send(text)
        self._await(give())

    def _await(self, what):
        return asyncio.run_coroutine_threadsafe(
            what, self._loop).result(PATIENCE_S)

    async def _file(self, path, _headers):
        path = path.partition("?")[0]
        if path == "/live":
            return None
        name = os.path.join(self._assets, path.lstrip("/") or "index.html")
        if not os.path.abspath(name).startswith(self._assets + os.sep) or (
                not os.path.isfile(name)):
            return http.HTTPStatus.NOT_FOUND, HEADERS, b"no such page\n"
        with open(name, "rb") as f:
            body = f.read()
        kind = ("text/javascript" if name.endswith(".js")
                else mimetypes.guess_type(name)[0] or "text/plain")
        return http.HTTPStatus.OK, HEADERS + [
            ("Content-Type", f"{kind}; charset=utf-8"
             if kind.startswith("text") else kind)], body

    async def _serve(self, browser):
        # Nothing awaited before it is one of the browsers: no frame is missed.
        hello = json.dumps(self.cluster.hello(self.name, self.controls))
        await browser.send(hello)
        if not self.begins_late:
            await browser.send(json.dumps(self.frame))
        with self._news:
            self._browsers.add(browser)
            self.visits += 1
            self._news.notify_all()
        try:
            async for text in browser:
                with self._news:
                    command = json.loads(text)
                    self.commands.append(command)
                    answer = self.answer(command)
                    self._news.notify_all()
                if answer is not None:
                    await browser.send(json.dumps(answer))
        except websockets.ConnectionClosed:
            pass
        finally:
            with self._news:
                self._browsers.discard(browser)
                self._news.notify_all()

    # -- what happens ---------------------------------------------------------

    def step(self, count=1, interval_ms=None):
        """Moves the cluster on, and sends the events and the frame."""
        for _ in range(count):
            if interval_ms is None:
                frame = self.cluster.step()
            else:
                frame = self.cluster.step(interval_ms)
            self.frame = frame
            for event in self._new_events():
                self.send(event)
            self.send(frame)

    def _new_events(self):
        found = [x for x in self.cluster.events if x["seq"] > self._sent_events]
        self._sent_events = self.cluster.sequence
        return found

    def run(self, seconds, each=lambda: None):
        """In real time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            each()
            self.step()
            time.sleep(.5)

    def obey(self, command):
        """Does a command to the cluster; returns the result for the page."""
        do, node = command["do"], command.get("node")
        said = {"type": "result", "id": command["id"], "ok": True}
        if node is not None and node not in self.cluster.nodes:
            return {**said, "ok": False, "text": f"There is no node {node}."}
        actions = {
            "slow": lambda: self.cluster.slow(node, command["bytes_per_s"]),
            "stop": lambda: self.cluster.stop(node),
            "cont": lambda: self.cluster.cont(node),
            "kill": lambda: self.cluster.kill(node),
            "start": lambda: self.cluster.start(node),
            "cut": lambda: self.cluster.cut(node, command["peer"]),
            "heal": lambda: self.cluster.heal(node),
        }
        if do not in actions:
            return {**said, "ok": False, "text": f"Nobody knows how to {do}."}
        actions[do]()
        text = {
            "slow": lambda: f"{node} sends at most {command['bytes_per_s']} "
                            "bytes a second now.",
            "heal": lambda: "Everything is healed.",
        }.get(do, lambda: f"Done: {do} {node}.")()
        return {**said, "text": text}

    def await_visit(self, count=1):
        """Until that many browsers have come in all."""
        with self._news:
            assert self._news.wait_for(lambda: self.visits >= count,
                                       PATIENCE_S), "no browser came"

    def await_command(self, count=1):
        """The command of that number."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.commands) >= count,
                                       PATIENCE_S), f"only {self.commands}"
            return self.commands[count - 1]


# -- scenarios ------------------------------------------------------------------

def calm(_cluster, _tick):
    pass


def slow(cluster, tick):
    if tick == 20:
        cluster.slow("n2")
    if tick == 120:
        cluster.heal()


def cut(cluster, tick):
    if tick == 20:
        cluster.cut("n1", "n3")


def kill(cluster, tick):
    if tick == 20:
        cluster.kill("n3")


def silent(cluster, tick):
    if tick == 20:
        cluster.stop("n2")
    if tick == 20 + 2 * SILENT_AFTER_MS // 500:
        cluster.suspect("n2")


def trouble(cluster, tick):
    """Something of everything."""
    names = list(cluster.nodes)
    at = {10: lambda: cluster.slow(names[1]),
          14: lambda: cluster.cut(names[0], names[2]),
          18: lambda: cluster.stop(names[-1]),
          20: lambda: cluster.kill(names[-2]) if len(names) > 4 else None,
          24: lambda: cluster.stall(*list(cluster.links)[-1])}
    at.get(tick, lambda: None)()


SCENARIOS = {x.__name__: x for x in (calm, slow, cut, kill, silent, trouble)}


def main():
    reading = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    reading.add_argument("--port", type=int, default=0)
    reading.add_argument("--scenario", choices=SCENARIOS, default="calm")
    reading.add_argument("--nodes", type=int, default=3)
    reading.add_argument("--assets", default=ASSETS)
    asked = reading.parse_args()
    fanout = None if asked.nodes <= 8 else 3
    cluster = FakeCluster(asked.nodes, fanout, start_ms=wall_ms() - 60_000)
    for _ in range(120):
        cluster.step()
    ticks = collections.Counter()

    def each():
        SCENARIOS[asked.scenario](cluster, ticks["now"])
        ticks["now"] += 1

    with FakeNode(cluster, asked.port, asked.assets) as node:
        print(node.url, flush=True)
        node.run(24 * 3600, each)


if __name__ == "__main__":
    main()
