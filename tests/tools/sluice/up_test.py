"""`sluice up`: how clusters begin and end."""

import fcntl
import os
import signal
import socket
import unittest

from tests.system.waiting import wait_until
from tests.tools.sluice.cluster_case import (
    BAD_COMMAND_LINE, CLUSTER_PORT_OFFSET, FAILED, NO_ANSWER, NO_CLUSTER, NODE,
    OK, SLUICE, ClusterCase, Foreground, is_free, is_running)


class Background(ClusterCase):
    def test_up_status_and_down(self):
        text = self.up()
        for i in range(3):
            self.assertRegex(
                text, rf"(?m)^n{i + 1} +\d+  127.0.0.1:{self.port + i} ")
        self.assertIn("3 nodes are up after", text)
        self.assertIn(f"redis-cli -p {self.port} set", text)
        self.assertIn(f"  {SLUICE} down ", text)
        self.assertEqual(len(self.pids), 4)
        self.assertTrue(all(is_running(x) for x in self.pids))
        self.assertEqual(self.tool("down"), "3 nodes have ended\n")
        self.nothing_runs()
        self.assertTrue(is_free(self.port))

    def test_nodes_are_told_who_they_are(self):
        self.up("--etcd", nodes=4)
        seeds = ",".join(
            f"tcp://127.0.0.1:{self.port + CLUSTER_PORT_OFFSET + i}"
            for i in range(3))
        for name in ("n1", "n4"):
            self.assertIn(f"here is {name}, seeds {seeds}, "
                          "etcd http://127.0.0.1:2379\n", self.log(name))
        self.tool("down")

    def test_etcd_elsewhere(self):
        self.up("--etcd", "http://10.0.0.1:2379,http://10.0.0.2:2379", nodes=1)
        self.assertIn("etcd http://10.0.0.1:2379,http://10.0.0.2:2379\n",
                      self.log("n1"))
        self.tool("down")

    def test_launcher_goes_on_when_its_session_has_ended(self):
        # `sluice up -d` has returned, so nothing of the test's is its parent.
        self.up(nodes=1)
        launcher = self.pids[0]
        self.assertEqual(os.getsid(launcher), launcher)
        self.tool("down")

    def test_second_up_says_who_is_there(self):
        self.up(nodes=1)
        why = self.refuse(NO_CLUSTER, *self.up_options(nodes=1))
        self.assertIn(f"runs in {self.dir} already, launcher pid "
                      f"{self.pids[0]};", why)
        self.assertEqual(self.node("n1")["state"], "member")
        self.tool("down")

    def test_up_right_after_down(self):
        for _ in range(5):
            self.up(nodes=2)
            self.tool("down")
        self.nothing_runs()

    def test_two_clusters_in_two_places(self):
        self.up(nodes=1)
        first = self.pids
        other = os.path.join(self.dir, "other")
        self.tool(*self.up_options("-d", "--dir", other, nodes=2))
        self.assertEqual(self.tool("nodes"), "n1\n")
        self.assertEqual(self.tool("--dir", other, "nodes"), "n1\nn2\n")
        self.tool("down", "--dir", other)
        self.assertTrue(all(is_running(x) for x in first))
        self.tool("down")

    def test_stopped_node_does_not_hold_up_down(self):
        self.up()
        self.tool("stop", "n2")
        self.tool("down")
        self.nothing_runs()

    def test_node_that_ignores_sigterm_is_killed(self):
        self.up("--", "--ignore-term", nodes=1)
        self.tool("down")
        self.nothing_runs()
        self.assertIn("n1 was killed by SIGKILL", self.log("n1"))


