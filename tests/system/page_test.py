"""The page of a cluster of real processes, in a real browser, while things
happen to the cluster: what it shows, how soon, and what it costs."""

import http.client
import json
import os
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from tests.actors.observe.assets.fake_cluster import FakeCluster
from tests.support.browser import Browser, count_colours
from tests.support.process_stats import status_bytes
from tests.system.waiting import wait_until
from tests.tools.sluice.cluster_case import ClusterCase, free_ports, is_free

NODE = os.path.abspath("examples/kv_cluster/kv_cluster")
LOAD = os.path.abspath("examples/kv_cluster/kv_cluster_load")

START_LIMIT_S = 30
APPLIED_LIMIT_S = 2      # from the click on
DOWN_LIMIT_S = 20
STEADY_S = 3
SLOW_BYTES_PER_S = 20_000

# A tab is left open for so long here; by hand it was for ten minutes.
OPEN_S = int(os.environ.get("SLUICE_PAGE_OPEN_S", "30"))
SERVER_GROWTH_MAX = 16 * 1024 * 1024
HEAP_GROWTH_MAX = 4 * 1024 * 1024
COLOURS_MIN = 16

# What a page of ours gets: the hello, and the first frame with something of all.
LISTEN = """
const done = arguments[0], heard = {};
const socket = new WebSocket(`ws://${location.host}/live`);
socket.onmessage = ({data}) => {
  const message = JSON.parse(data);
  if (message.type === 'hello')
    heard.hello = message;
  if (message.type === 'frame' && message.links.length && message.rows.length
      && message.nodes.every(x => x.age_ms !== null)) {
    heard.frame = message;
    socket.close();
    done(heard);
  }
};
"""


def fields_of(message):
    """Of each kind of thing in a hello or a frame, the names of its fields."""
    found = {message["type"]: set(message)}
    for kind in ("nodes", "links", "holds", "rows", "events"):
        for x in message.get(kind, []):
            found.setdefault(kind, set()).update(x)
    for x in message.get("history", []):
        for kind, names in fields_of(x).items():
            found.setdefault(f"history.{kind}", set()).update(names)
    return found


def free_page_ports(count):
    for port in range(18_000 + os.getpid() % 90 * 20, 20_000, count):
        if all(is_free(port + i) for i in range(count)):
            return port
    raise AssertionError("no ports are free")


