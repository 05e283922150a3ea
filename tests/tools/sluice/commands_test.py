"""What `sluice` shows of a cluster, and the trouble that it makes for it."""

import json
import os
import re
import signal
import subprocess
import unittest

from tests.system.waiting import wait_until
from tests.tools.sluice.cluster_case import (
    BAD_COMMAND_LINE, FAILED, NO_ANSWER, NO_CLUSTER, OK, SLUICE, ClusterCase,
    is_running)

COMMANDS = ("up", "status", "top", "nodes", "down", "kill", "stop", "cont",
            "start", "leave", "slow", "cut", "heal", "completion")


class Trouble(ClusterCase):
    def setUp(self):
        super().setUp()
        self.up()

    def tearDown(self):
        self.run_tool("down")
        super().tearDown()

    def process_of(self, name):
        return self.node(name)["pid"]

    def test_killed_node_has_ended_and_is_started_again(self):
        pid = self.process_of("n2")
        self.assertEqual(self.tool("kill", "n2"), f"n2 was killed (pid {pid})\n")
        self.assertFalse(is_running(pid))
        node = self.node("n2")
        self.assertEqual((node["process"], node["end"], node["pid"]),
                         ("ended", "was killed by SIGKILL", None))
        self.assertRegex(self.tool("status"),
                         r"(?m)^n2 +-  was killed by SIGKILL \d+")
        self.assertRegex(self.tool("start", "n2"),
                         r"\An2 is a member again \(pid \d+\)\n\Z")
        self.assertEqual(self.node("n2")["state"], "member")
        self.assertNotEqual(self.process_of("n2"), pid)

    def test_stopped_node_is_shown_with_its_silence_and_goes_on(self):
        pid = self.process_of("n3")
        self.assertEqual(self.tool("stop", "n3"), f"n3 is stopped (pid {pid})\n")
        done = self.run_tool("status")
        self.assertEqual(done.returncode, NO_ANSWER)
        found = re.search(r"(?m)^n3 +%d  stopped: no answer for (\d+)\.\d s$"
                          % pid, done.stdout)
        self.assertTrue(found, done.stdout)
        node = self.node("n3")
        # Nothing of it is shown that it said before.
        for field in ("state", "keys", "members", "version", "shards"):
            self.assertIsNone(node[field], field)
        self.assertEqual(node["process"], "stopped")
        self.assertFalse(node["answers"])
        self.assertGreater(node["silent_for_s"], 0.9)
        before = node["silent_for_s"]
        self.assertGreater(self.node("n3")["silent_for_s"], before)
        self.assertEqual(self.tool("cont", "n3"), f"n3 goes on (pid {pid})\n")
        self.assertEqual(self.node("n3")["state"], "member")
        self.assertEqual(self.run_tool("status").returncode, OK)

    def test_silence_is_counted_from_the_last_answer(self):
        # Nobody asks by `status`; the launcher does, once a second.
        wait_until(lambda: self.status()["up_for_s"] > 2.5, "time stands still")
        os.kill(self.process_of("n1"), signal.SIGSTOP)
        silent = self.node("n1")["silent_for_s"]
        self.assertLess(silent, 2.5)

    def test_node_that_leaves_is_asked_and_then_ended(self):
        pid = self.process_of("n3")
        self.assertEqual(self.tool("leave", "n3"),
                         "n3 has left, and its process has ended "
                         f"(pid {pid})\n")
        self.assertIn('leave {"do":"leave"}\ngoodbye\n-- n3 exited with status '
                      '0\n', self.log("n3"))
        self.assertFalse(is_running(pid))
        self.tool("start", "n3")

    def test_slow_cut_and_heal_reach_the_nodes(self):
        self.assertIn("n1 takes 66 KB/s", self.tool("slow", "n1"))
        self.tool("slow", "n1", "--rate", "2M")
        self.tool("slow", "n1", "--rate", "0")
        self.tool("cut", "n1", "n3")
        self.tool("heal", "n3", "n1")
        self.tool("heal")
        told = [x for x in self.log("n1").splitlines() if "{" in x]
        self.assertEqual(told, [
            'slow {"bytes_per_s":65536,"do":"slow"}',
            'slow {"bytes_per_s":2097152,"do":"slow"}',
            'slow {"bytes_per_s":0,"do":"slow"}',
            'cut {"do":"cut","peer":"n3"}',
            'heal {"do":"heal","peer":"n3"}',
            'heal {"do":"heal"}'])
        self.assertIn('cut {"do":"cut","peer":"n1"}', self.log("n3"))

    def test_heal_passes_by_nodes_that_have_ended(self):
        self.tool("kill", "n2")
        self.tool("heal")

    def test_cut_from_a_node_that_does_not_answer_says_so(self):
        self.tool("stop", "n3")
        why = self.refuse(NO_ANSWER, "cut", "n1", "n3")
        self.assertIn("n3 does not answer", why)

    def test_cut_from_a_node_that_has_ended(self):
        self.tool("kill", "n3")
        self.assertEqual(self.refuse(FAILED, "cut", "n1", "n3"),
                         "n3 does not run: it was killed by SIGKILL")

    def test_unknown_node_names_those_there_are(self):
        why = "there is no node 'n9'; there are n1, n2, n3"
        for command in ("kill", "stop", "cont", "start", "leave", "slow"):
            self.assertEqual(self.refuse(BAD_COMMAND_LINE, command, "n9"), why)
        for command in (("cut", "n1", "n9"), ("cut", "n9", "n1"),
                        ("heal", "n1", "n9")):
            self.assertEqual(self.refuse(BAD_COMMAND_LINE, *command), why)
        # Not even the one that is there was asked.
        self.assertNotIn("{", self.log("n1"))

    def test_node_cannot_be_cut_off_from_itself(self):
        self.refuse(BAD_COMMAND_LINE, "cut", "n1", "n1")

    def test_what_cannot_be_done_to_a_node_is_said(self):
        self.assertRegex(self.refuse(FAILED, "start", "n1"),
                         r"\An1 runs already, pid \d+\Z")
        self.tool("kill", "n1")
        for command in ("kill", "stop", "cont", "leave"):
            self.assertEqual(self.refuse(FAILED, command, "n1"),
                             "n1 does not run: it was killed by SIGKILL")

    def test_stopped_node_that_is_killed_has_ended(self):
        self.tool("stop", "n2")
        self.tool("kill", "n2")
        self.assertEqual(self.node("n2")["process"], "ended")

    def test_stop_twice_and_cont_twice(self):
        for command in ("stop", "stop", "cont", "cont"):
            self.tool(command, "n2")
        self.assertEqual(self.node("n2")["state"], "member")

    def test_control_socket_speaks_json_lines(self):
        done = subprocess.run(
            ["nc", "-NU", f"{self.dir}/sluice.sock"], text=True,
            input='{"do":"verbs"}\nhello\n{"do":"kill"}\n{"do":"start"}\n'
                  '{"do":"signal","node":"n1","signal":"HUP"}\n'
                  '{"do":"ask","requests":7}\n{"do":"status","ask":7}\n',
            capture_output=True, timeout=30, check=True)
        answers = [json.loads(x) for x in done.stdout.splitlines()]
        self.assertEqual([x["ok"] for x in answers],
                         [True, False, False, False, False, False, False])
        self.assertIn("down", answers[0]["verbs"])
        self.assertTrue(all(x["process"] == "running"
                            for x in self.status()["nodes"]))


