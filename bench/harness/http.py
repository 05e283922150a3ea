"""The HTTP server against nginx, under wrk: alternating, on one core each."""

import os
import re
import resource
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.harness import report
from bench.harness.pairs import Strangers
from bench.harness.process import (
    Failed, Process, cpu_times_s, descriptor_count, prepare_child,
    settled_rss_bytes, until)
from bench.harness.programs import ROOT
from bench.harness.redis import free_port
from bench.harness.turns import column, take_turns

CONNECTIONS = 50
START_LIMIT_S = 10
# A body and fields of the same size as ours has.
SMALL = b"hello\n"
FILES = {"10k": 10 * 1024, "1m": 1024 * 1024}

# One worker without a master; its own defaults but for what would write to a
# disk or close connections under wrk.
NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  default_type text/plain;
  sendfile on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /small {{ return 200 "hello\\n"; }}
    location /files/ {{ alias {folder}/files/; }}
  }}
}}
"""

# wrk's own pipelining is a script (its SCRIPTING document).
PIPELINED = """
init = function()
  local one = wrk.format("GET", "/small")
  all = string.rep(one, 16)
end
request = function() return all end
"""

# Title -> target, script.
CELLS = {
    "6 bytes": ("/small", None),
    "6 bytes, 16 pipelined": ("/small", PIPELINED),
    "file of 10 KiB": ("/files/10k", None),
    "file of 1 MiB": ("/files/1m", None),
}


@contextmanager
def nginx(lab, program, folder):
    """The process, with its port; nginx cannot choose one itself."""
    port = free_port()
    (folder / "nginx.conf").write_text(
        NGINX.format(folder=folder, port=port))
    argv = [program, "-c", folder / "nginx.conf", "-e", "stderr"]
    with Process(argv, lab.server_cpu, stdout=subprocess.PIPE,
                 stderr=subprocess.STDOUT) as process:
        process.await_line('using the "epoll" event method', START_LIMIT_S)
        process.port = port
        yield process


@contextmanager
def sluice(lab, program, folder):
    with lab.start([program, "--folder", folder / "files"]) as process:
        yield process


def fetch_nginx(folder):
    done = subprocess.run(
        [ROOT / "tools" / "fetch_debian_program", "nginx", folder,
         "usr/sbin/nginx"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Failed("nginx could not be fetched: " + done.stderr.strip())
    return folder / "nginx"


def measure(lab, wrk, program, connections):
    """Cell -> row -> summary, and row -> bytes of an idle connection."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        for file, size in FILES.items():
            (folder / "files" / file).write_bytes(os.urandom(size))
        starts = {
            "nginx": (nginx, fetch_nginx(folder)),
            "Sluice": (sluice, program),
        }

        def start(row):
            how, path = starts[row]
            return how(lab, path, folder)

        rates = {title: measure_cell(lab, wrk, start, starts, title,
                                     folder)
                 for title in CELLS}
        idle = {row: idle_bytes(lab, start, row, connections)
                for row in starts}
    return {"rates": rates, "idle": idle}


def measure_cell(lab, wrk, start, rows, title, folder):
    def run(row):
        with start(row) as server:
            return run_wrk(lab, wrk, server, title, folder)

    return summarize(take_turns(lab, f"http {title}", rows, run))


def run_wrk(lab, wrk, server, title, folder):
    target, script = CELLS[title]
    # wrk takes whole seconds only.
    argv = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(lab.seconds))}",
            "--latency"]
    if script:
        (folder / "script.lua").write_text(script)
        argv += ["-s", folder / "script.lua"]
    argv.append(f"http://127.0.0.1:{server.port}{target}")
    used, began = cpu_times_s(server.pid)[0], time.monotonic()
    client = subprocess.Popen(
        list(map(str, argv)), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=prepare_child(lab.client_cpu))
    strangers = Strangers((server.pid, lab.server_cpu))
    try:
        text, _ = client.communicate(timeout=lab.seconds + 30)
    except subprocess.TimeoutExpired:
        client.kill()
        client.communicate()
        raise Failed("wrk did not end") from None
    run = parse(text)
    passed = time.monotonic() - began
    used = cpu_times_s(server.pid)[0] - used
    run["waited"] = strangers.held_share()
    run["server_core"] = used / passed
    run["core_rate"] = run["requests"] / used
    return run


def parse(text):
    """Of what wrk says; errors make it no figure."""
    for word in ("Socket errors", "Non-2xx"):
        if word in text:
            raise Failed(next(line.strip() for line in text.splitlines()
                              if word in line))
    rate = re.search(r"Requests/sec: +([\d.]+)", text)
    requests = re.search(r"(\d+) requests in", text)
    if not rate or not requests:
        raise Failed("wrk: " + (text.strip() or "no figures"))
    return {"fault": None, "rate": float(rate[1]),
            "requests": int(requests[1]),
            "p50_us": percentile(text, 50), "p99_us": percentile(text, 99)}


def percentile(text, which):
    found = re.search(rf"^ +{which}% +([\d.]+)(us|ms|s)$", text, re.M)
    if not found:
        return None
    value = float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[found[2]]
    # With a script wrk gives 0 for what it has not measured.
    return value or None


def summarize(runs):
    """Medians and ratios; `runs` is row -> one run a round."""
    first = next(iter(runs))
    summary = {}
    for row in runs:
        rates = column(runs, row, "rate")
        summary[row] = {
            "rate": report.median_of(rates),
            "rates": rates,
            "ratio": report.ratio(rates, column(runs, first, "rate")),
            "core_ratio": report.ratio(column(runs, row, "core_rate"),
                                       column(runs, first, "core_rate")),
            "spread": report.spread(rates),
            "runs": runs[row],
        }
        for key in ("p50_us", "p99_us", "server_core", "waited"):
            summary[row][key] = report.median_of(column(runs, row, key))
    return summary


def idle_bytes(lab, start, row, connections):
    """Resident bytes of each connection that had one answer."""
    lab.note(f"http, {connections} idle connections, {row}")
    try:
        with start(row) as server, ExitStack() as stack:
            keep(server.port, 1, stack)
            quiet = descriptor_count(server.pid)
            before = settled_rss_bytes(server.pid)
            keep(server.port, connections, stack)
            until(lambda: descriptor_count(server.pid)
                  >= quiet + connections, START_LIMIT_S,
                  "the server did not accept all connections")
            after = settled_rss_bytes(server.pid)
    except (Failed, OSError) as why:
        lab.note(f"  {row}: {why}")
        return {"fault": str(why)}
    return {"bytes": (after - before) / connections}


def keep(port, count, stack):
    """Connections that each get an answer and stay open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    request = b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n"
    for _ in range(count):
        x = stack.enter_context(socket.create_connection(
            ("127.0.0.1", port), START_LIMIT_S))
        x.sendall(request)
        if not x.recv(4096).endswith(SMALL):
            raise Failed("an answer came in pieces, or was none")
