"""The page of many nodes: what is drawn of all that there is, and how often."""

import time
import unittest

from tests.actors.observe.assets.fake_cluster import FakeCluster
from tests.actors.observe.assets.page_case import PageCase

# Counts elements that are put into the picture or taken out of it.
COUNT_MOVES = """
window.moves = 0;
new MutationObserver(found => {
  for (const x of found)
    moves += x.addedNodes.length + x.removedNodes.length;
}).observe(document.querySelector('#picture'), {subtree: true, childList: true});
"""


class CrowdTest(PageCase):
    """More links than are drawn."""

    def crowd(self, nodes, fanout, **options):
        """A page that has drawn the newest of some frames."""
        node = self.visit(FakeCluster(nodes, fanout, **options))
        node.step(3)
        self.browser.await_text("#sentence", "all up")
        self.browser.await_element("[data-link]")
        return node

    def show(self, node, frames=1):
        """Frames, of which each is drawn: the last so that it must be."""
        for _ in range(frames):
            node.step()
            self.browser.run("return new Promise(done => requestAnimationFrame("
                             "() => requestAnimationFrame(done)))")

    def links(self):
        return self.browser.run(
            "return [...document.querySelectorAll('[data-link]')]"
            ".map(x => x.dataset.link)")

    def test_link_that_is_only_pinged_is_not_drawn(self):
        node = self.crowd(20, 3, pings=True)
        self.browser.run(COUNT_MOVES)
        self.show(node, 25)
        busy = {f"{x.source}>{x.target}"
                for x in node.cluster.links.values() if x.base}
        self.assertEqual(set(self.links()), busy)
        self.assertEqual(self.browser.run("return moves"), 0)

    def test_busiest_links_stay_while_rates_tremble(self):
        node = self.crowd(20, None)
        self.assertEqual(len(self.links()), 300)
        self.assertIn("300 of 380 links shown",
                      self.browser.text("#picture-note"))
        self.browser.run(COUNT_MOVES)
        end = time.monotonic() + 6              # past the next choice
        while time.monotonic() < end:
            self.show(node)
        self.assertLess(self.browser.run("return moves"), 30)

    def test_link_in_trouble_is_drawn_at_once_and_above_the_others(self):
        node = self.crowd(20, None)
        drawn = set(self.links())
        rest = next(x for x in node.cluster.links
                    if f"{x[0]}>{x[1]}" not in drawn)
        node.cluster.lose(*rest)
        node.step()
        name = f"[data-link='{rest[0]}>{rest[1]}']"
        self.browser.await_element(f"{name}[data-state='lost']")
        self.assertTrue(self.browser.run(
            "const all = [...document.querySelectorAll('[data-link]')];"
            "return all.at(-1).matches(arguments[0])", name))

    def test_link_with_the_focus_stays_when_it_is_calm_again(self):
        node = self.crowd(20, None)
        link = node.cluster.links["n3", "n1"]
        node.cluster.stall("n3", "n1")
        node.step()
        name = "[data-link='n3>n1']"
        self.browser.await_element(f"{name}[data-pressure='stalled']")
        self.browser.run("document.querySelector(arguments[0]).focus()", name)
        link.base = 0                           # and nothing goes over it
        link.pressure = "none"
        node.step()
        self.browser.await_element(f"{name}[data-pressure='none']")
        end = time.monotonic() + 6
        while time.monotonic() < end:
            self.show(node)
        self.assertEqual(self.browser.run(
            "return document.activeElement.dataset.link"), "n3>n1")
        self.browser.run("document.activeElement.blur()")
        self.browser.await_that(
            lambda: node.step() or self.browser.find_all(name) == [],
            "no link")

    def test_change_is_drawn_at_once_and_figures_rest(self):
        node = self.crowd(20, 3)
        self.browser.click("[data-node='n4']")
        facts = "#details .facts"

        def draw_figures():
            """Until figures were drawn, which are then at rest."""
            before = self.browser.text(facts)
            self.browser.await_that(
                lambda: node.step() or self.browser.text(facts) != before,
                "other figures")

        took = []
        for command, state in (("kill", "down"), ("start", "up")) * 3:
            draw_figures()
            began = time.monotonic()
            getattr(node.cluster, command)("n3")
            node.step()
            self.await_attribute("[data-node='n3']", "data-state", state)
            took.append(time.monotonic() - began)
        self.assertLess(min(took), .4)          # figures rest for 0.9 s
        took = []
        for rate in (77, 88, 99):
            draw_figures()
            began = time.monotonic()
            node.cluster.nodes["n4"].rate = rate      # that can wait
            node.step()
            # It is drawn though no frame comes after it.
            self.browser.await_text(
                facts, f"{node.frame['nodes'][3]['msgs_ps']}/s")
            took.append(time.monotonic() - began)
        self.assertGreater(max(took), .4)

    def test_figures_of_few_nodes_do_not_rest(self):
        node = self.visit()
        node.step()
        self.browser.click("[data-node='n2']")
        took = []
        for i in range(5):
            node.cluster.nodes["n2"].rate = 100 * (i + 1)
            began = time.monotonic()
            node.step()
            self.browser.await_text(
                "#details .facts", f"{node.frame['nodes'][1]['msgs_ps']}/s")
            took.append(time.monotonic() - began)
        self.assertLess(min(took), .4)


if __name__ == "__main__":
    unittest.main()
