"""The results as Markdown. No input or output, only text."""

from bench.harness import pair_tables, report
from bench.harness.servers import TARGETS

def fault_or(row, text):
    return "failed" if row.get("fault") else text


def grid(cells, render):
    """A table of servers by cells; `cells` is cell -> server -> summary."""
    servers = list(next(iter(cells.values())))
    rows = [[server] + [render(cells[cell][server]) for cell in cells]
            for server in servers]
    return report.table(["server", *cells], rows)


def echo(cells):
    """The tables of the echo section."""
    def latency(row):
        if row["p50_us"] is None:
            return "-"
        return (f"{report.significant(row['p50_us'])} / "
                f"{report.significant(row['p99_us'])}")

    def bulk(row):
        return report.with_ratio(row["rate"], row["ratio"])

    def busy(row):
        share = row["server_core"]
        if share is None:
            return "-"
        return f"{share:.0%} ({report.two_digits(row['core_ratio'])})"

    def steadiness(row):
        return "-" if row["spread"] is None else f"{row['spread']:.0%}"

    yield ("Echo: messages a second (ratio to the first row). "
           "Cells: connections / bytes / pipelined", grid(cells, bulk))
    yield "Latency in microseconds: median / 99th percentile", grid(cells,
                                                                  latency)
    yield ("Share of its core that the server used (messages per second of "
           "CPU, ratio to the first row)", grid(cells, busy))
    yield ("Spread of the rounds: (largest - smallest) / median",
           grid(cells, steadiness))


def is_disturbed(row):
    return (row.get("waited") or 0) > report.WAITED_MAX


def doubts(results):
    """Lines about what must not be trusted."""
    for cell, rows in results.get("echo", {}).items():
        shares = {name: row["waited"] for name, row in rows.items()
                  if is_disturbed(row)}
        if shares:
            which = ("all rows" if len(shares) == len(rows)
                     else "; ".join(shares))
            yield (f"disturbed: {cell}: other programs held a core for up to "
                   f"{max(shares.values()):.0%} of the time: {which}")
        for name, row in rows.items():
            faults = [run["fault"] for run in row["runs"] if run["fault"]]
            if faults:
                yield (f"failed: {cell}: {name}: {len(faults)} of "
                       f"{len(row['runs'])} rounds: {faults[0]}")
    yield from pair_tables.doubts(results.get("pairs", {}))
    tables = {f"http: {title}": rows for title, rows in
              results.get("http", {}).get("rates", {}).items()}
    if "websocket" in results:
        tables["websocket"] = results["websocket"]
    for title, rows in tables.items():
        for name, row in rows.items():
            faults = [run["fault"] for run in row["runs"] if run["fault"]]
            if faults:
                yield (f"failed: {title}: {name}: {len(faults)} of "
                       f"{len(row['runs'])} rounds: {faults[0]}")
            if is_disturbed(row):
                yield (f"disturbed: {title}: {name}: other programs "
                       f"held a core for {row['waited']:.0%} of the time")
    for section in ("syscalls", "growth", "idle"):
        for name, row in results.get(section, {}).items():
            if row.get("fault"):
                yield f"failed: {section}: {name}: {row['fault']}"


def syscalls(rows):
    def often(row):
        calls = ((name, count / row["messages"])
                 for name, count in row["calls"].items())
        return ", ".join(f"{name} {share:.2f}" for name, share in calls
                         if share >= 0.01)

    yield ("System calls a message at 50/64/1", report.table(
        ["server", "calls a message", "of which (0.01 or more)"],
        [[name, fault_or(row, report.two_digits(row.get("per_message"))),
          fault_or(row, "calls" in row and often(row))]
         for name, row in rows.items()]))


def growth(rows):
    yield ("Growth while a peer never reads (64 KiB writes for 5 s)",
           report.table(
               ["server", "MiB at the peak"],
               [[name, fault_or(row, report.significant(row.get("mib")))]
                for name, row in rows.items()]))


