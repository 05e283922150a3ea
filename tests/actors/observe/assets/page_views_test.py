"""What the page shows of a cluster, in Chromium."""

import time
import unittest

from tests.actors.observe.assets.fake_cluster import FakeCluster
from tests.actors.observe.assets.page_case import PageCase
from tests.support.browser import count_colours

# Whether the canvas of the n-th plot has ink in the last so many pixels.
INK = """
const [number, from, to] = arguments;
const canvas = document.querySelectorAll('.trace')[number];
const {width, height} = canvas;
const copy = new OffscreenCanvas(width, height).getContext(
  '2d', {willReadFrequently: true});
copy.drawImage(canvas, 0, 0);
const data = copy.getImageData(
  Math.round(from * width), 0, Math.round((to - from) * width), height).data;
let ink = 0;
for (let i = 3; i < data.length; i += 4)
  ink += data[i] > 40;
return ink;
"""

PIXELS = """
const canvas = document.querySelectorAll('.trace')[arguments[0]];
const {width, height} = canvas;
const copy = new OffscreenCanvas(width, height).getContext(
  '2d', {willReadFrequently: true});
copy.drawImage(canvas, 0, 0);
return [...copy.getImageData(0, 0, width, height).data]
  .filter((_, i) => i % 4 == 3);
"""