class InFront(ClusterCase):
    def start(self, *more, nodes=3):
        result = Foreground(self, *self.up_options(*more, nodes=nodes))
        result.await_line(r"^Ctrl-C ends them\.$")
        self.pids += [x["pid"] for x in self.status()["nodes"]]
        return result

    def check_end(self, up):
        self.assertEqual(up.wait(), OK)
        self.assertEqual(up.errors(), "")
        self.assertIn("sluice | all nodes have ended\n", up.output())
        self.nothing_runs()

    def test_output_of_nodes_has_their_names_in_front(self):
        up = self.start()
        up.await_line(r"^n1     \| here is n1, seeds ")
        up.await_line(r"^n3     \| here is n3, seeds ")
        up.process.send_signal(signal.SIGINT)
        self.check_end(up)
        self.assertIn("n2     | goodbye\n", up.output())

    def test_last_node_ends_first(self):
        up = self.start()
        up.process.send_signal(signal.SIGINT)
        self.check_end(up)
        words = [x.split()[0] for x in up.output().splitlines()
                 if x.endswith("goodbye")]
        self.assertEqual(words, ["n3", "n2", "n1"])

    def test_sigterm_and_hangup_end_it_too(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            up = self.start(nodes=1)
            up.process.send_signal(number)
            self.check_end(up)

    def test_down_ends_it(self):
        up = self.start()
        self.tool("down")
        self.check_end(up)

    def test_second_ctrl_c_kills(self):
        up = self.start("--", "--ignore-term", nodes=2)
        up.process.send_signal(signal.SIGINT)
        up.await_line("once more kills them")
        up.process.send_signal(signal.SIGINT)
        self.assertEqual(up.wait(), FAILED)
        for pid in self.pids:
            wait_until(lambda pid=pid: not is_running(pid), "it lives on")

    def test_nodes_end_with_a_launcher_that_is_killed(self):
        up = self.start()
        up.process.kill()
        up.wait()
        for pid in self.pids:
            wait_until(lambda pid=pid: not is_running(pid), "it lives on")
        # The socket is still there, and nobody behind it.
        self.assertIn("sluice.sock", os.listdir(self.dir))
        why = self.refuse(NO_CLUSTER, "status")
        self.assertIn(f"its launcher (pid {up.process.pid}) was killed", why)
        self.refuse(NO_CLUSTER, "kill", "n1")
        # And the place can be used again.
        self.up()
        self.tool("down")
        self.nothing_runs()

    def test_node_that_ends_by_itself_is_said_and_stays_down(self):
        up = self.start()
        os.kill(self.node("n2")["pid"], signal.SIGALRM)
        up.await_line(r"^sluice \| n2 was killed by SIGALRM; "
                      r"`sluice start n2` starts it again$")
        self.assertEqual(self.node("n2")["process"], "ended")
        self.assertEqual(self.node("n2")["end"], "was killed by SIGALRM")
        up.process.send_signal(signal.SIGINT)
        self.check_end(up)

    def test_output_that_nobody_reads_holds_up_nobody(self):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)
        up = Foreground(self, *self.up_options(nodes=2), stdout=writer)
        os.close(writer)
        self.addCleanup(os.close, reader)
        wait_until(self.is_up, "not up")
        self.note_pids()
        self.tool("kill", "n2")
        self.tool("start", "n2")
        self.tool("down")
        self.assertEqual(up.wait(), OK)
        self.nothing_runs()


class Restart(ClusterCase):
    def test_node_that_is_killed_comes_back(self):
        self.up("--restart")
        before = self.node("n2")["pid"]
        os.kill(before, signal.SIGKILL)
        after = wait_until(
            lambda: (x := self.node("n2"))["state"] == "member" and x["pid"],
            "n2 does not come back")
        self.assertNotEqual(before, after)
        self.assertEqual(self.node("n1")["pid"], self.pids[1])
        self.note_pids()
        self.tool("down")
        self.nothing_runs()

    def test_node_that_has_left_stays_away_until_it_is_started(self):
        self.up("--restart")
        self.tool("leave", "n3")
        self.assertEqual(self.node("n3")["process"], "ended")
        self.tool("start", "n3")
        self.assertEqual(self.node("n3")["state"], "member")
        self.note_pids()
        self.tool("down")
        self.nothing_runs()


    def test_node_that_fails_too_often_gives_up_alone(self):
        self.up("--restart")
        killed = set()

        def has_given_up():
            node = self.node("n2")
            if node["pid"] and node["pid"] not in killed:
                killed.add(node["pid"])
                os.kill(node["pid"], signal.SIGKILL)
            return node["process"] == "ended"

        wait_until(has_given_up, "n2 comes back for ever")
        self.assertEqual(len(killed), 6)
        self.assertEqual([self.node(x)["pid"] for x in ("n1", "n3")],
                         [self.pids[1], self.pids[3]])
        self.tool("start", "n2")
        self.note_pids()
        self.tool("down")
        self.nothing_runs()


