"""The page over time: a node that is lost, one that says nonsense, a tab that stays
open, a tab that is hidden."""

import json
import time
import unittest

from tests.actors.observe.assets.fake_cluster import FakeCluster
from tests.actors.observe.assets.page_case import PageCase

# What a node must not send, and where the page says that it is wrong.
NONSENSE = [
    ("{", "not JSON"),
    ("[1,2]", "unknown type"),
    ('{"type":"farewell"}', 'unknown type "farewell"'),
    ('{"type":"__proto__"}', 'unknown type "__proto__"'),
    ('{"type":"frame","now":"noon","nodes":[]}', "frame.now is not a number"),
    ('{"type":"frame","now":1}', "frame.nodes is not a list"),
    ('{"type":"frame","now":1,"nodes":[{"name":"a","state":"up"},{"name":7}]}',
     "frame.nodes[1].name is not a text"),
    ('{"type":"frame","now":1,"nodes":[{"name":"a","state":"fine"}]}',
     'frame.nodes[0].state is "fine", not one of'),
    ('{"type":"frame","now":1,"nodes":[null]}',
     "frame.nodes[0] is not an object"),
    ('{"type":"event","at":1,"seq":1,"kind":"down"}',
     "event.text is not a text"),
    ('{"type":"hello","cluster":"kv","node":"n1","now":1,'
     '"history":[{"now":1,"nodes":3}]}', "hello.history[0].nodes is not a list"),
]


class ConnectionTest(PageCase):
    def test_lost_connection_is_said_and_all_is_marked_old(self):
        node = self.visit()
        node.step()
        node.hang_up()
        self.await_attribute("#connection", "data-state", "lost")
        banner = self.browser.await_text("#banner", "No connection to n1 since")
        self.assertRegex(banner, r"since \d\d:\d\d:\d\d, trying again\.$")
        self.assertTrue(self.browser.text("#sentence").startswith("As of "))
        self.assertIsNotNone(self.browser.attribute("body", "data-old"))
        self.assertFalse(self.browser.find("#heal-all").is_enabled())
        self.browser.screenshot("page_lost.png")
        node.listen()
        node.await_visit(2)
        self.browser.await_text("#connection", "Connected to n1")
        self.browser.await_that(
            lambda: self.browser.attribute("body", "data-old") is None,
            "no longer old")
        self.assertFalse(self.browser.find("#banner").is_displayed())
        self.are_refusals_expected = True

    def test_attempts_go_on_with_pauses_and_one_is_made_when_online(self):
        node = self.visit()
        self.browser.run(
            "window.opened = []; const Plain = WebSocket;"
            "window.WebSocket = class extends Plain { constructor(address) {"
            "super(address); opened.push(performance.now()); } };"
            "window.WebSocket.OPEN = Plain.OPEN;")
        node.hang_up()
        times = self.browser.await_that(
            lambda: (lambda x: len(x) >= 4 and x)(
                self.browser.run("return opened")), "four attempts")
        pauses = [b - a for a, b in zip(times, times[1:])]
        self.assertGreater(pauses[0], 450)
        self.assertGreater(pauses[1], 1.3 * pauses[0])
        self.assertGreater(pauses[2], 1.3 * pauses[1])
        node.listen()
        self.browser.run("dispatchEvent(new Event('online'))")
        node.await_visit(2)
        self.browser.await_text("#connection", "Connected to n1")
        self.are_refusals_expected = True

    def test_silence_on_an_open_connection_is_said(self):
        node = self.visit()
        node.step()
        self.browser.await_text("#banner", "Nothing from n1 since")
        self.await_attribute("#connection", "data-state", "quiet")
        self.assertIsNotNone(self.browser.attribute("body", "data-old"))
        node.await_visit(2)                # given up after 10 s, and tried again
        self.browser.await_that(
            lambda: node.step() or self.browser.attribute("body", "data-old")
            is None, "no longer old")

    def test_node_that_was_restarted_is_shown_anew_and_nothing_is_lost(self):
        node = self.visit()
        node.cluster.kill("n3")
        node.step()
        self.browser.await_text("#log li", "n3 is down")
        node.hang_up()
        self.await_attribute("#connection", "data-state", "lost")
        fresh = FakeCluster(3, start_ms=node.cluster.now + 5000)
        node.cluster, node.frame = fresh, fresh.step()
        node.listen()
        node.await_visit(2)
        self.browser.await_text("#sentence", "Three nodes, all up.")
        self.assertIn("n3 is down: its process has ended.",
                      self.texts("#log .said"))
        self.are_refusals_expected = True


