"""Failures tried from the page: what is asked, what is sent, what is said of it."""

import unittest

from tests.actors.observe.assets.page_case import PageCase

TAB, ENTER, ESCAPE, RIGHT = "\ue004", "\ue007", "\ue00c", "\ue014"
SHIFT, CONTROL = "\ue008", "\ue009"


class ControlsTest(PageCase):
    def select(self, name):
        self.browser.click(f"[data-node='{name}']")
        self.browser.await_text("#details-title", f"Node {name}")

    def focus(self):
        return self.browser.run(
            "const x = document.activeElement; return x.id || x.dataset.do ||"
            " x.dataset.node || x.tagName")

    def tab_to(self, wanted, most=40):
        for _ in range(most):
            if self.focus() == wanted:
                return
            self.browser.press(TAB)
        self.fail(f"Tab does not come to {wanted}")

    def is_asking(self):
        return self.browser.run(
            "return document.querySelector('#confirm').open")

    def confirm(self, command):
        self.browser.click(f"#controls [data-do='{command}']")
        self.browser.await_that(self.is_asking, "a question")
        text = self.browser.text("#confirm-text")
        self.browser.click("#confirm-yes")
        return text

    def test_node_is_slowed_by_keys_alone(self):
        node = self.visit()
        node.step()
        self.browser.await_element("[data-node]")
        self.tab_to("n1")
        self.browser.press(RIGHT)
        self.assertEqual(self.focus(), "n2")
        self.browser.press(ENTER)
        self.browser.await_text("#details-title", "Node n2")
        self.assertEqual(
            self.browser.attribute("[data-node='n2']", "aria-pressed"), "true")
        self.tab_to("slow")
        self.browser.press(ENTER)
        self.browser.await_that(self.is_asking, "a question")
        self.assertEqual(self.focus(), "confirm-cancel")
        self.assertIn("1,000 bytes", self.browser.text("#confirm-text"))
        self.browser.press(ENTER)
        self.browser.await_that(lambda: not self.is_asking(), "no question")
        self.assertEqual(node.commands, [])
        self.assertEqual(self.focus(), "slow")
        self.browser.press(TAB)
        self.assertEqual(self.focus(), "slow-bytes")
        self.browser.chord(CONTROL, "a")
        self.browser.press("250")
        self.browser.chord(SHIFT, TAB)
        self.browser.press(ENTER)
        self.browser.await_that(self.is_asking, "a question")
        self.browser.press(TAB)
        self.assertEqual(self.focus(), "confirm-yes")
        self.browser.press(ENTER)
        self.assertEqual(node.await_command(), {
            "do": "slow", "id": 1, "node": "n2", "bytes_per_s": 250})
        self.browser.await_text("#results [data-outcome='good']",
                                "n2 sends at most 250 bytes a second now.")

    def test_links_are_reached_by_keys(self):
        node = self.visit()
        node.step()
        self.browser.await_element("[data-node]")
        self.tab_to("n1")
        self.browser.press("\ue015", ENTER)       # down
        self.browser.await_text("#details-title", "Link from n1 to n")
        self.browser.press("\ue013", ESCAPE)      # up, to the node
        self.assertEqual(self.focus(), "n1")
        self.browser.await_text("#details-title", "Who holds whom")
        self.browser.press("\ue010")              # End
        self.assertEqual(self.focus(), "n3")

    def test_each_command_is_as_agreed_upon(self):
        node = self.visit()
        node.answer = lambda x: {"type": "result", "id": x["id"], "ok": True,
                                 "text": "Done."}
        self.select("n2")
        self.choose("#cut-peer", "n3")
        for command in ("stop", "kill", "cut", "heal"):
            text = self.confirm(command)
            self.assertIn("n2", text)
            self.assertEqual(text.count("."), 1, text)
        for command in ("cont", "start"):
            self.browser.click(f"#controls [data-do='{command}']")
        node.await_command(6)
        self.assertEqual(node.commands, [
            {"do": "stop", "id": 1, "node": "n2"},
            {"do": "kill", "id": 2, "node": "n2"},
            {"do": "cut", "id": 3, "node": "n2", "peer": "n3"},
            {"do": "heal", "id": 4, "node": "n2"},
            {"do": "cont", "id": 5, "node": "n2"},
            {"do": "start", "id": 6, "node": "n2"}])

    def test_everything_is_healed_from_the_bar(self):
        node = self.visit()
        node.cluster.slow("n2")
        node.step()
        self.browser.await_text("#sentence", "n2 is slowed")
        self.browser.run("scrollTo(0, document.body.scrollHeight)")
        self.browser.click("#heal-all")
        self.browser.await_that(self.is_asking, "a question")
        self.assertEqual(self.focus(), "confirm-yes")
        self.browser.press(ENTER)
        self.assertEqual(node.await_command(), {"do": "heal", "id": 1})
        self.browser.await_text("#results", "Everything is healed.")
        node.step()
        self.browser.await_text("#sentence", "Nobody waits for anybody.")

    def test_selected_link_is_cut(self):
        node = self.visit()
        self.browser.await_element("[data-link]")
        self.browser.run(
            "document.querySelector(\"[data-link='n3>n1'] .hit\")"
            ".dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        self.browser.await_text("#details-title", "Link from n3 to n1")
        self.confirm("cut")
        self.assertEqual(node.await_command(), {
            "do": "cut", "id": 1, "node": "n3", "peer": "n1"})
        node.step()
        self.browser.await_element("[data-link='n3>n1'][data-state='cut']")

    def test_nothing_is_shown_before_the_node_says_it(self):
        node = self.visit()
        node.answer = lambda _: None
        self.select("n2")
        self.confirm("kill")
        node.await_command()
        self.browser.await_text("#results [data-outcome='waiting']",
                                "Kill n2: waiting for the answer.")
        self.assertIn("all up", self.browser.text("#sentence"))
        self.assertEqual(
            self.browser.attribute("[data-node='n2']", "data-state"), "up")
        node.send({"type": "result", "id": 1, "ok": False,
                   "text": "There is no launcher."})
        self.browser.await_text("#results [data-outcome='bad']",
                                "There is no launcher.")
        self.browser.click("#results button")
        self.assertEqual(self.browser.find_all("#results p"), [])

    def test_answer_that_never_comes_is_said(self):
        node = self.visit()
        node.answer = lambda _: None
        self.select("n2")
        self.confirm("kill")
        node.await_command()
        self.browser.await_that(
            lambda: node.step() or "no answer within 10 s" in self.browser.text(
                "#results"), "the end of patience")
        self.assertIn("It is not known whether it was done",
                      self.browser.text("#results"))

    def test_start_has_more_patience_than_other_commands(self):
        node = self.visit()
        node.cluster.kill("n3")
        node.step()
        node.answer = lambda _: None
        self.select("n3")
        self.browser.run(                  # a minute is six seconds
            "const plain = setTimeout; window.setTimeout = "
            "(call, ms, ...rest) => plain(call, ms / 10, ...rest)")
        self.browser.click("[data-do='start']")
        self.browser.click("[data-do='cont']")
        node.await_command(2)
        self.browser.await_that(
            lambda: node.step() or self.texts("#results [data-outcome='bad']"),
            "no answer to one of them")
        self.assertEqual(
            [x.startswith("Continue n3: no answer within 10 s")
             for x in self.texts("#results [data-outcome='bad'] span + span")],
            [True])
        self.browser.await_text("#results [data-outcome='waiting']",
                                "Start n3: waiting for the answer.")
        node.send({"type": "result", "id": 1, "ok": True,
                   "text": "n3 is a member again."})
        self.browser.await_text("#results [data-outcome='good']",
                                "n3 is a member again.")

    def test_start_that_is_never_answered_is_said_with_its_limit(self):
        node = self.visit()
        node.answer = lambda _: None
        self.select("n3")
        self.browser.run(
            "const plain = setTimeout; window.setTimeout = "
            "(call, ms, ...rest) => plain(call, ms / 100, ...rest)")
        self.browser.click("[data-do='start']")
        self.browser.await_text("#results [data-outcome='bad']",
                                "Start n3: no answer within 65 s.")

    def test_connection_lost_before_the_answer_is_said(self):
        node = self.visit()
        node.answer = lambda _: None
        self.select("n2")
        self.confirm("stop")
        node.await_command()
        node.hang_up()
        self.browser.await_text(
            "#results", "Stop n2: the connection was lost. It is not known")
        self.assertFalse(self.browser.find("[data-do='stop']").is_enabled())
        self.are_refusals_expected = True

    def test_only_offered_commands_are_shown(self):
        self.visit(controls=["slow", "heal"])
        self.select("n2")
        self.assertEqual(
            [x.get_attribute("data-do")
             for x in self.browser.find_all("#controls [data-do]")],
            ["slow", "heal"])

    def test_without_commands_the_page_says_so(self):
        self.visit(controls=[])
        self.select("n2")
        self.browser.await_text("#controls", "they are switched off")
        self.assertFalse(self.browser.find("#heal-all").is_displayed())

    def test_node_of_the_page_is_not_stopped_from_it(self):
        self.visit()
        self.select("n1")
        self.browser.await_text("#controls", "n1 serves this page")
        for command in ("stop", "kill"):
            self.assertFalse(
                self.browser.find(f"[data-do='{command}']").is_enabled())
        self.assertTrue(self.browser.find("[data-do='slow']").is_enabled())

    def test_rate_that_is_no_number_is_not_asked_about(self):
        node = self.visit()
        self.select("n2")
        for wrong in ("", "0", "-5", "1.5"):
            self.choose("#slow-bytes", wrong)
            self.browser.click("[data-do='slow']")
            self.assertFalse(self.is_asking(), wrong)
        self.assertEqual(node.commands, [])


if __name__ == "__main__":
    unittest.main()