class PictureTest(PageCase):
    def link(self, name):
        return f"[data-link='{name}']"

    def style(self, selector, name):
        return self.browser.run(
            "return getComputedStyle(document.querySelector(arguments[0]))"
            "[arguments[1]]", selector, name)

    def test_three_calm_nodes_are_all_up(self):
        self.visit()
        self.browser.await_text(
            "#sentence", "Three nodes, all up. Nobody waits for anybody.")
        self.assertEqual(self.browser.attribute("#status", "data-level"),
                         "good")
        self.assertEqual(self.texts("[data-node] .node-name"),
                         ["n1", "n2", "n3"])
        self.assertEqual(len(self.browser.find_all("[data-link]")), 6)
        self.assertEqual(self.browser.run("return document.title"),
                         "kv – Sluice")
        self.assertGreater(
            count_colours(self.browser.screenshot("page_calm.png")), 30)

    def test_nodes_stand_in_the_order_of_their_numbers(self):
        self.visit(FakeCluster(11))
        self.browser.await_that(
            lambda: self.texts("[data-node] .node-name")
            == [f"n{i}" for i in range(1, 12)], "n2 before n10")

    def test_one_node_alone_is_shown(self):
        self.visit(FakeCluster(1))
        self.browser.await_text("#sentence", "One node, up.")
        self.assertEqual(len(self.browser.find_all("[data-node]")), 1)

    def test_slow_node_is_waited_for_in_words_and_lines(self):
        node = self.visit()
        node.cluster.slow("n2")
        node.step(9)
        self.browser.await_text("#sentence",
                                "n1 and n3 have waited for n2 for 4 s.")
        self.assertIn("n2 is slowed to 1 kB a second.",
                      self.browser.text("#sentence"))
        self.await_attribute(self.link("n1>n2"), "data-pressure", "applied")
        self.assertIn("n1 waits for n2", self.texts(".link-label tspan"))
        self.assertEqual(len(self.browser.find_all("[data-held]")), 2)
        self.assertIn("n1 waits for n2", self.texts("#details .line")[0])
        node.cluster.heal()
        node.step()
        self.browser.await_text("#sentence", "Nobody waits for anybody.")
        self.assertEqual(self.browser.find_all("[data-held]"), [])

    def test_each_state_of_a_link_has_its_own_dashes_colour_and_label(self):
        node = self.visit(FakeCluster(5))
        node.cluster.slow("n2")
        node.cluster.cut("n1", "n3")
        node.cluster.lose("n4", "n5")
        node.cluster.stall("n3", "n4")
        node.step()
        looks = set()
        for link, state in (("n1>n2", "applied"), ("n1>n3", "cut"),
                            ("n4>n5", "lost"), ("n3>n4", "stalled"),
                            ("n5>n1", "none")):
            line = f"{self.link(link)} .link.{state}"
            self.browser.await_element(line)
            looks.add((self.style(line, "strokeDasharray"),
                       self.style(line, "stroke"),
                       self.style(line, "markerEnd")))
            if state != "none":
                self.assertTrue(any(x.startswith(state) for x in self.texts(
                    ".link-label tspan")), state)
        for part in zip(*looks):
            self.assertEqual(len(set(part)), 5, part)

    def test_silent_node_is_hatched_and_has_no_values(self):
        node = self.visit()
        node.cluster.stop("n2")
        node.step(3)
        self.browser.click("[data-node='n2']")
        self.await_attribute("[data-node='n2']", "data-state", "up")
        self.assertIn("kB/s", self.browser.text("#details .facts"))
        node.step(4)
        self.await_attribute("[data-node='n2']", "data-state", "silent")
        self.assertIn("#hatch", self.style("[data-node='n2'] .disc", "fill"))
        self.assertEqual(self.texts("[data-node='n2'] .node-line"),
                         ["no answer for 3 s", ""])
        self.browser.await_text("#sentence", "no answer from n2 for 3 s")
        facts = self.browser.text("#details .facts")
        self.assertNotIn("kB/s", facts)
        self.assertNotIn("%", facts)
        self.assertIn("does not answer",
                      self.browser.attribute("[data-node='n2']", "aria-label"))
        self.browser.press("\ue00c")     # Escape
        self.browser.screenshot("page_silent.png")

    def test_node_that_is_down_is_grey_and_says_since_when(self):
        node = self.visit()
        node.cluster.kill("n3")
        node.step()
        self.await_attribute("[data-node='n3']", "data-state", "down")
        self.assertRegex(self.texts("[data-node='n3'] .node-line")[0],
                         r"down since \d\d:\d\d:\d\d")
        self.browser.await_text("#sentence", "Three nodes: two up, n3 down "
                                             "since")
        self.assertTrue(self.browser.run("return document.title")
                        .startswith("■"))

    def test_nodes_that_wait_in_a_circle_are_named(self):
        node = self.visit()
        for source, target in (("n1", "n2"), ("n2", "n3"), ("n3", "n1")):
            node.cluster.stall(source, target)
        node.step()
        self.browser.await_text("#sentence", "wait for each other in a circle")

    def test_fifty_nodes_with_every_link_fit(self):
        cluster = FakeCluster(50, 3, idle_links=True)
        node = self.visit(cluster)
        cluster.slow("n2")
        cluster.stop("n7")
        cluster.kill("n9")
        node.step(8)
        self.browser.await_text("#sentence", "50 nodes: 48 up, n9 down")
        self.assertEqual(len(self.browser.find_all("[data-node]")), 50)
        self.assertLessEqual(len(self.browser.find_all("[data-link]")), 600)
        self.assertIn("links shown", self.browser.text("#picture-note"))
        outside = self.browser.run(
            "const box = document.querySelector('#picture')"
            ".getBoundingClientRect();"
            "return [...document.querySelectorAll('#picture text')].filter("
            "x => { const r = x.getBoundingClientRect(); return r.width && "
            "(r.left < box.left - 1 || r.right > box.right + 1 || "
            "r.top < box.top - 1 || r.bottom > box.bottom + 1); })"
            ".map(x => x.textContent)")
        self.assertEqual(outside, [])
        self.browser.screenshot("page_50_nodes.png")


