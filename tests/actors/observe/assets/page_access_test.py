"""The page for everybody: names, contrasts, narrow and dark, large text."""

import unittest

from tests.actors.observe.assets.fake_cluster import FakeCluster
from tests.actors.observe.assets.page_case import PageCase
from tests.support.browser import count_colours

CONTROLS = {"button", "combobox", "textbox", "searchbox", "spinbutton", "link",
            "checkbox", "img", "table", "log", "dialog"}
CONTRAST_TEXT = 4.5          # WCAG 2.2, 1.4.3; 3 for large text
CONTRAST_GRAPHICS = 3        # 1.4.11

# Texts that can be seen, with their colour and the ground they stand on.
TEXTS = """
const number = text => text.match(/[\\d.]+/g).map(Number);
const found = [];
const ground = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = number(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] === 1)
      return colour.slice(0, 3);
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.nodeValue.trim();
  const element = walker.currentNode.parentElement;
  if (!text || !element.checkVisibility({visibilityProperty: true})
      || element.closest('.unseen, option, optgroup, .skip'))
    continue;
  const style = getComputedStyle(element);
  const inSvg = element.namespaceURI.endsWith('svg');
  found.push({text, where: element.closest('[id]')?.id + ' ' +
              element.className?.baseVal,
              colour: number(inSvg ? style.fill : style.color).slice(0, 3),
              ground: ground(inSvg ? element.closest('div') : element),
              disabled: element.closest(':disabled') !== null});
}
return found;
"""

COLOUR = """
const probe = document.body.appendChild(document.createElement('i'));
const all = arguments[0].map(name => {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
});
probe.remove();
return all;
"""


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    def linear(part):
        part /= 255
        return part / 12.92 if part <= .04045 else ((part + .055) / 1.055) ** 2.4
    red, green, blue = map(linear, colour)
    return .2126 * red + .7152 * green + .0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + .05) / (low + .05)


