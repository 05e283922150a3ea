"""The measurements, each from outside the server that it judges."""

import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

from bench.harness import report
from bench.harness.process import (
    Failed, Process, descriptor_count, peak_rss_bytes, prepare_child,
    reset_peak_rss, rss_bytes, settled_rss_bytes, start_server, until)
from bench.harness.turns import take_turns

STRACE_S = 3
GROWTH_S = 5
IDLE_LIMIT_S = 60


class Lab:
    """The load generator, the two cores and how long to measure."""

    def __init__(self, load, server_cpu, client_cpu, rounds, seconds, warmup,
                 note):
        self.load = load
        self.server_cpu = server_cpu
        self.client_cpu = client_cpu
        self.rounds = rounds
        self.seconds = seconds
        self.warmup = warmup
        self.note = note

    def start(self, argv):
        return start_server(argv, self.server_cpu)

    def run_load(self, server, cell, seconds, warmup):
        """One run of `load echo`; its result as a dictionary."""
        argv = [self.load, "echo", "--port", server.port,
                "--connections", cell.connections, "--bytes", cell.bytes,
                "--pipelined", cell.pipelined, "--seconds", seconds,
                "--warmup", warmup, "--watch-pid", server.pid]
        try:
            done = subprocess.run(
                list(map(str, argv)), stdin=subprocess.DEVNULL,
                capture_output=True, text=True,
                timeout=seconds + warmup + 15,
                preexec_fn=prepare_child(self.client_cpu))
        except subprocess.TimeoutExpired:
            raise Failed("the load generator did not end") from None
        if not done.stdout:
            raise Failed(done.stderr.strip() or "the load generator failed")
        result = json.loads(done.stdout)
        if result["fault"]:
            raise Failed(result["fault"])
        return result

    def hold(self, job, server, **options):
        """The load generator as a quiet client; see `load --help`."""
        argv = [self.load, job, "--port", server.port]
        for name, value in options.items():
            argv += [f"--{name}", value]
        return Process(argv, self.client_cpu, stdin=subprocess.PIPE)


def echo(lab, servers, cells):
    """Messages a second: all servers in turn, round by round, cell by cell.

    Each run gets a fresh server. Each round begins with another server, so
    that no place in the order is always the same one's.
    """
    results = {}
    for cell in cells:
        def run(server):
            with lab.start(servers[server]) as process:
                result = lab.run_load(process, cell, lab.seconds, lab.warmup)
            result["waited"] = waited(result, server)
            return result

        results[cell.name] = summarize_echo(
            take_turns(lab, f"echo {cell.name}", servers, run))
    return results


def waited(run, server):
    """The share of the window that a side waited for its core."""
    seconds = [run["client_waited_s"]]
    if not server.many_threads:
        seconds.append(run["server_waited_s"])
    return max(seconds) / run["seconds"]


def summarize_echo(runs):
    """Medians and ratios of one cell; `runs` is server -> one run a round."""
    def column(server, value):
        return [None if run["fault"] else value(run) for run in runs[server]]

    def rate(run):
        return run["messages_per_s"]

    def rate_of_core(run):
        # 0 where the kernel keeps no account of a process's CPU time.
        used = run["server_cpu_s"]
        return run["messages"] / used if used else None

    baseline = next(iter(runs))
    summary = {}
    for server in runs:
        rates = column(server, rate)
        summary[server.name] = {
            "rate": report.median_of(rates),
            "rates": rates,
            "ratio": report.ratio(rates, column(baseline, rate)),
            "core_ratio": report.ratio(column(server, rate_of_core),
                                       column(baseline, rate_of_core)),
            "spread": report.spread(rates),
            "runs": runs[server],
        }
        for key, value in (
                ("mb_per_s", lambda run: run["mb_per_s"]),
                ("p50_us", lambda run: run["p50_us"]),
                ("p99_us", lambda run: run["p99_us"]),
                ("server_core",
                 lambda run: run["server_cpu_s"] / run["seconds"]),
                ("waited", lambda run: run["waited"])):
            summary[server.name][key] = report.median_of(column(server, value))
    return summary