class Views(ClusterCase):
    def setUp(self):
        super().setUp()
        self.up()

    def tearDown(self):
        self.run_tool("down")
        super().tearDown()

    def test_status_is_a_table(self):
        lines = self.tool("status").splitlines()
        self.assertEqual(
            lines[0].split(),
            ["NODE", "PID", "STATE", "RESP", "KEYS", "SHARDS", "VERSION",
             "MEMBERS"])
        self.assertRegex(
            lines[1], rf"^n1 +\d+  member  {self.port}  1'234  22 \+ 21  1\.3"
                      r"      n1 n2 n3$")
        self.assertRegex(
            lines[-1], rf"^up for .* in {self.dir}, launcher pid \d+, seed n1$")

    def test_status_as_json_has_the_documented_fields(self):
        status = self.status()
        self.assertEqual(
            sorted(status),
            ["dir", "launcher_pid", "nodes", "program", "stage", "up_for_s"])
        self.assertEqual(
            sorted(status["nodes"][0]),
            ["answers", "end", "error", "for_s", "incarnation", "keys", "log",
             "members", "name", "page", "pid", "process", "rates", "resp_port", "seed",
             "shards", "silent_for_s", "state", "suspected", "version"])
        self.assertEqual(status["nodes"][2]["members"], ["n1", "n2", "n3"])
        self.assertEqual(status["nodes"][2]["resp_port"], self.port + 2)

    def test_top_shows_rates_queues_and_pressure(self):
        text = self.tool("top", "--once")
        self.assertRegex(text, r"(?m)^n1 +1'500 +1'000  43 MB/s  999 B/s  1'234$")
        self.assertRegex(text, r"(?m)^n3 +channel to n2 +7 +900 +n2$")
        self.assertIn("Nobody is held.", text)
        top = json.loads(self.tool("top", "--once", "--json"))
        self.assertEqual(sorted(top), ["dir", "nodes", "pressure", "queues"])
        self.assertEqual(top["queues"][0]["node"], "n1")

    def test_top_shows_a_stopped_node_without_figures(self):
        self.tool("stop", "n2")
        done = self.run_tool("top", "--once")
        self.assertEqual(done.returncode, NO_ANSWER)
        self.assertRegex(done.stdout, r"(?m)^n2 +stopped: no answer for ")

    def watch(self, *arguments):
        process = subprocess.Popen(
            [SLUICE, *arguments, "--interval", "0.1"], env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        return process

    def test_watch_goes_on_until_ctrl_c(self):
        for command in ("status", "--watch"), ("top",):
            process = self.watch(*command, "--json")
            for _ in range(3):
                self.assertEqual(len(json.loads(process.stdout.readline())
                                     ["nodes"]), 3)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), OK)

    def test_watch_shows_what_changes(self):
        process = self.watch("status", "--watch")
        self.assertIn("NODE", process.stdout.readline())
        self.tool("kill", "n2")
        while "killed by SIGKILL" not in (line := process.stdout.readline()):
            self.assertTrue(line, "the watch has ended")

    def test_watch_ends_with_the_cluster(self):
        process = self.watch("status", "--watch")
        process.stdout.readline()
        self.tool("down")
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, NO_CLUSTER)
        self.assertIn("no cluster runs in", errors)

    def test_nodes_lists_names(self):
        self.assertEqual(self.tool("nodes"), "n1\nn2\nn3\n")