class PlotTest(PageCase):
    def test_values_that_did_not_come_are_a_gap(self):
        cluster = FakeCluster(1)
        for _ in range(240):
            cluster.step()
        node = self.visit(cluster)
        self.assertGreater(self.browser.run(INK, 0, .9, .99), 20)
        cluster.stop("n1")
        node.step(60)                    # 30 s, of which 28 are silent
        self.browser.await_text("#sentence", "no answer from n1 for 30 s")
        self.assertEqual(self.browser.run(INK, 0, .8, 1), 0)
        self.assertGreater(self.browser.run(INK, 0, .6, .7), 20)
        cluster.cont("n1")
        node.step(10)
        self.browser.await_text("#sentence", "One node, up.")
        self.assertGreater(self.browser.run(INK, 0, .965, 1), 5)
        self.assertEqual(self.browser.run(INK, 0, .8, .93), 0)

    def test_lines_that_were_moved_are_as_if_drawn_anew(self):
        node = self.visit(FakeCluster(3))
        for _ in range(50):
            node.step()
            time.sleep(.02)              # so that most are drawn by themselves
        self.browser.await_that(
            lambda: self.browser.run(INK, 0, .9, 1), "lines")
        moved = self.browser.run(PIXELS, 0)
        fresh = self.pixels_of_a_drawing_from_the_start()
        ink = sum(x > 40 for x in fresh)
        different = sum(abs(a - b) > 100 for a, b in zip(moved, fresh))
        self.assertGreater(ink, 300)
        self.assertLess(different, ink / 20)

    def pixels_of_a_drawing_from_the_start(self):
        self.browser.run("document.dispatchEvent(new Event('theme'))")
        self.browser.run("return new Promise(done => requestAnimationFrame("
                         "() => requestAnimationFrame(done)))")
        return self.browser.run(PIXELS, 0)

    def test_time_that_goes_back_does_not_leave_lines_displaced(self):
        cluster = FakeCluster(1)
        for _ in range(200):
            cluster.step()
        node = self.visit(cluster)
        node.step()
        # Nothing comes, and the clock goes on: 3 s, and more.
        self.browser.await_text("#banner", "Nothing from n1 since")
        self.browser.await_that(
            lambda: self.browser.run(INK, 0, .975, 1) == 0, "a gap at the end")
        node.step()
        self.browser.await_that(
            lambda: self.browser.run(INK, 0, .98, 1) > 0, "its value at the end")
        shown = self.browser.run(PIXELS, 0)
        fresh = self.pixels_of_a_drawing_from_the_start()
        different = sum(abs(a - b) > 100 for a, b in zip(shown, fresh))
        self.assertLess(different, sum(x > 40 for x in fresh) / 20)

    def test_cross_shows_the_values_of_all_plots_at_one_time(self):
        node = self.visit()
        node.step()
        self.browser.await_that(
            lambda: self.browser.run(INK, 0, .9, 1), "lines")
        self.browser.point_at(".plot canvas", 100, 0)
        found = self.browser.await_that(
            lambda: [x for x in self.browser.find_all(".values")
                     if x.is_displayed()], "values")
        self.assertEqual(len(found), 4)
        self.assertEqual(len({x.text.split("\n")[0] for x in found}), 1)
        self.assertEqual({x[:2] for x in found[0].text.split("\n")[1::2]},
                         {"n1", "n2", "n3"})
        self.browser.point_at("h1")
        self.browser.await_that(
            lambda: not any(x.is_displayed() for x in found), "none")

    def test_cross_moves_by_keys_and_is_told_in_words(self):
        node = self.visit()
        node.step()
        self.browser.await_that(
            lambda: self.browser.run(INK, 0, .9, 1), "lines")
        self.browser.run("document.querySelector('.plot canvas').focus()")
        self.browser.press("\ue012", "\ue012")       # left
        self.browser.await_that(
            lambda: self.browser.find(".values").is_displayed(), "values")
        self.assertRegex(
            self.browser.attribute(".plot canvas", "aria-label"),
            r"Rate, messages/s, last two minutes\. at \d\d:\d\d:\d\d: n1 \d")
        self.browser.press("\ue00c")
        self.browser.await_that(
            lambda: not self.browser.find(".values").is_displayed(), "none")

    def test_plots_can_be_read_as_a_table(self):
        self.visit()
        self.browser.click("#plot-text summary")
        self.browser.await_that(
            lambda: len(self.texts("#plot-text tbody tr")) == 3, "rows")
        self.assertNotIn("–", self.browser.text("#plot-text tbody"))


