"""Two processes that send to each other: the rows, and how they are measured.

A new row is one line. Its program is run in two roles, see pair/job.h.
"""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.harness import report
from bench.harness.process import (
    Failed, Process, cpu_times_s, peak_rss_bytes, reset_peak_rss, rss_bytes,
    start_server)
from bench.harness.turns import take_turns

# Of job slow, in seconds and messages: 2,000,000 are offered to a receiver
# that handles 1,000 a second.
SLOW_S = 5
SLOW_MESSAGES = 2_000_000
# Where a run is ended, for the machine's sake.
MEMORY_MAX_BYTES = 2 << 30
# How long a sender may take besides the time it was given.
GRACE_S = 30


@dataclass(frozen=True)
class Pair:
    """A row: its name, and the program with its arguments."""

    name: str
    command: str

    @property
    def program(self):
        return self.command.split()[0]

    @property
    def args(self):
        return self.command.split()[1:]


RAW = Pair("raw TCP, blocking", "tcp_pair")
RAW_EPOLL = Pair("raw TCP, epoll before each read", "tcp_pair --epoll")
CHANNEL = Pair("Sluice channel", "channel_pair")
PINNED = Pair("Sluice channel, owners on the loop", "channel_pair --pinned")
SPIN = Pair("Sluice channel, owners on the loop, spin",
            "channel_pair --pinned --spin-us 200")
BESIDE = Pair("the same, bulk beside it on the same link",
              "channel_pair --pinned --beside")
BESIDE_OWN = Pair("the same, bulk beside it, each its own link",
                  "channel_pair --pinned --beside --own-link")
BASP_CAF = Pair("CAF remote sends", "basp_pair --middleman caf")
BASP_SLUICE = Pair("the same, Sluice's middleman",
                   "basp_pair --middleman sluice")
BASP_FLOW = Pair("Sluice's middleman, flow_actors",
                 "basp_pair --middleman sluice --flow")
ERLANG = Pair("Erlang distribution", "erlang_pair.escript")

# The first row of the first three is the yardstick of their ratios.
JOBS = {
    "stream": (RAW, CHANNEL, PINNED, BASP_CAF, BASP_SLUICE, BASP_FLOW, ERLANG),
    "bulk": (RAW, CHANNEL, PINNED, BASP_CAF, BASP_SLUICE, BASP_FLOW, ERLANG),
    "ping": (RAW, RAW_EPOLL, CHANNEL, PINNED, BESIDE, BESIDE_OWN, SPIN,
             BASP_CAF, BASP_SLUICE, ERLANG),
    "slow": (CHANNEL, BASP_CAF, BASP_FLOW, ERLANG),
}


def measure(lab, jobs):
    """Job -> row -> summary; `jobs` is job -> row -> command line."""
    results = {}
    for job, rows in jobs.items():
        if not rows:
            continue
        if job == "slow":
            results[job] = {pair.name: slow(lab, pair, argv)
                            for pair, argv in rows.items()}
        else:
            results[job] = summarize(take_turns(
                lab, f"pairs {job}", rows,
                lambda pair: run_once(lab, job, rows[pair])))
    return results


# -- rates --------------------------------------------------------------------


def run_once(lab, job, argv):
    with start_server([argv[0], "receive", *argv[1:]],
                      lab.server_cpu) as receiver:
        with start_sender(lab, job, argv, receiver, lab.seconds) as sender:
            strangers = Strangers((sender.pid, lab.client_cpu),
                                  (receiver.pid, lab.server_cpu))
            run = await_result(sender, lab.seconds + GRACE_S)
            run["waited"] = strangers.held_share()
            sender.finish(GRACE_S)
        receiver.stop()
        if receiver.popen.returncode != 0:
            raise Failed(f"the receiver ended with {receiver.popen.returncode}")
    return run