def idle(rows):
    yield ("Resident bytes of an idle connection", report.table(
        ["server", "has not spoken yet", "has sent one message"],
        [[name,
          fault_or(row, report.significant(row.get("bytes_quiet"))),
          fault_or(row, report.significant(row.get("bytes_spoken")))]
         for name, row in rows.items()]))


def redis(tests):
    yield ("redis-benchmark: requests a second (ratio to the first row)",
           grid(tests, lambda row: report.with_ratio(row["rate"],
                                                     row["ratio"])))


def cluster(tests):
    for title, rows in tests.items():
        yield (f"kv_cluster, {title}: requests a second (ratio to the first "
               "row; spread)",
               report.table(["", title], [
                   [name, f"{report.with_ratio(row['rate'], row['ratio'])}; "
                          f"{row['spread']:.0%}"]
                   for name, row in rows.items()]))


def members(text):
    yield "Membership, all nodes in one process", text


def http(results):
    rates = results["rates"]
    yield ("HTTP under wrk -t1 -c50: requests a second (ratio to the first "
           "row)", grid(rates, lambda row: report.with_ratio(row["rate"],
                                                             row["ratio"])))
    yield ("The same: share of its core that the server used (requests per "
           "second of CPU, ratio to the first row)",
           grid(rates, lambda row: "-" if row["server_core"] is None else
                f"{row['server_core']:.0%} "
                f"({report.two_digits(row['core_ratio'])})"))
    yield ("The same: latency in microseconds, median / 99th percentile",
           grid(rates, lambda row: "-" if row["p50_us"] is None else
                f"{report.significant(row['p50_us'])} / "
                f"{report.significant(row['p99_us'])}"))
    yield ("Resident bytes of an idle HTTP connection that had one answer",
           report.table(["server", "bytes"], [
               [name, fault_or(row, report.significant(row.get("bytes")))]
               for name, row in results["idle"].items()]))


def websocket(rows):
    yield ("WebSocket, 1 KiB to 1,000 clients: messages a second, and the "
           "server's CPU for each (ratios to the first row)", report.table(
               ["server", "messages a second", "microseconds of CPU"],
               [[name, report.with_ratio(row["rate"], row["rate_ratio"]),
                 "-" if row["cpu_us"] is None else
                 f"{report.significant(row['cpu_us'])} "
                 f"({report.two_digits(row['cpu_us_ratio'])})"]
                for name, row in rows.items()]))


def targets(results):
    """What was to be reached, for the rows that were measured."""
    rows = []
    for section, column, server, kind, bound, against in TARGETS:
        value = target_value(results.get(section, {}), column, server, against)
        if value is None:
            continue
        what = f"{server.name}, {section} {column}"
        if against:
            what += f", ratio to {against.name}"
        sign = ">=" if kind == "min" else "<="
        compared = results[section].get(column, {})
        if any(is_disturbed(compared.get(row.name, {}))
               for row in (server, against) if row):
            verdict = "disturbed, no verdict"
        else:
            verdict = report.verdict(value, kind, bound)
        rows.append([what, f"{sign} {bound}", report.two_digits(value),
                     verdict])
    if rows:
        yield "To be reached", report.table(
            ["what", "bound", "measured", "verdict"], rows)


def target_value(section, column, server, against):
    if against is None:
        return section.get(server.name, {}).get(column)
    rows = section.get(column, {})
    if server.name not in rows or against.name not in rows:
        return None
    return report.ratio(rows[server.name]["rates"],
                        rows[against.name]["rates"])


SECTIONS = {
    "echo": echo,
    "syscalls": syscalls,
    "growth": growth,
    "idle": idle,
    "redis": redis,
    "pairs": pair_tables.pairs,
    "cluster": cluster,
    "members": members,
    "http": http,
    "websocket": websocket,
}


def render(results):
    """Everything, as one Markdown text."""
    parts = []
    for section, tables in SECTIONS.items():
        if results.get(section):
            parts += [f"### {title}\n\n{text}"
                      for title, text in tables(results[section])]
    parts += [f"### {title}\n\n{text}" for title, text in targets(results)]
    return "\n\n".join(parts) + "\n"
