#!/usr/bin/env python3
"""What the page costs a browser: CPU of all its processes that draw, and memory,
with frames in real time.

  measure_page.py [--nodes N] [--seconds S] [--all-links] [--scroll] [--bare]

--bare is what the browser takes for frames that nobody reads: the least that a
page could cost on this machine, with what else runs on it.
"""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../../.."))
sys.path[:0] = [ROOT]

from tests.actors.observe.assets.fake_cluster import (  # noqa: E402
    FakeCluster)
from tests.actors.observe.assets.fake_node import FakeNode  # noqa: E402
from tests.support.browser import Browser  # noqa: E402
from tests.support.process_stats import cpu_seconds  # noqa: E402

DRAWING = ("renderer", "gpu-process")


def drawing_seconds(browser):
    return sum(cpu_seconds(x) for x, kind in browser.processes().items()
               if kind in DRAWING)


def measure(browser, node, seconds, frames):
    task = browser.metrics()["TaskDuration"]
    used, began = drawing_seconds(browser), time.monotonic()
    while time.monotonic() < began + seconds:
        if frames:
            node.step()
        time.sleep(.5)
    took = time.monotonic() - began
    return ((drawing_seconds(browser) - used) / took,
            (browser.metrics()["TaskDuration"] - task) / took)


def main():
    reading = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    reading.add_argument("--nodes", type=int, default=50)
    reading.add_argument("--seconds", type=float, default=60)
    reading.add_argument("--all-links", action="store_true")
    reading.add_argument("--scroll", action="store_true",
                         help="look at the table, not at the picture")
    reading.add_argument("--bare", action="store_true",
                         help="frames come, and are thrown away")
    asked = reading.parse_args()
    cluster = FakeCluster(asked.nodes, 3, idle_links=asked.all_links)
    for _ in range(240):
        cluster.step()
    cluster.slow("n2")
    with FakeNode(cluster, assets=os.path.join(
            ROOT, "actors/observe/assets")) as node, Browser() as browser:
        if asked.bare:
            browser.open(node.url + "page.css")
            browser.run("window.socket = new WebSocket(arguments[0])",
                        f"ws://127.0.0.1:{node.port}/live")
        else:
            browser.open(node.url)
        node.await_visit()
        node.step(4)
        if asked.scroll:
            browser.run("document.querySelector('#rows').scrollIntoView()")
        measure(browser, node, 5, True)
        cpu, task = measure(browser, node, asked.seconds, True)
        heap = browser.heap_bytes()
        print(f"{asked.nodes} nodes, {len(cluster.links)} links: "
              f"{100 * cpu:.2f} % of a core in renderer and GPU process, "
              f"{100 * task:.2f} % in tasks of the page; heap "
              f"{heap / 1e6:.1f} MB, {browser.metrics()['Nodes']:.0f} DOM nodes; "
              f"console: {browser.problems()}")


if __name__ == "__main__":
    main()