def start_sender(lab, job, argv, receiver, seconds, *more):
    return Process([argv[0], "send", *argv[1:], "--port", receiver.port,
                    "--job", job, "--seconds", seconds, *more],
                   lab.client_cpu, stdin=subprocess.PIPE)


def await_result(sender, limit_s):
    run = json.loads(sender.await_line(r"^\{.*\}$", limit_s)[0])
    if run["fault"]:
        raise Failed(run["fault"])
    return run


class Strangers:
    """How far others than the two processes held their cores from here on.

    The processes have several threads, which also wait for each other: how long
    they waited is too much. Others also use what the processes leave of the
    cores: how busy they were is too much. So it is the less of the two.
    """

    def __init__(self, *places):
        """Each of `places` is a process and the core that it runs on."""
        self.places = places
        self.begin = time.monotonic()
        self.before = self._read()

    def held_share(self):
        passed = time.monotonic() - self.begin
        share = 0
        for before, now in zip(self.before, self._read()):
            used, waited, busy = (b - a for a, b in zip(before, now))
            share = max(share, min(waited, busy - used) / passed)
        return share

    def _read(self):
        return [(*cpu_times_s(pid), busy_s(core))
                for pid, core in self.places]


def busy_s(core):
    """How long a core worked for somebody (proc(5)). Interrupts are left out:
    they are part of what is measured, and the kernel may count them twice."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system = map(int, ticks[:3])
            return (user + nice + system) / os.sysconf("SC_CLK_TCK")
    return 0


def summarize(runs):
    """Medians and ratios of one job; `runs` is pair -> one run a round."""
    def column(pair, key):
        return [None if run["fault"] else run[key] for run in runs[pair]]

    yardstick = column(next(iter(runs)), "rate")
    summary = {}
    for pair in runs:
        rates = column(pair, "rate")
        summary[pair.name] = {
            "rate": report.median_of(rates),
            "rates": rates,
            "ratio": report.ratio(rates, yardstick),
            "spread": report.spread(rates),
            "runs": runs[pair],
        }
        for key in ("mb_per_s", "p50_us", "p99_us", "waited"):
            summary[pair.name][key] = report.median_of(column(pair, key))
    return summary


# -- memory -------------------------------------------------------------------


def slow(lab, pair, argv):
    """Growth of both processes in MiB at its peak."""
    lab.note(f"pairs slow, {pair.name}")
    try:
        with start_server([argv[0], "receive", *argv[1:]],
                          lab.server_cpu) as receiver:
            with start_sender(lab, "slow", argv, receiver, SLOW_S, "--count",
                              SLOW_MESSAGES) as sender:
                result = watch_growth(sender, receiver)
                # A sender with a long queue would send all of it first, and
                # such a receiver handle it.
                sender.popen.kill()
                receiver.popen.kill()
    except (Failed, OSError) as why:
        lab.note(f"  {pair.name}: {why}")
        return {"fault": str(why)}
    return result


def watch_growth(sender, receiver):
    sides = {"sender": sender.pid, "receiver": receiver.pid}
    sender.await_line("^ready", GRACE_S)
    before = {}
    for side, pid in sides.items():
        reset_peak_rss(pid)
        before[side] = rss_bytes(pid)
    sender.order("go")
    result = {"stopped": False, "fault": None}
    deadline = time.monotonic() + SLOW_S + GRACE_S
    while True:
        try:
            result["offered"] = await_result(sender, 0.1)["messages"]
            break
        except Failed:
            if (time.monotonic() > deadline
                    or sender.popen.poll() is not None
                    or receiver.popen.poll() is not None):
                raise
        if max(map(rss_bytes, sides.values())) > MEMORY_MAX_BYTES:
            result["stopped"] = True
            break
    for side, pid in sides.items():
        growth = max(0, peak_rss_bytes(pid) - before[side])
        result[f"{side}_mib"] = growth / 2**20
    result["mib"] = max(result["sender_mib"], result["receiver_mib"])
    return result