class Failing(ClusterCase):
    def fail_both_ways(self, code, *options):
        """In the foreground and in the background: one line, nothing left."""
        self.run_and_check(code, *options)
        return self.run_and_check(code, "-d", *options)

    def run_and_check(self, code, *options):
        done = self.run_tool("up", *options)
        self.assertEqual(done.returncode, code, done)
        self.assertRegex(done.stderr, r"\Asluice: [^\n]+\n\Z")
        self.refuse(NO_CLUSTER, "status")
        left = [x for x in os.listdir(self.dir) if x.endswith((".sock", ".pid"))]
        self.assertEqual(left, [])
        return done.stderr

    def test_port_in_use_is_named(self):
        options = self.up_options()[1:]
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", self.port + 1))
            taken.listen()
            why = self.fail_both_ways(FAILED, *options)
            self.assertIn(f"port {self.port + 1} is in use, which clients of n2 "
                          "connect to; choose others with --port", why)

    def test_port_between_nodes_in_use_is_named(self):
        options = self.up_options()[1:]
        port = self.port + CLUSTER_PORT_OFFSET + 2
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            self.assertIn(f"port {port} is in use, which other nodes reach n3 "
                          "at", self.fail_both_ways(FAILED, *options))

    def test_node_that_ends_at_once_says_its_last_words(self):
        why = self.fail_both_ways(
            FAILED, *self.up_options()[1:], "--", "--end-with", "7")
        self.assertRegex(why, r"n\d exited with status 7 before it was a "
                              r"member: this node cannot be")

    def test_nodes_that_do_not_become_members(self):
        why = self.fail_both_ways(FAILED, *self.up_options()[1:], "--wait", "1",
                                  "--", "--stay-joining")
        self.assertIn("not all nodes are members after 1 s", why)

    def test_program_that_is_none(self):
        for program in ("/no/such", "/etc/passwd", self.dir):
            why = self.fail_both_ways(BAD_COMMAND_LINE, "--program", program)
            self.assertIn(f"{program} is no program", why)

    def test_program_that_is_not_on_the_path(self):
        why = self.fail_both_ways(FAILED, "--program", "no-such-program",
                                  "--port", str(21_000))
        self.assertIn("no-such-program", why)
        self.assertIn("ENOENT", why)

    def test_signal_before_all_are_members_leaves_nothing(self):
        up = Foreground(self, *self.up_options(), "--", "--stay-joining")
        up.await_line(r"^n3     \| here is n3")
        self.note_pids()
        up.process.send_signal(signal.SIGINT)
        self.assertEqual(up.wait(), FAILED)
        self.assertEqual(up.errors(),
                         "sluice: stopped before all nodes were members\n")
        self.nothing_runs()

    def test_numbers_out_of_range(self):
        for options, part in (
                (("--nodes", "0"), "from 1 to 64"),
                (("--nodes", "65"), "from 1 to 64"),
                (("--nodes", "-1"), "--nodes"),
                (("--nodes", "three"), "--nodes"),
                (("--port", "0"), "from 1 to"),
                (("--port", "55534", "--nodes", "3"), "from 1 to 55533"),
                (("--wait", "0"), "--wait")):
            why = self.refuse(BAD_COMMAND_LINE, "up", "--program", NODE,
                              *options)
            self.assertIn(part, why)

    def test_place_that_is_no_directory(self):
        path = os.path.join(self.dir, "file")
        open(path, "w", encoding="utf-8").close()
        why = self.refuse(FAILED, "up", "--program", NODE, "--dir", path)
        self.assertIn(f"{path} is no directory", why)

    def test_place_whose_path_is_too_long(self):
        path = os.path.join(self.dir, "x" * 100)
        done = self.run_tool(*self.up_options("--dir", path))
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("bad endpoint", done.stderr)

    def test_launcher_that_is_stopped_does_not_answer(self):
        self.up(nodes=1)
        os.kill(self.pids[0], signal.SIGSTOP)
        why = self.refuse(NO_ANSWER, "nodes")
        self.assertIn("does not answer within", why)
        os.kill(self.pids[0], signal.SIGCONT)
        self.tool("down")
        self.nothing_runs()


if __name__ == "__main__":
    unittest.main()