class ListTest(PageCase):
    def test_events_are_newest_first_and_filtered_by_kind(self):
        node = self.visit()
        node.cluster.kill("n3")
        node.step()
        self.browser.await_text("#log li", "n3 is down")
        self.assertEqual(len(self.browser.find_all("#log li")), 4)
        self.choose("#event-kind", "joined")
        self.browser.await_that(
            lambda: [x[-5:] for x in self.texts("#log li")]
            == ["7002.", "7001.", "7000."] or None, "three joined")
        self.choose("#event-kind", "Pressure")
        self.browser.await_text("#events .note", "No event of this kind yet.")

    def test_events_are_bounded_and_never_twice(self):
        node = self.visit()
        for i in range(700):
            node.cluster.now += 1
            node.send(node.cluster.note("n1", "control", "info", f"Event {i}."))
        self.browser.await_text("#log li", "Event 699.")
        self.assertEqual(len(self.browser.find_all("#log li")), 500)
        node.hang_up()
        node.listen()
        node.await_visit(2)
        self.browser.await_text("#connection", "Connected to n1")
        said = self.texts("#log .said")
        self.assertEqual(len(said), 500)
        self.assertEqual(len(set(said)), 500)
        self.are_refusals_expected = True

    def test_text_of_an_event_is_text(self):
        node = self.visit()
        node.send(node.cluster.note("n1", "control", "bad",
                                    "<img src=x onerror=alert(1)>"))
        self.browser.await_text("#log li", "<img src=x onerror=alert(1)>")
        self.assertEqual(self.browser.find_all("#log img"), [])

    def first_cells(self, column):
        return self.texts(f"#rows tbody [data-column='{column}']")

    def test_rows_are_sorted_by_pressure_and_then_as_asked(self):
        node = self.visit()
        node.cluster.slow("n2")
        node.step(2)
        self.browser.run("document.querySelector('#rows').scrollIntoView()")
        self.browser.await_text("#rows tr.pressed", "past its mark")
        self.assertIn("past its mark", self.first_cells("state")[0])
        self.browser.click("#rows th[data-column='node'] button")
        self.await_attribute("#rows th[data-column='node']", "aria-sort",
                             "ascending")
        self.browser.await_that(
            lambda: self.first_cells("node")
            == sorted(self.first_cells("node")), "sorted by node")
        self.browser.click("#rows th[data-column='node'] button")
        self.await_attribute("#rows th[data-column='node']", "aria-sort",
                             "descending")
        self.browser.await_that(
            lambda: self.first_cells("node")[0] == "n3", "n3 first")
        self.assertEqual(len(self.browser.find_all("#rows [aria-sort]")), 1)

    def test_rows_are_filtered_by_text_and_node(self):
        self.visit()
        self.browser.run("document.querySelector('#rows').scrollIntoView()")
        self.choose("#filter-text", "actor KV_")
        self.browser.await_that(
            lambda: len(self.first_cells("node")) == 3, "three actors")
        self.choose("#filter-node", "n2")
        self.browser.await_that(
            lambda: self.first_cells("node") == ["n2"], "one actor")
        self.choose("#filter-text", "nothing has this")
        self.browser.await_text("#rows-none", "Nothing matches the filter.")

    def test_rows_keep_their_places_under_the_pointer(self):
        cluster = FakeCluster(8)
        node = self.visit(cluster)
        self.browser.run("document.querySelector('#rows').scrollIntoView()")
        self.browser.await_element("#rows tbody tr")
        self.browser.point_at("#rows tbody tr:nth-child(3)")
        node.step()
        self.browser.await_text("#rows-note", "order held")
        before = self.browser.run(
            "return [...document.querySelectorAll('#rows tbody tr')]"
            ".map(x => x.dataset.row)")
        self.assertLessEqual(len(before), 200)
        cluster.slow("n2")
        for _ in range(5):
            node.step()
            time.sleep(.3)
        after = self.browser.run(
            "return [...document.querySelectorAll('#rows tbody tr')]"
            ".map(x => x.dataset.row)")
        self.assertEqual(after[:len(before)], before)
        self.browser.point_at("#pressure-title")
        self.browser.await_that(
            lambda: node.step() or "past its mark" in self.first_cells(
                "state")[0], "the pressed first")
        self.assertLessEqual(len(self.first_cells("node")), 100)


if __name__ == "__main__":
    unittest.main()