class BeginTest(PageCase):
    """What is said before anything is known."""

    def test_history_is_not_shown_as_the_present(self):
        node = self.visit(begins_late=True)
        self.browser.await_that(
            lambda: len(self.browser.find_all("#log li")) == 3, "the hello")
        self.assertEqual(self.browser.text("#sentence"),
                         "Waiting for the first report.")
        self.assertEqual(self.browser.find_all("[data-node]"), [])
        self.assertNotIn("Nobody waits", self.browser.text("body"))
        node.step()
        self.browser.await_text("#sentence", "Nobody waits for anybody.")
        self.assertEqual(len(self.browser.find_all("[data-node]")), 3)

    def test_what_was_shown_stays_old_until_a_frame_comes(self):
        node = self.visit()
        node.step()
        self.browser.await_text("#banner", "Nothing from n1 since")
        node.begins_late = True
        node.hang_up()
        self.await_attribute("#connection", "data-state", "lost")
        node.listen()
        node.await_visit(2)
        self.browser.await_text("#connection", "Connected to n1")
        self.assertIsNotNone(self.browser.attribute("body", "data-old"))
        node.step()
        self.browser.await_that(
            lambda: self.browser.attribute("body", "data-old") is None,
            "no longer old")
        self.are_refusals_expected = True

    def test_other_cluster_at_the_same_address_is_not_said_to_be_the_first(self):
        node = self.visit()
        self.browser.await_text("#sentence", "Three nodes, all up.")
        node.begins_late = True
        node.hang_up()
        self.await_attribute("#connection", "data-state", "lost")
        node.name = "n2"
        node.listen()
        node.await_visit(2)
        self.browser.await_text("#connection", "Connected to n2")
        self.assertEqual(self.browser.text("#sentence"),
                         "Waiting for the first report.")
        self.assertIsNotNone(self.browser.attribute("body", "data-old"))
        node.step()
        self.browser.await_text("#sentence", "Three nodes, all up.")
        self.assertIsNone(self.browser.attribute("body", "data-old"))
        self.are_refusals_expected = True

    def test_node_is_not_accused_before_it_could_answer(self):
        cluster = FakeCluster(3)
        for _ in range(60):
            cluster.step()
        cluster.mute("n2")
        node = self.visit(cluster)
        self.browser.await_text(
            "#sentence", "Three nodes: two up, n2 not known yet.")
        self.assertEqual(self.browser.attribute("[data-node='n2']",
                                                "data-state"), "unknown")
        node.step(3)
        self.browser.await_text("#sentence", "n2 not known yet.")
        node.step(2)                            # 2.5 s after the hello
        self.browser.await_text("#sentence", "no answer from n2.")
        self.await_attribute("[data-node='n2']", "data-state", "silent")
        self.assertEqual(self.texts("[data-node='n2'] .node-line"),
                         ["has not reported yet", ""])

    def test_node_that_has_just_come_is_not_accused(self):
        node = self.visit()
        node.step(10)
        node.cluster.kill("n2")
        node.step(10)
        node.cluster.start("n2")
        node.cluster.mute("n2")
        node.step()
        self.browser.await_text("#sentence", "n2 not known yet.")
        node.step(5)
        self.browser.await_text("#sentence", "no answer from n2.")


class NonsenseTest(PageCase):
    def test_nonsense_is_said_with_its_place_and_survived(self):
        node = self.visit()
        for text, place in NONSENSE:
            with self.subTest(text):
                node.send(text)
                self.browser.await_text("#problem", place)
                node.step()
        self.browser.await_text("#problem",
                                f"{len(NONSENSE)} such messages so far")
        node.cluster.kill("n3")
        node.step()
        self.browser.await_text("#sentence", "n3 down")
        self.browser.click("#problem button")
        self.assertFalse(self.browser.find("#problem").is_displayed())

    def test_more_than_the_page_shows_is_cut_and_said(self):
        node = self.visit()
        frame = json.loads(json.dumps(node.frame))
        frame["now"] += 500
        frame["nodes"] = [{**frame["nodes"][0], "name": f"n{i}"}
                          for i in range(300)]
        node.send(frame)
        self.browser.await_text("#problem", "100 nodes and 0 links are left out")
        self.assertEqual(len(self.browser.find_all("[data-node]")), 200)

    def test_values_that_are_missing_are_not_invented(self):
        node = self.visit()
        node.send({"type": "frame", "now": node.cluster.now + 500,
                   "nodes": [{"name": "n1", "state": "up", "age_ms": 1}]})
        self.browser.await_text("#sentence", "One node, up.")
        self.browser.click("[data-node='n1']")
        self.browser.await_text("#details .facts", "–/s")
        self.assertNotIn("NaN", self.browser.text("body"))
        self.assertNotIn("undefined", self.browser.text("body"))


class EndureTest(PageCase):
    def test_ten_minutes_do_not_let_the_tab_grow(self):
        cluster = FakeCluster(12)
        node = self.visit(cluster)

        def minutes(count):
            for i in range(120 * count):
                if i % 40 == 5:
                    cluster.slow("n2")
                if i % 40 == 20:
                    cluster.heal()
                if i % 120 == 30:
                    cluster.kill("n5")
                if i % 120 == 60:
                    cluster.start("n5")
                node.step()
            cluster.note("n1", "control", "info", f"Mark {cluster.now}.")
            node.step()
            self.browser.await_text("#log li", f"Mark {cluster.now - 500}.")
            return (self.browser.heap_bytes(), self.browser.run(
                "return document.querySelectorAll('*').length"),
                self.browser.metrics()["JSEventListeners"])
        minutes(3)
        early = minutes(1)
        late = minutes(6)
        self.assertLess(late[0], early[0] + 2_000_000, (early, late))
        self.assertLess(late[1], early[1] + 2_500, (early, late))
        self.assertLessEqual(late[2], early[2] + 200, (early, late))

    def test_hidden_tab_draws_nothing_and_catches_up(self):
        node = self.visit()
        node.step()
        self.browser.run(
            "Object.defineProperty(document, 'hidden', {configurable: true,"
            "get: () => window.isAway === true}); window.isAway = true;"
            "document.dispatchEvent(new Event('visibilitychange'));"
            "window.changes = 0; new MutationObserver(x => changes += x.length)"
            ".observe(document.body, {subtree: true, childList: true,"
            "attributes: true, characterData: true});")
        node.cluster.kill("n3")
        for _ in range(20):
            node.step()
            time.sleep(.02)
        self.assertEqual(self.browser.run(
            "return new Promise(done => setTimeout(() => done(changes), 300))"),
            0)
        self.browser.run("window.isAway = false;"
                         "document.dispatchEvent(new Event('visibilitychange'))")
        self.browser.await_text("#sentence", "n3 down since")
        self.browser.await_text("#log li", "n3 is down")


if __name__ == "__main__":
    unittest.main()
