"""A stream through four processes: whole, bounded, and over a lost link."""

import hashlib
import os
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from tests.support.process_stats import MEBIBYTE, SANITIZED, status_bytes
from tests.support.server import PATIENCE_S, Transcript
from tests.system.waiting import wait_until

RELAY = "examples/relay/relay"
MEMORY_GROWTH_MAX = 12 * MEBIBYTE


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


class Program:
    """One process of a relay; what it says is read as it comes."""

    def __init__(self, case, *arguments, stdin=subprocess.DEVNULL):
        self.process = subprocess.Popen([RELAY, *arguments], stdin=stdin,
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.log = Transcript(self.process.stderr)
        case.addCleanup(self.end)

    def endpoint(self):
        return self.log.await_match(r"^listening (\S+)$")[1]

    def wait(self):
        code = self.process.wait(PATIENCE_S)
        self.log.finish()
        return code

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self.log.close()
        if self.process.stdin:
            self.process.stdin.close()


class Cut:
    """Stands between two processes and can cut what connects them."""

    def __init__(self, case, to):
        self.to = ("127.0.0.1", int(to.rpartition(":")[2]))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.pairs = []
        self.passed = 0
        self.news = threading.Condition()
        case.addCleanup(self.listener.close)
        case.addCleanup(self.cut)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            other = socket.create_connection(self.to)
            with self.news:
                self.pairs.append((one, other))
            for pair in ((one, other), (other, one)):
                threading.Thread(target=self._copy, args=pair,
                                 daemon=True).start()

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
                with self.news:
                    self.passed += len(data)
                    self.news.notify_all()
        except OSError:
            pass

    def await_bytes(self, count):
        with self.news:
            if not self.news.wait_for(lambda: self.passed >= count,
                                      PATIENCE_S):
                raise AssertionError(f"only {self.passed} bytes passed")

    def cut(self):
        with self.news:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()


class Relay(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.copy = os.path.join(self.folder, "copy")

    def unix(self, name):
        return "unix://" + os.path.join(self.folder, name)

    def sink(self, where, *options):
        return Program(self, "sink", "--listen", where, *options, self.copy)

    def hop(self, where, to, *options):
        return Program(self, "hop", "--listen", where, "--to", to, *options)

    def source(self, to, data=None, *options):
        """Without data its standard input is a pipe."""
        if data is None:
            return Program(self, "source", "--to", to, *options,
                           stdin=subprocess.PIPE)
        path = os.path.join(self.folder, "original")
        with open(path, "wb") as file:
            file.write(data)
        return Program(self, "source", "--to", to, path, *options)

    def chain(self, *sink_options, of_all=()):
        """Sink and two hops; all of them, and where to send to."""
        sink = self.sink("tcp://127.0.0.1:0", *of_all, *sink_options)
        second = self.hop(self.unix("b"), sink.endpoint(), *of_all)
        first = self.hop("tcp://127.0.0.1:0", second.endpoint(), *of_all)
        return [sink, second, first], first.endpoint()

    def assert_copied(self, data, programs):
        for x in programs:
            self.assertEqual(x.wait(), 0, x.log.tail())
        with open(self.copy, "rb") as file:
            self.assertTrue(file.read() == data, "the copy is another")
        digest = hashlib.sha256(data).hexdigest()
        for x in (programs[0], programs[-1]):
            self.assertIn("SHA-256 " + digest, x.log.text())
        for x in programs:
            self.assertRegex(x.log.text(), r"memory at most \d+\.\d MiB")


class Copies(Relay):
    def test_file_passes_two_hops_unchanged(self):
        data = content(20 * MEBIBYTE)
        programs, to = self.chain()
        self.assert_copied(data, programs + [self.source(to, data)])

    def test_nothing_passes_as_nothing(self):
        programs, to = self.chain()
        self.assert_copied(b"", programs + [self.source(to, b"")])

    def test_processes_may_start_in_any_order(self):
        data = content(MEBIBYTE)
        source = self.source(self.unix("a"), data)
        hop = self.hop(self.unix("a"), self.unix("b"))
        sink = self.sink(self.unix("b"))
        self.assert_copied(data, [sink, hop, source])

    def test_hop_may_be_stopped_for_a_while(self):
        data = content(4 * MEBIBYTE)
        programs, to = self.chain("--bytes-per-second", "2M")
        source = self.source(to, data)
        hop = programs[1]
        hop.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, hop.process.pid, os.WSTOPPED | os.WNOWAIT)
        hop.process.send_signal(signal.SIGCONT)
        self.assert_copied(data, programs + [source])


class Bounds(Relay):
    def fill(self, source, data):
        """Writes to the source until its pipe stays full for a second: all
        are full then. How much of `data`, again and again, it took."""
        pipe = source.process.stdin.fileno()
        os.set_blocking(pipe, False)
        poll = select.poll()
        poll.register(pipe, select.POLLOUT)
        taken = idle = 0
        while idle < 4:
            if not poll.poll(250):
                idle += 1
                continue
            idle = 0
            at = taken % len(data)
            taken += os.write(pipe, data[at:at + 65536])
            self.assertLess(taken, 24 * MEBIBYTE, "the source is not stopped")
        os.set_blocking(pipe, True)
        return taken

    def warm_up(self, source, programs, data):
        """Resident memory of all when the first bytes have passed."""
        source.process.stdin.write(data)
        source.process.stdin.flush()
        wait_until(lambda: os.path.exists(self.copy)
                   and os.path.getsize(self.copy) > 0, "first bytes")
        return {x: status_bytes(x.process.pid, "VmRSS") for x in programs}

    def assert_flat(self, before):
        for x, start in before.items():
            growth = status_bytes(x.process.pid, "VmHWM") - start
            self.assertLess(growth, MEMORY_GROWTH_MAX, x.process.args)

    @unittest.skipIf(SANITIZED, "memory says nothing under a sanitizer")
    def test_slow_sink_stops_the_source_and_nobody_grows(self):
        programs, to = self.chain("--bytes-per-second", "100K")
        source = self.source(to)
        data = content(MEBIBYTE)
        before = self.warm_up(source, programs + [source], data[:65536])
        self.fill(source, data)
        self.assert_flat(before)

    @unittest.skipIf(SANITIZED, "memory says nothing under a sanitizer")
    def test_sink_that_is_stopped_holds_all_and_gets_all_when_it_goes_on(self):
        # Stopped for longer than a link may be silent: it is lost meanwhile.
        programs, to = self.chain(of_all=("--silence", "1"))
        source = self.source(to)
        data = content(MEBIBYTE)
        before = self.warm_up(source, programs + [source], data)
        sink = programs[0].process
        sink.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, sink.pid, os.WSTOPPED | os.WNOWAIT)
        taken = self.fill(source, data)
        time.sleep(1)  # the situation, not a wait
        self.assert_flat(before)
        sink.send_signal(signal.SIGCONT)
        source.process.stdin.close()
        whole = data + (data * (taken // len(data) + 1))[:taken]
        self.assert_copied(whole, programs + [source])
        self.assertNotIn("opened again 0 times", programs[1].log.text())


class Failures(Relay):
    def test_link_that_is_cut_is_opened_again_without_loss(self):
        data = content(12 * MEBIBYTE)
        sink = self.sink("tcp://127.0.0.1:0")
        second = Cut(self, sink.endpoint())
        hop = self.hop("tcp://127.0.0.1:0", second.endpoint)
        first = Cut(self, hop.endpoint())
        source = self.source(first.endpoint, data)
        for i, cut in enumerate((first, second, first, second)):
            cut.await_bytes((i + 1) * MEBIBYTE)
            cut.cut()
        self.assert_copied(data, [sink, hop, source])
        again = re.search(r"opened again (\d+) times", source.log.text())
        self.assertGreaterEqual(int(again[1]), 2)

    def test_hop_that_lost_the_stream_is_not_fed(self):
        programs, to = self.chain()
        source = self.source(to, None, "--patience", "1")
        source.process.stdin.write(content(2 * MEBIBYTE))
        source.process.stdin.flush()
        first = programs[2]
        first.process.kill()
        first.process.wait()
        # A new one knows nothing of the stream, nor the one after it of it.
        self.hop(to, programs[1].endpoint())
        self.assertEqual(source.wait(), 1)
        self.assertRegex(source.log.text(), r"[1-9]\d* messages were not "
                                            "confirmed")

    def test_neighbour_that_stays_away_ends_the_wait(self):
        source = self.source(self.unix("nobody"), b"x", "--patience", "1")
        self.assertEqual(source.wait(), 1)
        self.assertRegex(source.log.text(), r"relay source: .*nobody")

    def test_source_that_dies_ends_the_others_with_a_reason(self):
        sink = self.sink(self.unix("b"), "--patience", "1")
        hop = self.hop(self.unix("a"), self.unix("b"), "--patience", "1")
        source = self.source(self.unix("a"))
        source.process.stdin.write(content(MEBIBYTE))
        source.process.stdin.flush()
        source.process.kill()
        self.assertEqual(hop.wait(), 1, hop.log.tail())
        self.assertEqual(sink.wait(), 1, sink.log.tail())
        for x in (hop, sink):
            self.assertRegex(x.log.text(), r"relay (hop|sink): \S")

    def test_bad_commands_are_named(self):
        for options, text in (
                ((), "subcommand"),
                (("hop", "--to", "unix:///tmp/x"), "--listen"),
                (("source", "--to", "nonsense"), "nonsense"),
                (("sink", "--listen", "tcp://127.0.0.1:99999"), "99999"),
                (("source", "--to", "unix:///tmp/x", "/no/such/file"),
                 "/no/such/file"),
                (("sink", "--listen", self.unix("a"), "--bytes-per-second",
                  "much"), "much")):
            done = subprocess.run([RELAY, *options], timeout=PATIENCE_S,
                                  stdin=subprocess.DEVNULL, check=False,
                                  capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0, options)
            self.assertIn(text, done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
