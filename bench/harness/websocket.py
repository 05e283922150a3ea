"""WebSocket fan-out: one message to a thousand clients, ours against Node's ws."""

import json
import subprocess

from bench.harness import report
from bench.harness.process import Failed, prepare_child
from bench.harness.turns import column, take_turns

CLIENTS = 1_000
BYTES = 1_024


def measure(lab, load, servers):
    """Row -> summary; `servers` is row -> command line, alternating."""
    return summarize(take_turns(
        lab, "websocket", servers,
        lambda row: run_once(lab, load, servers[row])))


def run_once(lab, load, server):
    argv = [*server, "--clients", CLIENTS, "--bytes", BYTES]
    with lab.start(argv) as process:
        argv = [load, "--port", process.port, "--pid", process.pid, "--clients",
                CLIENTS, "--bytes", BYTES, "--seconds", lab.seconds]
        try:
            done = subprocess.run(
                list(map(str, argv)), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=lab.seconds + 30,
                preexec_fn=prepare_child(lab.client_cpu))
        except subprocess.TimeoutExpired:
            raise Failed("fan_out_load did not end") from None
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or "fan_out_load failed")
    found = json.loads(done.stdout)
    if found["fewest"] == 0:
        raise Failed("a client got nothing")
    return {"fault": None, "rate": found["messages_per_s"],
            "cpu_us": found["server_us_per_message"],
            "waited": found["server_waited_s"] / lab.seconds}


def summarize(runs):
    """Medians and ratios; `runs` is row -> one run a round."""
    first = next(iter(runs))
    summary = {}
    for row in runs:
        summary[row] = {"runs": runs[row]}
        for key in ("rate", "cpu_us"):
            mine = column(runs, row, key)
            summary[row][key] = report.median_of(mine)
            summary[row][key + "_ratio"] = report.ratio(
                mine, column(runs, first, key))
        summary[row]["waited"] = report.median_of(column(runs, row, "waited"))
    return summary
