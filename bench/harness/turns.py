"""Rounds in which every row has its turn: a machine that becomes slower from one
to the next does so for all of them."""

from bench.harness import report
from bench.harness.process import Failed

# How often a run is tried until no stranger holds a core.
ATTEMPTS = 3


def take_turns(lab, title, rows, run):
    """Row -> one result a round; each round begins with another row.

    `run(row)` measures once. Its result is a dictionary with the share `waited`
    of the time in which other programs held a core; or it raises Failed.
    """
    order = list(rows)
    results = {row: [] for row in order}
    for turn in range(lab.rounds):
        lab.note(f"{title}, round {turn + 1} of {lab.rounds}")
        begin = turn % len(order)
        for row in order[begin:] + order[:begin]:
            results[row].append(run_alone(lab, row, run))
    return results


def column(results, row, key):
    """One value a round; None where the run failed."""
    return [None if run["fault"] else run[key] for run in results[row]]


def run_alone(lab, row, run):
    """The run in which strangers held a core for the shortest time."""
    best = None
    for _ in range(ATTEMPTS):
        try:
            result = run(row)
        except (Failed, OSError) as why:
            lab.note(f"  {getattr(row, 'name', row)}: {why}")
            return {"fault": str(why)}
        if best is None or result["waited"] < best["waited"]:
            best = result
        if best["waited"] <= report.WAITED_MAX:
            break
    return best
