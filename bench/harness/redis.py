"""redis-benchmark against redis-server and against Sluice's kv, in turn."""

import csv
import io
import socket
import subprocess
from contextlib import contextmanager

from bench.harness import report
from bench.harness.process import Failed, Process, prepare_child
from bench.harness.servers import REDIS

CLIENTS = 50
PIPELINED = (1, 16)
START_LIMIT_S = 10
RUN_LIMIT_S = 120


def free_port():
    """A port that was free a moment ago: redis-server cannot choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def start(lab, server, argv):
    """The server's port, while it runs."""
    if server is not REDIS:
        with lab.start(argv) as process:
            yield process.port
        return
    port = free_port()
    command = [*argv, "--port", port, "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--daemonize", "no"]
    with Process(command, lab.server_cpu) as process:
        process.await_line("Ready to accept connections", START_LIMIT_S)
        yield port


def parse(text):
    """Requests a second by test, from redis-benchmark's --csv."""
    begin = text.index('"test"')
    return {row["test"]: float(row["rps"])
            for row in csv.DictReader(io.StringIO(text[begin:]))}


def run_benchmark(lab, benchmark, port, pipelined, requests):
    argv = [benchmark, "-h", "127.0.0.1", "-p", port, "-t", "set,get",
            "-n", requests, "-c", CLIENTS, "--csv"]
    if pipelined > 1:
        argv += ["-P", pipelined]
    try:
        done = subprocess.run(
            list(map(str, argv)), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=RUN_LIMIT_S,
            preexec_fn=prepare_child(lab.client_cpu))
        return parse(done.stdout)
    except subprocess.TimeoutExpired:
        raise Failed("redis-benchmark did not end") from None
    except (ValueError, KeyError):
        raise Failed("redis-benchmark: "
                     + (done.stderr.strip() or "no figures")) from None


def measure(lab, benchmark, servers, requests):
    """Rates and ratios by test; the first server is the yardstick."""
    rates = {}
    for pipelined in PIPELINED:
        for turn in range(lab.rounds):
            lab.note(f"redis-benchmark, -P {pipelined}, round {turn + 1} of "
                     f"{lab.rounds}")
            for server, argv in servers.items():
                found = {}
                try:
                    with start(lab, server, argv) as port:
                        found = run_benchmark(lab, benchmark, port, pipelined,
                                              requests)
                except Failed as why:
                    lab.note(f"  {server.name}: {why}")
                for test in ("SET", "GET"):
                    name = test if pipelined == 1 else f"{test} -P {pipelined}"
                    rates.setdefault(name, {}).setdefault(
                        server.name, []).append(found.get(test))
    return {test: summarize(rows) for test, rows in rates.items()}


def summarize(rows):
    """`rows` is server -> one rate a round."""
    baseline = rows[next(iter(rows))]
    return {
        name: {
            "rate": report.median_of(samples),
            "rates": samples,
            "ratio": report.ratio(samples, baseline),
            "spread": report.spread(samples),
        }
        for name, samples in rows.items()
    }
