"""tools/count_tests counts cases, and overlooks no way of failing."""

import json
import os
import subprocess
import tempfile
import unittest

PASSED = '<testcase name="a" classname="s" status="run" result="completed"/>'
FAILED = '<testcase name="b" classname="s"><failure message="no"/></testcase>'
ERROR = '<testcase name="c"><error message="exited"/></testcase>'
SKIPPED = '<testcase name="d" result="skipped"><skipped/></testcase>'
DISABLED = '<testcase name="e" status="notrun" result="suppressed"/>'


def completed(label, success=True):
    return {"id": {"targetCompleted": {"label": label}},
            "completed": {"success": True} if success else {}}


def aborted(label):
    return {"id": {"targetCompleted": {"label": label}},
            "aborted": {"reason": "ANALYSIS_FAILURE"}}


class CountTests(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def path(self, name):
        return os.path.join(self.root, name)

    def result(self, label, status, cases=None, attempt=1, shard=1):
        """The event of a test that ended; no test.xml without cases."""
        outputs = []
        if cases is not None:
            file = self.path("%s %d %d.xml" % (label.replace("/", "_"),
                                               attempt, shard))
            with open(file, "w", encoding="utf-8") as out:
                out.write("<testsuites><testsuite>%s</testsuite></testsuites>"
                          % "".join(cases))
            outputs.append({"name": "test.xml",
                            "uri": "file://" + file.replace(" ", "%20")})
        return {"id": {"testResult": {"label": label, "run": 1,
                                      "shard": shard, "attempt": attempt}},
                "testResult": {"status": status, "testActionOutput": outputs}}

    def run_file(self, events, name="events"):
        with open(self.path(name), "w", encoding="utf-8") as out:
            for event in events:
                out.write(json.dumps(event) + "\n")
        return self.path(name)

    def count(self, *arguments):
        done = subprocess.run(["tools/count_tests", *map(str, arguments)],
                              check=False, stdout=subprocess.PIPE, text=True)
        lines = done.stdout.splitlines()
        return done.returncode, lines[:-1], lines[-1]

    def expect(self, events, bazel_code, code, last):
        got = self.count("plain", bazel_code, self.run_file(events))
        self.assertEqual((got[0], got[2]), (code, last), got)
        return got[1]

    def test_each_case_counts(self):
        self.expect([completed("//a"), self.result("//a", "PASSED",
                                                   [PASSED, PASSED])],
                    0, 0, "2 passed, 0 failed")

    def test_skipped_and_disabled_cases_are_skipped(self):
        self.expect([self.result("//a", "PASSED", [PASSED, SKIPPED, DISABLED])],
                    0, 0, "1 passed, 0 failed, 2 skipped")

    def test_failed_cases_are_named(self):
        lines = self.expect(
            [self.result("//a", "FAILED", [PASSED, FAILED, ERROR])],
            3, 1, "1 passed, 2 failed")
        self.assertEqual(lines, ["FAILED [plain] //a s.b",
                                 "FAILED [plain] //a c"])

    def test_target_that_fails_after_its_cases_passed(self):
        lines = self.expect([self.result("//a", "FAILED", [PASSED])],
                            3, 1, "1 passed, 1 failed")
        self.assertEqual(lines, ["FAILED [plain] //a (as a whole: failed)"])

    def test_target_that_ran_out_of_time_without_a_report(self):
        lines = self.expect([self.result("//a", "TIMEOUT")],
                            3, 1, "0 passed, 1 failed")
        self.assertEqual(lines, ["FAILED [plain] //a (as a whole: timeout)"])

    def test_report_that_is_cut_off(self):
        event = self.result("//a", "FAILED", [PASSED])
        with open(self.path("__a 1 1.xml"), "w", encoding="utf-8") as out:
            out.write("<testsuites><testsuite>" + PASSED)
        self.expect([event], 3, 1, "0 passed, 1 failed")

    def test_passed_target_without_a_report_is_one_case(self):
        self.expect([self.result("//a", "PASSED")], 0, 0, "1 passed, 0 failed")

    def test_shards_add_up(self):
        self.expect([self.result("//a", "PASSED", [PASSED], shard=1),
                     self.result("//a", "PASSED", [PASSED], shard=2)],
                    0, 0, "2 passed, 0 failed")

    def test_only_the_last_attempt_counts(self):
        self.expect([self.result("//a", "FAILED", [FAILED], attempt=1),
                     self.result("//a", "PASSED", [PASSED], attempt=2)],
                    0, 0, "1 passed, 0 failed")

    def test_target_that_does_not_build(self):
        lines = self.expect([completed("//a"), self.result("//a", "PASSED",
                                                           [PASSED]),
                             completed("//b", success=False)],
                            1, 1, "1 passed, 1 failed")
        self.assertEqual(lines, ["FAILED [plain] //b (did not build)"])

    def test_target_that_cannot_be_analysed(self):
        self.expect([aborted("//b")], 1, 1, "0 passed, 1 failed")

    def test_error_of_bazel_itself(self):
        lines = self.expect([self.result("//a", "PASSED", [PASSED])],
                            1, 1, "1 passed, 1 failed")
        self.assertEqual(lines, ["FAILED [plain] bazel ended with exit code 1"])

    def test_no_events_file(self):
        code, _, last = self.count("plain", 2, self.path("missing"))
        self.assertEqual((code, last), (1, "0 passed, 1 failed"))

    def test_run_without_a_case_does_not_pass(self):
        self.expect([], 0, 1, "0 passed, 0 failed")

    def test_runs_add_up_and_are_told_apart(self):
        plain = self.run_file([self.result("//a", "PASSED", [PASSED])], "plain")
        asan = self.run_file([self.result("//b", "FAILED", [FAILED])], "asan")
        code, lines, last = self.count("plain", 0, plain, "asan", 3, asan)
        self.assertEqual((code, last), (1, "1 passed, 1 failed"))
        self.assertEqual(lines, ["FAILED [asan] //b s.b",
                                 "[plain] 1 passed, 0 failed",
                                 "[asan] 0 passed, 1 failed"])

    def test_long_lists_of_failures_are_cut_but_counted(self):
        lines = self.expect([self.result("//a", "FAILED", [FAILED] * 150)],
                            3, 1, "0 passed, 150 failed")
        self.assertEqual(len(lines), 101)