class PageTest(ClusterCase):
    def setUp(self):
        super().setUp()
        self.port = free_ports(3)
        self.tool("up", "-d", "--nodes", "3", "--program", NODE,
                  "--port", str(self.port),
                  "--page-port", str(free_page_ports(3)), "--",
                  "--suspect-ms", "2000", "--down-ms", "5000")
        self.note_pids()
        self.pages = [x["page"] for x in self.status()["nodes"]]
        self.browser = Browser(width=1440, height=1000)
        self.addCleanup(self.browser.close)

    def start_load(self, clients):
        """Each client has at most 0.5 MB of values under way."""
        load = subprocess.Popen(
            [LOAD, "--nodes", ",".join(
                f"tcp://127.0.0.1:{self.port + i}" for i in range(3)),
             "--clients", str(clients), "--pipeline", "200",
             "--value-bytes", "4000", "--writes", "60", "--keys", "2000"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

        def end():
            load.terminate()
            load.wait()
        self.addCleanup(end)

    def state(self):
        with urllib.request.urlopen(self.pages[0] + "api/state",
                                    timeout=10) as answer:
            return json.load(answer)

    def queued(self):
        """Messages on their way to n2."""
        return sum(x["queued"] for x in self.state()["links"]
                   if x["to"] == "n2")

    def sign(self, name, state, patience_s=START_LIMIT_S):
        return self.browser.await_element(
            f"[data-node='{name}'][data-state='{state}']", patience_s)

    def pressed_links(self):
        return self.browser.find_all(
            "[data-link$='>n2'][data-pressure='applied'],"
            "[data-link$='>n2'][data-pressure='stalled']")

    def select(self, name, state="up"):
        if name not in self.browser.text("#details-title"):
            self.browser.run("arguments[0].dispatchEvent("
                             "new MouseEvent('click', {bubbles: true}))",
                             self.sign(name, state))
        self.browser.await_text("#details-title", name)

    def press(self, what):
        """The controls are made anew when something else is selected."""
        self.browser.await_that(
            lambda: [x.click() for x in self.browser.find_all(
                f"#controls [data-do='{what}']:not([disabled])")[:1]],
            f"a control {what}")

    def order(self, what):
        """Presses a control of what is selected, and says yes."""
        self.press(what)
        self.confirm()

    def confirm(self):
        self.browser.await_element("#confirm[open]")
        self.browser.click("#confirm-yes")

    def shot(self, name):
        path = self.browser.screenshot(name)
        self.assertGreaterEqual(count_colours(path), COLOURS_MIN, name)

    def events(self):
        return [x.text for x in self.browser.find_all("#log li")]

    def await_event(self, kind, part):
        self.browser.await_that(
            lambda: any(part in x.text for x in self.browser.find_all(
                f"#log li[data-kind='{kind}']")),
            f"an event {kind} with {part!r}; there are {self.events()}")

    def test_what_happens_to_a_cluster_is_seen_and_said(self):
        browser = self.browser
        browser.open(self.pages[0])
        for name in ("n1", "n2", "n3"):
            self.sign(name, "up")
        browser.await_text("#sentence", "up")
        self.start_load(4)
        busy = set()  # requests come in bursts

        def all_were_busy():
            busy.update(x["name"] for x in self.state()["nodes"]
                        if x["requests_ps"] > 0)
            return len(busy) == 3
        browser.await_that(all_were_busy, "all nodes have requests")
        self.shot("calm.png")
        before = self.queued()

        # -- slow: who sends to n2 is told to wait, and the plot rises. Clients
        # that have more under way than the ways to n2 take come with it.
        self.select("n2")
        field = browser.await_element("#slow-bytes")
        browser.run("arguments[0].value = arguments[1]", field,
                    SLOW_BYTES_PER_S)
        browser.await_that(lambda: not self.pressed_links(),
                           "no link to n2 is under pressure before")
        self.order("slow")
        clicked = time.monotonic()
        self.start_load(48)
        browser.await_that(self.pressed_links, "a link to n2 is applied")
        took = time.monotonic() - clicked
        self.assertLess(took, APPLIED_LIMIT_S)
        print(f"applied is shown {took:.2f} s after the click")
        # It stays so, as it does not when it is the load alone.
        end = time.monotonic() + STEADY_S
        while time.monotonic() < end:
            self.assertTrue(self.pressed_links(), "a link to n2 was released")
            time.sleep(.2)
        self.await_event("applied", "waits for n2")
        self.await_event("control", "n2 reads at most 20 kB a second")
        browser.await_that(lambda: self.queued() > 2 * before + 50,
                           "more waits for n2")
        browser.await_that(
            lambda: "n2" in browser.text("#sentence"), "the sentence names n2")
        self.shot("slow.png")

        # -- heal: they go on
        browser.click("#heal-all")
        self.confirm()
        browser.await_that(lambda: not self.pressed_links(),
                           "no link to n2 is applied any more")
        self.await_event("released", "does not wait for n2 any more")

        # -- kill: the others notice
        self.select("n3")
        self.order("kill")
        self.sign("n3", "down", DOWN_LIMIT_S)
        self.await_event("down", "n3 is down")
        self.shot("kill.png")

        # -- start: it is there again
        self.select("n3", "down")
        self.press("start")
        self.sign("n3", "up")
        self.note_pids()
        self.assertEqual(browser.problems(), [])

    def test_a_stopped_node_is_shown_as_silent_and_not_as_it_was(self):
        browser = self.browser
        browser.open(self.pages[0])
        for name in ("n1", "n2", "n3"):
            self.sign(name, "up")
        self.select("n2")
        self.order("stop")
        browser.await_that(
            lambda: "no answer for" in browser.text("[data-node='n2']")
            or "suspected" in browser.text("[data-node='n2']")
            or "down" in browser.text("[data-node='n2']"),
            "n2 is shown as silent")
        self.press("cont")
        self.sign("n2", "up")
        self.assertEqual(browser.problems(), [])

    def test_the_page_of_any_node_shows_the_same_cluster_on_a_phone(self):
        self.browser.resize(390, 844, scale=2, mobile=True)
        self.browser.media("dark")
        self.browser.open(self.pages[2])
        for name in ("n1", "n2", "n3"):
            self.sign(name, "up")
        self.shot("phone.png")
        self.assertEqual(self.browser.problems(), [])

    def test_a_tab_left_open_grows_neither_the_server_nor_itself(self):
        browser = self.browser
        browser.open(self.pages[0])
        self.sign("n3", "up")
        self.start_load(4)
        pid = self.status()["nodes"][0]["pid"]
        # Until the history is as long as it gets, and the keys are there.
        time.sleep(min(OPEN_S / 2, 130))
        server = status_bytes(pid, "VmRSS")
        heap = browser.heap_bytes()
        time.sleep(OPEN_S)
        server_growth = status_bytes(pid, "VmRSS") - server
        heap_growth = browser.heap_bytes() - heap
        print(f"in {OPEN_S} s the server grew by {server_growth} bytes from "
              f"{server}, the tab's heap by {heap_growth} from {heap}")
        self.assertLess(server_growth, SERVER_GROWTH_MAX)
        self.assertLess(heap_growth, HEAP_GROWTH_MAX)
        self.assertEqual(browser.problems(), [])

    def test_tool_says_where_the_page_is(self):
        text = self.tool("status")
        self.assertIn(f"In a browser: {self.pages[0]}", text)
        for page in self.pages:
            with urllib.request.urlopen(page, timeout=10) as answer:
                self.assertEqual(answer.status, 200)
                policy = answer.headers["Content-Security-Policy"]
                self.assertIn("default-src 'self'", policy)
                self.assertEqual(answer.headers["X-Content-Type-Options"],
                                 "nosniff")
                self.assertIn(b"<!doctype html>", answer.read())

    def test_node_says_what_the_tests_of_the_page_make_of_it(self):
        self.browser.open(self.pages[0])
        self.sign("n3", "up")
        self.browser.await_element("[data-link]")
        heard = self.browser.await_answer(LISTEN)
        cluster = FakeCluster(3)
        cluster.slow("n2")
        frame = cluster.step()
        for real, made_up in ((heard["hello"], cluster.hello()),
                              (heard["frame"], frame)):
            expected = fields_of(made_up)
            for kind, names in fields_of(real).items():
                # Only a hold that stands for a link says to whom.
                self.assertEqual(names | {"to"}, expected[kind] | {"to"}, kind)

    def get(self, path, **fields):
        """Status, headers and content; of errors, too."""
        request = urllib.request.Request(self.pages[0] + path, headers={
            name.replace("_", "-"): x for name, x in fields.items()})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def test_files_are_not_sent_again_when_the_browser_has_them(self):
        status, headers, _ = self.get("page.css")
        self.assertEqual((status, headers["Content-Type"]),
                         (200, "text/css; charset=utf-8"))
        self.assertEqual(headers["Cache-Control"], "no-cache")
        status, again, content = self.get("page.css",
                                          If_None_Match=headers["ETag"])
        self.assertEqual((status, content, again["ETag"]),
                         (304, b"", headers["ETag"]))
        self.assertEqual(self.get("nothing.js")[0], 404)
        self.assertEqual(self.get("../page.css")[0], 404)

    def test_other_sites_cannot_use_the_page(self):
        for host in ("evil.example", "127.0.0.1.evil.example:8080"):
            for path in ("", "api/state", "metrics", "page.js"):
                self.assertEqual(self.get(path, Host=host)[0], 403,
                                 (host, path))
        port = int(self.pages[0].rstrip("/").rpartition(":")[2])
        for host, origin, status in (
                (f"127.0.0.1:{port}", "http://evil.example", 403),
                ("evil.example", "http://evil.example", 403),
                (f"127.0.0.1:{port}", f"http://127.0.0.1:{port}", 101),
                (f"localhost:{port}", None, 101)):
            connection = http.client.HTTPConnection("127.0.0.1", port,
                                                    timeout=10)
            self.addCleanup(connection.close)
            connection.request("GET", "/live", headers={
                "Host": host, "Connection": "Upgrade", "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                **({"Origin": origin} if origin else {})})
            self.assertEqual(connection.getresponse().status, status,
                             (host, origin))

    def test_metrics_and_state_are_served_beside_the_page(self):
        _, headers, text = self.get("metrics")
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        self.assertRegex(text.decode(), r"(?m)^sluice_connections\{")
        wait_until(lambda: all(x["age_ms"] is not None
                               for x in self.state()["nodes"]),
                   "all nodes have reported")
        self.assertEqual([x["name"] for x in self.state()["nodes"]],
                         ["n1", "n2", "n3"])


if __name__ == "__main__":
    unittest.main()
