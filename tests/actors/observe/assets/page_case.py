"""What tests of the page have in common: a browser, and nodes that do not exist."""

import unittest

from tests.actors.observe.assets.fake_cluster import FakeCluster
from tests.actors.observe.assets.fake_node import FakeNode
from tests.support.browser import Browser


class PageCase(unittest.TestCase):
    """One browser for all cases; each ends with a console that says nothing."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def visit(self, cluster=None, **options):
        """A node of `cluster` (three nodes, with some history), visited."""
        if cluster is None:
            cluster = FakeCluster(3)
            for _ in range(60):
                cluster.step()
        node = self.enterContext(FakeNode(cluster, **options))
        # What an earlier page tried until now is not said of this one.
        self.browser.open("about:blank")
        self.browser.forget_problems()
        self.are_refusals_expected = False
        self.browser.open(node.url)
        node.await_visit()
        self.browser.await_text("#connection", f"Connected to {node.name}")
        self.addCleanup(self.check_console)
        return node

    def check_console(self):
        found = [x for x in self.browser.problems()
                 if not (self.are_refusals_expected and "WebSocket" in x)]
        self.assertEqual(found, [])

    def enterContext(self, context):     # of Python 3.11, also for older ones
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def await_attribute(self, selector, name, value):
        self.browser.await_that(
            lambda: self.browser.attribute(selector, name) == value,
            f"{name}={value} at {selector}")

    def choose(self, selector, value):
        """Chooses in a <select>, or types into a field."""
        self.browser.run(
            "const [field, value] = arguments; field.value = value;"
            "field.dispatchEvent(new Event('input', {bubbles: true}));"
            "field.dispatchEvent(new Event('change', {bubbles: true}));",
            self.browser.find(selector), value)

    def texts(self, selector):
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map(x => x.textContent)", selector)
