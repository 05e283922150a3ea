"""The results of the pairs as Markdown. No input or output, only text."""

from dataclasses import dataclass
from typing import Optional

from bench.harness import report
from bench.harness.pairs import (
    BASP_CAF, BASP_FLOW, BASP_SLUICE, CHANNEL, ERLANG, PINNED, RAW, SPIN, Pair)


@dataclass(frozen=True)
class Target:
    """What a row is to reach: a figure, or a ratio to another row."""

    job: str
    row: Pair
    kind: str
    bound: float
    against: Optional[Pair] = None


TARGETS = (
    Target("stream", CHANNEL, "min", 2_000_000),
    Target("stream", BASP_SLUICE, "min", 0.97, BASP_CAF),
    Target("bulk", CHANNEL, "min", 0.9, RAW),
    Target("ping", PINNED, "min", 1, RAW),
    Target("ping", SPIN, "min", 1, ERLANG),
    Target("slow", CHANNEL, "max", 16),
    Target("slow", BASP_FLOW, "max", 16),
)

TITLES = {
    "stream": "Pairs, stream: numbers handled a second, one way",
    "bulk": "Pairs, bulk: MB a second, one way, in messages of 64 KiB",
    "ping": "Pairs, ping: round trips a second, one at a time",
    "slow": "Pairs, slow: growth in MiB while 2,000,000 are offered in 5 s to "
            "a receiver that handles 1,000 a second",
}


def pairs(jobs):
    """The tables of the section; `jobs` is job -> row -> summary."""
    for job, rows in jobs.items():
        if job == "slow":
            header = ["pair", "sender", "receiver", "offered"]
            cells = slow_cells
        else:
            header = ["pair", "MB/s" if job == "bulk" else "rate",
                      "ratio to the first row"]
            if job == "ping":
                header += ["median us", "99 % us"]
            header += ["spread"]
            cells = rate_cells
        yield TITLES[job], report.table(
            [*header, "to be reached"],
            [[name, *cells(job, row), goal(job, rows, name)]
             for name, row in rows.items()])


def rate_cells(job, row):
    rate = (report.significant(row["mb_per_s"]) if job == "bulk"
            else report.count(row["rate"]))
    yield rate
    yield report.two_digits(row["ratio"])
    if job == "ping":
        yield report.significant(row["p50_us"])
        yield report.significant(row["p99_us"])
    yield "-" if row["spread"] is None else f"{row['spread']:.0%}"


def slow_cells(_, row):
    if row["fault"]:
        return ["failed", "failed", "-"]
    offered = "ended at 2 GiB" if row["stopped"] else report.count(
        row["offered"])
    return [report.significant(row["sender_mib"]),
            report.significant(row["receiver_mib"]), offered]


def goal(job, rows, name):
    """What the row was to reach, and whether it did."""
    for target in TARGETS:
        if (target.job, target.row.name) != (job, name):
            continue
        value = measured(rows, target)
        if value is None:
            return "not measured"
        sign = ">=" if target.kind == "min" else "<="
        bound = (report.count(target.bound) if target.bound >= 1000
                 else str(target.bound))
        text = f"{sign} {bound}"
        if target.against:
            text += f" of {target.against.name} ({value:.2f})"
        verdict = ("disturbed, no verdict" if is_disturbed(rows, target)
                   else report.verdict(value, target.kind, target.bound))
        return f"{text}: {verdict}"
    return ""


def measured(rows, target):
    row = rows[target.row.name]
    if target.job == "slow":
        return row.get("mib")
    if target.against is None:
        return row["rate"]
    if target.against.name not in rows:
        return None
    return report.ratio(row["rates"], rows[target.against.name]["rates"])


def is_disturbed(rows, target):
    return any((rows.get(row.name, {}).get("waited") or 0) > report.WAITED_MAX
               for row in (target.row, target.against) if row)


def doubts(jobs):
    """Lines about what must not be trusted."""
    for job, rows in jobs.items():
        for name, row in rows.items():
            waited = row.get("waited") or 0
            if waited > report.WAITED_MAX:
                yield (f"disturbed: pairs {job}: {name}: other programs held "
                       f"a core for {waited:.0%} of the time")
            faults = [run["fault"] for run in row.get("runs", [row])
                      if run["fault"]]
            if faults:
                yield f"failed: pairs {job}: {name}: {faults[0]}"
