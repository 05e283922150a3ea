#!/usr/bin/env python3
"""What the page costs a browser: CPU of all its processes that draw, and memory,
with frames in real time.

  measure_page.py [--nodes N] [--seconds S] [--all-links | --pings | --all-busy]
                  [--calm] [--scroll] [--bare] [--assets FOLDER]

Without more each node sends to three others, and there are no other links. With
--all-links there are, and nothing is sent over them; with --pings they are pinged,
as a channel is every 5 s; with --all-busy everybody sends to everybody. n2 is slow
and waited for, except with --calm.

--bare is what the browser takes for frames that nobody reads: the least that a
page could cost on this machine, with what else runs on it. --assets measures
another version of the page.
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
WARM_UP_S = 6

# What the page changes is counted before the measurement, which it would disturb.
COUNT = """
const seen = window.seen = {childList: 0, attributes: 0, characterData: 0};
window.watch = new MutationObserver(found => {
  for (const x of found)
    seen[x.type] += x.type === 'childList'
      ? x.addedNodes.length + x.removedNodes.length : 1;
});
watch.observe(document.body, {subtree: true, childList: true, attributes: true,
                              characterData: true});
"""


def drawing_seconds(browser):
    return sum(cpu_seconds(x) for x, kind in browser.processes().items()
               if kind in DRAWING)


def show_frames(node, seconds):
    """One each half second, whatever it takes to make it."""
    began = time.monotonic()
    for i in range(round(2 * seconds)):
        node.step()
        time.sleep(max(0, began + (i + 1) / 2 - time.monotonic()))
    return time.monotonic() - began


def measure(browser, node, seconds):
    task = browser.metrics()["TaskDuration"]
    used = drawing_seconds(browser)
    took = show_frames(node, seconds)
    return ((drawing_seconds(browser) - used) / took,
            (browser.metrics()["TaskDuration"] - task) / took)


def count_changes(browser, node):
    """Elements put in or taken out, attributes and texts, a frame."""
    browser.run(COUNT)
    show_frames(node, WARM_UP_S)
    seen = browser.run("watch.disconnect(); return seen")
    return [seen[x] / (2 * WARM_UP_S)
            for x in ("childList", "attributes", "characterData")]


def read_arguments():
    reading = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    reading.add_argument("--nodes", type=int, default=50)
    reading.add_argument("--seconds", type=float, default=60)
    links = reading.add_mutually_exclusive_group()
    links.add_argument("--all-links", action="store_true",
                       help="also those over which nothing goes")
    links.add_argument("--pings", action="store_true",
                       help="over those goes a ping now and then")
    links.add_argument("--all-busy", action="store_true",
                       help="everybody sends to everybody")
    reading.add_argument("--calm", action="store_true", help="no node is slow")
    reading.add_argument("--scroll", action="store_true",
                         help="look at the table, not at the picture")
    reading.add_argument("--bare", action="store_true",
                         help="frames come, and are thrown away")
    reading.add_argument("--assets", default=os.path.join(
        ROOT, "actors/observe/assets"))
    return reading.parse_args()


def main():
    asked = read_arguments()
    cluster = FakeCluster(asked.nodes, None if asked.all_busy else 3,
                          idle_links=asked.all_links, pings=asked.pings)
    for _ in range(240):
        cluster.step()
    if not asked.calm:
        cluster.slow("n2")
    with FakeNode(cluster, assets=asked.assets) as node, Browser() as browser:
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
        moved, attributes, texts = count_changes(browser, node)
        cpu, task = measure(browser, node, asked.seconds)
        heap = browser.heap_bytes()
        print(f"{asked.nodes} nodes, {len(cluster.links)} links: "
              f"{100 * cpu:.2f} % of a core in renderer and GPU process, "
              f"{100 * task:.2f} % in tasks of the page; a frame moves "
              f"{moved:.0f} elements and writes {attributes:.0f} attributes and "
              f"{texts:.0f} texts; heap {heap / 1e6:.1f} MB, "
              f"{browser.metrics()['Nodes']:.0f} DOM nodes; "
              f"console: {browser.problems()}")


if __name__ == "__main__":
    main()