class AccessTest(PageCase):
    def setUp(self):
        self.addCleanup(self.browser.media, "light")
        self.addCleanup(self.browser.resize, 1440, 900)

    def troubled(self, nodes=3):
        """A page with something of everything."""
        cluster = FakeCluster(nodes)
        for _ in range(60):
            cluster.step()
        node = self.visit(cluster)
        cluster.slow("n2")
        cluster.cut("n1", "n3")
        cluster.stall("n3", "n2")
        cluster.stop("n3")
        node.step(12)
        self.browser.await_text("#sentence", "no answer from n3 for 6 s")
        self.browser.click("[data-node='n2']")
        self.browser.await_text("#details-title", "Node n2")
        return node

    def check_contrasts(self):
        texts = self.browser.run(TEXTS)
        self.assertGreater(len(texts), 100)
        low = {(x["text"][:30], x["where"], round(ratio, 2)) for x in texts
               for ratio in [contrast(x["colour"], x["ground"])]
               if ratio < CONTRAST_TEXT and not x["disabled"]}
        self.assertEqual(low, set())

    def check_graphics(self):
        names = [f"--node-{i}" for i in range(8)] + [
            "--flow", "--applied", "--stalled", "--lost", "--cut", "--edge",
            "--accent"]
        panel, *colours = self.browser.run(COLOUR, ["--panel"] + names)
        for name, colour in zip(names, colours):
            self.assertGreaterEqual(contrast(colour[:3], panel[:3]),
                                    CONTRAST_GRAPHICS, name)
        self.assertEqual(len({tuple(x) for x in colours[:8]}), 8)

    def test_light_has_contrast(self):
        self.troubled()
        self.browser.run("scrollTo(0, 0)")
        self.check_contrasts()
        self.check_graphics()
        self.browser.screenshot("page_light.png")

    def test_dark_has_contrast(self):
        self.browser.media("dark")
        self.troubled()
        ground = self.browser.run(
            "return getComputedStyle(document.body).backgroundColor")
        self.assertEqual(ground, "rgb(13, 17, 22)")
        self.check_contrasts()
        self.check_graphics()
        self.browser.screenshot("page_dark.png")

    def test_what_is_old_has_contrast(self):
        node = self.troubled()
        node.hang_up()
        self.await_attribute("#connection", "data-state", "lost")
        self.browser.await_that(
            lambda: self.browser.attribute("body", "data-old") is not None,
            "old")
        self.check_contrasts()
        self.are_refusals_expected = True

    def test_past_events_are_not_read_out_and_new_ones_are(self):
        cluster = FakeCluster(3)
        for i in range(50):
            cluster.note("n1", "control", "info", f"Event {i}.")
        node = self.visit(cluster)
        self.browser.await_text("#log li", "Event 49.")
        is_polite = (lambda: self.browser.attribute("#log", "aria-live")
                     == "polite")
        self.browser.await_that(is_polite, "polite")
        self.browser.run("""
            window.read = 0; window.added = 0;
            const log = document.querySelector('#log');
            let live = log.ariaLive;
            new MutationObserver(found => {
              for (const x of found) {
                if (x.type === 'attributes')
                  live = x.oldValue === 'polite' ? 'off' : 'polite';
                else {
                  added += x.addedNodes.length;
                  read += live === 'polite' ? x.addedNodes.length : 0;
                }
              }
            }).observe(log, {subtree: true, childList: true, attributes: true,
                             attributeFilter: ['aria-live'],
                             attributeOldValue: true});""")
        self.choose("#event-kind", "joined")
        self.browser.await_that(
            lambda: len(self.browser.find_all("#log li")) == 3, "three")
        self.choose("#event-kind", "")
        self.browser.await_that(
            lambda: len(self.browser.find_all("#log li")) == 53, "all")
        self.browser.await_that(is_polite, "polite again")
        self.assertEqual(self.browser.run("return [added, read]"), [50, 0])
        node.cluster.kill("n3")
        node.step()
        self.browser.await_text("#log li", "n3 is down")
        self.assertEqual(self.browser.run("return [added, read]"), [51, 1])

    def test_every_control_has_a_name(self):
        self.troubled()
        self.browser.cdp("Accessibility.enable")
        nodes = self.browser.cdp("Accessibility.getFullAXTree")["nodes"]
        seen, nameless = 0, []
        for node in nodes:
            role = node.get("role", {}).get("value")
            if node["ignored"] or role not in CONTROLS:
                continue
            seen += 1
            if not node.get("name", {}).get("value", "").strip():
                nameless.append((role, node.get("backendDOMNodeId")))
        self.assertGreater(seen, 30)
        self.assertEqual(nameless, [])
        names = [x["name"]["value"] for x in nodes if "name" in x]
        self.assertIn("n3, does not answer, waits for n2", names)
        self.assertIn("Link from n1 to n2, applied, n1 waits for n2", names)

    def test_page_has_landmarks_and_headings_in_order(self):
        self.troubled()
        levels = self.browser.run(
            "return [...document.querySelectorAll('h1, h2, h3')].filter("
            "x => x.checkVisibility()).map(x => Number(x.tagName[1]))")
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)
        for above, below in zip(levels, levels[1:]):
            self.assertLessEqual(below, above + 1, levels)
        for landmark in ("header", "main", "footer", "[role=log]"):
            self.assertEqual(len(self.browser.find_all(
                f"body > {landmark}, #log{landmark}"
                if landmark.startswith("[") else f"body > {landmark}")), 1)

    def test_one_node_of_the_picture_is_in_the_order_of_tab(self):
        self.troubled()
        self.assertEqual(self.browser.run(
            "return document.querySelectorAll('#picture [tabindex=\"0\"]')"
            ".length"), 1)

    def test_changes_are_spoken_seldom_and_without_seconds(self):
        node = self.troubled()
        self.browser.await_text("#spoken", "")
        self.browser.await_that(
            lambda: "no answer from n3" in self.texts("#spoken")[0], "spoken")
        self.browser.run(
            "window.spoken = []; new MutationObserver(() => spoken.push("
            "document.querySelector('#spoken').textContent)).observe("
            "document.querySelector('#spoken'), {childList: true,"
            "characterData: true, subtree: true})")
        before = self.browser.text("#sentence")
        node.step(8)
        self.browser.await_that(
            lambda: self.browser.text("#sentence") != before, "seconds go on")
        self.assertEqual(self.browser.run("return spoken"), [])
        self.assertNotRegex(self.texts("#spoken")[0], r"\d s\b")

    def check_width(self, name):
        inner, scroll = self.browser.run(
            "return [innerWidth, document.documentElement.scrollWidth]")
        self.assertLessEqual(scroll, inner, name)

    def test_phone_needs_no_sideways_scrolling(self):
        for width in (360, 320):
            self.browser.resize(width, 740, 2, mobile=True)
            self.troubled()
            self.check_width(width)
            order = self.browser.run(
                "return ['#status', '#cluster', '#details', '#events', "
                "'#plots', '#pressure'].map(x => document.querySelector(x)"
                ".getBoundingClientRect().top)")
            self.assertEqual(order, sorted(order))
            self.assertTrue(self.browser.find("#heal-all").is_displayed())
        path = self.browser.screenshot("page_phone.png", whole_page=True)
        self.assertGreater(count_colours(path), 30)

    def test_phone_shows_rows_as_cards_that_name_their_values(self):
        self.browser.resize(360, 740, 2, mobile=True)
        self.troubled()
        self.browser.run("document.querySelector('#rows').scrollIntoView()")
        self.browser.await_element("#rows tbody tr")
        self.assertFalse(self.browser.find("#rows thead").is_displayed())
        self.assertTrue(self.browser.find("#sort").is_displayed())
        self.assertEqual(self.browser.run(
            "return getComputedStyle(document.querySelector("
            "'#rows [data-column=queued][role=cell]'), '::before').content"),
            '"Queued"')
        self.check_width("cards")

    def test_text_of_twice_the_size_fits(self):
        for width in (1280, 640):
            self.browser.resize(width, 900)
            self.troubled()
            self.browser.run("document.documentElement.style.fontSize = '32px';"
                             "dispatchEvent(new Event('resize'))")
            self.check_width(width)

    def test_wide_page_is_a_grid(self):
        self.troubled()
        tops = self.browser.run(
            "return ['#cluster', '#details', '#events'].map(x => document"
            ".querySelector(x).getBoundingClientRect().top)")
        self.assertEqual(len(set(tops)), 1)

    def test_theme_is_chosen_and_kept(self):
        node = self.visit()
        grounds = []
        for choice in ("light", "dark"):
            self.browser.click("#theme")
            self.browser.await_text("#theme", f"Theme: {choice}")
            self.browser.reload()
            node.await_visit()
            self.browser.await_text("#theme", f"Theme: {choice}")
            grounds.append(self.browser.run(
                "return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(set(grounds)), 2)
        self.browser.click("#theme")
        self.browser.await_text("#theme", "Theme: system")

    def test_refreshing_moves_nothing(self):
        node = self.troubled()
        self.browser.run(
            "window.shifts = []; new PerformanceObserver(list => shifts.push("
            "...list.getEntries().map(x => x.value))).observe("
            "{type: 'layout-shift'})")
        for i in range(10):
            node.step()
            self.browser.run("return new Promise(done => "
                             "requestAnimationFrame(() => "
                             "requestAnimationFrame(done)))")
        self.assertLess(sum(self.browser.run("return shifts")), .01)

    def test_nothing_moves_by_itself(self):
        self.browser.media("light", reduced_motion=True)
        node = self.troubled()
        node.step()
        self.assertEqual(self.browser.run(
            "return document.getAnimations().length"), 0)


if __name__ == "__main__":
    unittest.main()
