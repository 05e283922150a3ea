"""Debian's prometheus with a configuration of a test's own."""

import json
import os
import tempfile
import urllib.parse
import urllib.request

from tests.support.server import Server, free_port
from tests.system.waiting import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROMETHEUS_BINARY = os.environ.get("PROMETHEUS") or os.path.join(
    ROOT, "external", "prometheus", "prometheus")
PROMTOOL_BINARY = os.environ.get("PROMTOOL") or os.path.join(
    ROOT, "external", "prometheus", "promtool")

CONFIGURATION = """
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
scrape_configs:
  - job_name: sluice
    static_configs:
      - targets: ['127.0.0.1:{port}']
"""


class Prometheus:
    """Scrapes 127.0.0.1:`target` twice a second; a context manager. Its
    data lives in a folder that goes with it."""

    def __init__(self, target):
        self._folder = tempfile.TemporaryDirectory()
        path = os.path.join(self._folder.name, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(port=target))
        # It cannot choose a port itself, so another process may take it first.
        for _ in range(5):
            self.port = free_port()
            try:
                self._server = Server(
                    PROMETHEUS_BINARY, "--config.file=" + path,
                    "--storage.tsdb.path=" + self._folder.name + "/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--log.level=info", ready=r"\A")
                self._server.await_log("Server is ready to receive web req")
                return
            except (AssertionError, RuntimeError) as why:
                log = self._server.log()
                self._server.process.kill()
                self._server.process.wait()
                if "address already in use" not in log:
                    self._folder.cleanup()
                    raise RuntimeError(log) from why
        raise RuntimeError("no port was free for prometheus")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.stop()
        self._folder.cleanup()

    def _get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        with urllib.request.urlopen(url, timeout=30) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def targets(self):
        return self._get("/api/v1/targets")["activeTargets"]

    def metadata(self):
        """What is known of each metric: name -> [{type, help, unit}]."""
        return self._get("/api/v1/metadata")

    def query(self, expression):
        """The result now: [(labels, value)]."""
        result = self._get("/api/v1/query", query=expression)["result"]
        return [(x["metric"], float(x["value"][1])) for x in result]

    def value(self, expression):
        """Of an expression that has one series; None if it has none yet."""
        result = self.query(expression)
        assert len(result) <= 1, (expression, result)
        return result[0][1] if result else None

    def await_value(self, expression, holds):
        """Waits until it has a value for which `holds` is true."""
        def look():
            value = self.value(expression)
            return value is not None and holds(value)
        wait_until(look, lambda: f"{expression}: {self.query(expression)}")
