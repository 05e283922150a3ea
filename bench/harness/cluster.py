"""A cluster of three nodes on this machine: a command to the node that has the
key against one that has to forward it, and writes with one replica against a
Redis with one replica and WAIT 1. Nothing is pinned: three nodes and their
client share the cores, as on any machine that is too small.
"""

import json
import re
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, ExitStack
from pathlib import Path

from bench.harness import report
from bench.harness.process import Failed, until
from bench.harness.redis import free_port, parse

NODES = 3
CLIENTS = 50
GET_REQUESTS = 500_000
RUN_LIMIT_S = 120
START_LIMIT_S = 30
KEY = "key:__rand_int__"  # what redis-benchmark asks for without -r


@contextmanager
def running(argv):
    process = subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask(path, request):
    """One line to an admin interface, and its answer; None if nobody is
    there."""
    with socket.socket(socket.AF_UNIX) as there:
        there.settimeout(2)
        try:
            there.connect(str(path))
            there.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(there.makefile().readline())
        except (OSError, ValueError):
            return None


class Node:
    def __init__(self, name, folder, resp_port):
        self.name = name
        self.admin = folder / f"{name}.sock"
        self.resp_port = resp_port

    def status(self):
        return ask(self.admin, {"do": "status"}) or {}

    def is_ready(self):
        x = self.status()
        return (x.get("state") == "member" and len(x["members"]) == NODES
                and x["shards"]["under_replicated"] == 0
                and x["shards"]["moving"] == 0)


@contextmanager
def cluster(program):
    """Three nodes that are members, with all copies in place."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ends = [f"tcp://127.0.0.1:{free_port()}" for _ in range(NODES)]
        nodes = [Node(f"n{i + 1}", folder, free_port()) for i in range(NODES)]
        for node, end in zip(nodes, ends):
            stack.enter_context(running([
                program, "--name", node.name, "--listen", end, "--seeds",
                ",".join(ends), "--resp", f"tcp://127.0.0.1:{node.resp_port}",
                "--admin", f"unix://{node.admin}"]))
        until(lambda: all(x.is_ready() for x in nodes), START_LIMIT_S,
              "the cluster did not become ready")
        yield nodes


@contextmanager
def redis_pair(server):
    """The port of a Redis that has a replica."""
    with ExitStack() as stack:
        ports = free_port(), free_port()
        common = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                  "--daemonize", "no"]
        for port in ports:
            extra = (["--replicaof", "127.0.0.1", ports[0]]
                     if port != ports[0] else [])
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            stack.enter_context(running([server, "--port", port, "--dir",
                                         folder, *common, *extra]))

        def has_replica():
            try:
                with socket.create_connection(("127.0.0.1", ports[0]), 1) as c:
                    c.sendall(b"WAIT 1 100\r\n")
                    return c.recv(64).startswith(b":1")
            except OSError:
                return False

        until(has_replica, START_LIMIT_S, "the replica did not come up")
        yield ports[0]


def owner_of_key(nodes):
    """The node that has redis-benchmark's key: it forwards nothing."""
    for node in nodes:
        before = node.status()["totals"]["forwarded"]
        with socket.create_connection(("127.0.0.1", node.resp_port)) as c:
            c.sendall(f"SET {KEY} xxx\r\n".encode())
            c.recv(64)
        if node.status()["totals"]["forwarded"] == before:
            return node
    raise Failed("no node has the key")


def get_rate(benchmark, port):
    done = subprocess.run(
        [benchmark, "-h", "127.0.0.1", "-p", str(port), "-t", "get", "-n",
         str(GET_REQUESTS), "-c", str(CLIENTS), "-P", "16", "--csv"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=RUN_LIMIT_S)
    return parse(done.stdout)["GET"]


def write_rate(load, port, pipeline, seconds, wait):
    argv = [load, "--nodes", f"tcp://127.0.0.1:{port}", "--clients", CLIENTS,
            "--pipeline", pipeline, "--writes", 100, "--seconds",
            max(1, round(seconds)), "--wait", wait]
    done = subprocess.run(list(map(str, argv)), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=RUN_LIMIT_S)
    found = re.search(r"([\d.]+) a second; longest.* 0 other errors",
                      done.stdout.strip().splitlines()[-1])
    if not found:
        raise Failed("load: " + done.stdout[-200:])
    return float(found[1])


def measure(lab, programs):
    """`programs`: name -> path. Rates by row, and ratios to the first row of
    each table."""
    gets = {"at the node that has the key": [], "at another node": []}
    writes = {p: {"redis-server, one replica, WAIT 1": [],
                  "kv_cluster, any node": []} for p in (1, 16)}
    with cluster(programs["kv_cluster"]) as nodes, \
            redis_pair(programs["redis-server"]) as redis:
        owner = owner_of_key(nodes)
        other = next(x for x in nodes if x is not owner)
        for turn in range(lab.rounds):
            lab.note(f"cluster, round {turn + 1} of {lab.rounds}")
            for row, node in zip(gets, (owner, other)):
                gets[row].append(get_rate(programs["redis-benchmark"],
                                          node.resp_port))
            for pipeline, rows in writes.items():
                for row, port, wait in zip(rows, (redis, other.resp_port),
                                           (1, 0)):
                    rows[row].append(write_rate(
                        programs["kv_cluster_load"], port, pipeline,
                        2 * lab.seconds, wait))
    return {"GET -P 16": summarize(gets),
            **{f"SET, {p} under way": summarize(x)
               for p, x in writes.items()}}


def members(program, seconds):
    """The table that members_bench prints."""
    done = subprocess.run([str(program), "--seconds", str(seconds)],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=600)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return done.stdout.strip()


def summarize(rows):
    baseline = rows[next(iter(rows))]
    return {name: {"rate": report.median_of(samples), "rates": samples,
                   "ratio": report.ratio(samples, baseline),
                   "spread": report.spread(samples)}
            for name, samples in rows.items()}