class StrangeNode(ClusterCase):
    def test_node_that_knows_no_status_never_becomes_a_member(self):
        why = self.refuse_up("--mute")
        self.assertIn("not all nodes are members", why)

    def refuse_up(self, *node_options):
        done = self.run_tool(*self.up_options("-d", "--wait", "1", nodes=1),
                             "--", *node_options)
        self.assertEqual(done.returncode, FAILED)
        return done.stderr


class CommandLine(ClusterCase):
    def test_help_has_an_example_for_every_command(self):
        text = self.tool("--help")
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command} +\w")
            if command == "completion":
                continue
            help_text = self.tool(command, "--help")
            self.assertRegex(help_text,
                             rf"(?s)Examples:\n.*sluice {command}\b")

    def test_bad_command_lines_are_one_line_each(self):
        for arguments, part in (
                ((), "a command is missing; there are up, status, "),
                (("dance",), "there is no command 'dance'; there are up, "),
                (("--no-such",), "a command is missing; there are up, "),
                (("status", "--no-such"), "sluice status --help"),
                (("status", "n1"), "n1"),
                (("kill",), "NODE is required (sluice kill --help)"),
                (("kill", "n1", "n2"), "n2"),
                (("cut", "n1"), "sluice cut --help"),
                (("heal", "n1"), "sluice heal --help"),
                (("slow", "n1", "--rate", "fast"), "--rate"),
                (("slow", "n1", "--rate", "-1"), "--rate"),
                (("status", "--interval", "0"), "--interval"),
                (("completion", "fish"), "fish"),
                (("status", "--", "x"), "only `up` takes arguments")):
            self.assertIn(part, self.refuse(BAD_COMMAND_LINE, *arguments))

    def test_no_cluster(self):
        for arguments in (("status",), ("top",), ("nodes",), ("down",),
                          ("kill", "n1"), ("start", "n1"), ("leave", "n1"),
                          ("slow", "n1"), ("cut", "n1", "n2"), ("heal",)):
            self.assertEqual(
                self.refuse(NO_CLUSTER, *arguments),
                f"no cluster runs in {self.dir}; `sluice up` starts one")
        self.refuse(NO_CLUSTER, "status", "--dir", "/no/such/place")

    def complete(self, *words):
        """What bash would offer for the last of `words`."""
        os.mkdir(self.dir + "/bin")
        os.symlink(SLUICE, self.dir + "/bin/sluice")
        script = ('source <(sluice completion bash); COMP_WORDS=("$@"); '
                  'COMP_CWORD=$(($# - 1)); _sluice; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        path = self.dir + "/bin:" + self.environment["PATH"]
        done = subprocess.run(
            ["bash", "-euc", script, "bash", "sluice", *words], text=True,
            env=dict(self.environment, PATH=path), capture_output=True,
            timeout=30, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_completion_of_bash(self):
        self.assertEqual(self.complete("st"), ["status", "stop", "start"])

    def test_completion_of_options(self):
        self.assertEqual(self.complete("up", "--n"), ["--nodes"])

    def test_completion_of_nodes(self):
        self.up(nodes=2)
        self.assertEqual(self.complete("kill", "n"), ["n1", "n2"])
        self.tool("down")

    def test_completion_of_zsh_names_every_command(self):
        text = self.tool("completion", "zsh")
        self.assertTrue(text.startswith("#compdef sluice\n"))
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^    '{command}:\w")


if __name__ == "__main__":
    unittest.main()