def parse_strace(text):
    """Calls by name from the table of `strace -c`."""
    calls = {}
    for line in text.splitlines():
        # % time, seconds, usecs/call, calls, [errors,] name
        match = re.match(
            r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+([a-z_]\w*)\s*$",
            line)
        if match and match[2] != "total":
            calls[match[2]] = calls.get(match[2], 0) + int(match[1])
    return calls


def syscalls(lab, servers, cell):
    """System calls a message, over the whole life of the cell's connections.

    strace is attached before the first connection and taken off after the
    last message, so that calls and messages are of the same window: opening
    and closing the connections is in it, some hundredths of a call a message.
    """
    results = {}
    for server, argv in servers.items():
        lab.note(f"system calls, {server.name}")
        try:
            with lab.start(argv) as process:
                results[server.name] = count_syscalls(lab, process, cell)
        except Failed as why:
            lab.note(f"  {server.name}: {why}")
            results[server.name] = {"fault": str(why)}
    return results


def count_syscalls(lab, server, cell):
    tasks = Path(f"/proc/{server.pid}/task")

    def traced():
        return all(re.search(r"^TracerPid:\s+[1-9]", status.read_text(), re.M)
                   for status in tasks.glob("*/status"))

    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary"
        # Without --seccomp-bpf and the like: every call stops and is counted.
        with Process(["strace", "-c", "-f", "-o", summary, "-p", server.pid],
                     lab.server_cpu) as strace:
            until(lambda: traced() or strace.popen.poll() is not None, 10,
                  "strace did not attach")
            if strace.popen.poll() is not None:
                raise Failed("strace may not attach to a process here")
            run = lab.run_load(server, cell, STRACE_S, 0)
        calls = parse_strace(summary.read_text())
    messages = run["messages_total"]
    return {
        "per_message": sum(calls.values()) / messages,
        "messages": messages,
        "calls": dict(sorted(calls.items(), key=lambda kv: -kv[1])),
    }


def growth(lab, servers):
    """Growth in MiB at its peak while a peer never reads."""
    results = {}
    for server, argv in servers.items():
        lab.note(f"a peer that never reads, {server.name}")
        try:
            with lab.start([*argv, "--seconds", str(GROWTH_S)]) as process:
                reset_peak_rss(process.pid)
                before = rss_bytes(process.pid)
                with lab.hold("never-read", process,
                              seconds=GROWTH_S + 10) as client:
                    client.await_line("^connected 1", 5)
                    # How long the server writes is the measurement.
                    time.sleep(GROWTH_S + 0.5)
                    peak = peak_rss_bytes(process.pid)
            results[server.name] = {"mib": max(0, peak - before) / 2**20,
                                    "before_mib": before / 2**20}
        except (Failed, OSError) as why:
            lab.note(f"  {server.name}: {why}")
            results[server.name] = {"fault": str(why)}
    return results


def idle(lab, servers, connections):
    """Resident bytes for each of many connections: before any has spoken, and
    after each has sent one message and received it."""
    results = {}
    for server, argv in servers.items():
        lab.note(f"{connections} idle connections, {server.name}")
        try:
            with lab.start(argv) as process:
                results[server.name] = measure_idle(lab, process, connections)
        except (Failed, OSError) as why:
            lab.note(f"  {server.name}: {why}")
            results[server.name] = {"fault": str(why)}
    return results


def measure_idle(lab, server, connections):
    # What the first connection ever costs is not what each one costs.
    with lab.hold("idle", server, connections=1, seconds=10) as first:
        first.await_line("^connected", 5)
        first.order("speak")
        first.await_line("^spoke", 5)
    quiet_descriptors = descriptor_count(server.pid)
    before = settled_rss_bytes(server.pid)
    with lab.hold("idle", server, connections=connections,
                  seconds=IDLE_LIMIT_S) as client:
        client.await_line("^connected", IDLE_LIMIT_S)
        # connect(2) succeeds before the server has accepted.
        until(lambda: descriptor_count(server.pid)
              >= quiet_descriptors + connections,
              20, "the server did not accept all connections")
        quiet = settled_rss_bytes(server.pid)
        client.order("speak")
        client.await_line("^spoke", IDLE_LIMIT_S)
        spoken = settled_rss_bytes(server.pid)
    return {"bytes_quiet": (quiet - before) / connections,
            "bytes_spoken": (spoken - before) / connections}
