"""The pipeline between real files, pipes and terminals."""

import fcntl
import os
import random
import re
import select
import signal
import subprocess
import threading
import unittest

from tests.examples.pipeline_case import (
    MIB, PIPELINE, PipelineCase, lines, read_exactly)
from tests.support.server import PATIENCE_S

# More than this is nowhere between the ends: two pipes of the kernel (64 KiB
# each), the queue of the writer, and lines of three mailboxes.
ON_THE_WAY_MAX = 1 * MIB


class Passing(PipelineCase):
    def test_file_comes_out_identical(self):
        data = lines(8 * MIB, 1)
        done = self.run_pipeline(self.path("in", data))
        self.assert_passes(data, done)

    def test_output_may_be_a_file_and_loses_what_was_in_it(self):
        data = lines(3 * MIB, 2)
        out = self.path("out", b"old" * MIB)
        done = self.run_pipeline(self.path("in", data), "--output", out)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertTrue(self.content("out") == data)

    def test_standard_input_may_be_a_file(self):
        data = lines(1 * MIB, 3)
        with open(self.path("in", data), "rb") as file:
            file.seek(1000)  # the shell's `read` has taken something
            done = self.run_pipeline(stdin=file)
        self.assert_passes(data[1000:], done)

    def test_standard_input_may_be_a_pipe(self):
        data = lines(8 * MIB, 4)
        self.assert_passes(data, self.run_pipeline(input=data))

    def test_line_that_comes_in_parts_is_one_line(self):
        process = self.start("--number", stdin=subprocess.PIPE)
        process.stdin.write(b"one")
        # It does not wait for the rest.
        self.assertEqual(read_exactly(process.stdout, 10), b"     1\tone")
        process.stdin.write(b" line\ntwo")
        process.stdin.close()
        self.assertEqual(process.stdout.read(), b" line\n     2\ttwo")
        self.assertEqual(process.wait(PATIENCE_S), 0)

    def test_empty_input_gives_empty_output(self):
        self.assert_passes(b"", self.run_pipeline())
        self.assert_passes(b"", self.run_pipeline(input=b""))
        self.assert_passes(b"", self.run_pipeline(self.path("in", b"")))

    def test_last_line_need_not_end(self):
        for data in b"x", b"\n\nx", b"one\ntwo":
            with self.subTest(data=data):
                self.assert_passes(data, self.run_pipeline(input=data))

    def test_lines_of_any_length_pass_in_pieces(self):
        data = b"x" * 5 * MIB + b"\nshort\n" + b"y" * 5 * MIB
        self.assert_passes(data, self.run_pipeline(self.path("in", data)))

    def test_bytes_of_all_values_pass(self):
        data = random.Random(5).randbytes(3 * MIB) + bytes(range(256))
        self.assert_passes(data, self.run_pipeline(input=data))

    def test_numbers_are_those_of_cat(self):
        data = lines(1 * MIB, 6) + b"z" * 100_000 + b"\n\nthe end"
        path = self.path("in", data)
        theirs = subprocess.run(["cat", "-n", path], stdout=subprocess.PIPE,
                                check=True).stdout
        done = self.run_pipeline(path, "--number")
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout == theirs)

    def test_marks_may_be_as_small_as_they_get(self):
        data = lines(1 * MIB, 7)
        done = self.run_pipeline("--high", "2", "--low", "1", input=data)
        self.assert_passes(data, done)

    def test_devices_are_no_files_but_always_ready(self):
        data = lines(1 * MIB, 8)
        with open("/dev/null", "wb") as nowhere:
            done = self.run_pipeline(self.path("in", data), stdout=nowhere)
        self.assertEqual(done.returncode, 0)
        self.assert_summary(done.stderr, data)

    def test_pipes_of_others_stay_as_they_are(self):
        ends = os.pipe()
        for fd in ends:
            self.addCleanup(os.close, fd)
        os.write(ends[1], b"x")
        reader = self.start(stdin=ends[0])
        self.assertEqual(reader.stdout.read(1), b"x")
        self.assertFalse(fcntl.fcntl(ends[0], fcntl.F_GETFL) & os.O_NONBLOCK)


class Slow(PipelineCase):
    def test_rate_is_kept(self):
        data = lines(MIB // 2, 1)
        done = self.run_pipeline("--rate", "1M", input=data)
        self.assert_passes(data, done)
        seconds = float(re.search(rb"([\d.]+) s;", done.stderr)[1])
        self.assertGreater(seconds, 0.4)

    def test_reader_that_stops_for_a_while_stops_the_input(self):
        data = lines(8 * MIB, 2)
        process = self.start(stdin=subprocess.PIPE)
        fd = process.stdin.fileno()
        os.set_blocking(fd, False)
        sent = 0
        while select.select([], [fd], [], 1)[1]:
            sent += os.write(fd, data[sent:sent + 65536])
        self.assertLess(sent, ON_THE_WAY_MAX)
        # And goes on.
        os.set_blocking(fd, True)

        def send_the_rest():
            process.stdin.write(data[sent:sent + MIB])
            for start in range(sent + MIB, len(data), MIB):
                process.stdin.write(data[start:start + MIB])
            process.stdin.close()

        sender = threading.Thread(target=send_the_rest)
        sender.start()
        got = read_exactly(process.stdout, len(data) + 1)
        sender.join(PATIENCE_S)
        self.assertTrue(got == data)
        self.assertEqual(process.wait(PATIENCE_S), 0)
        self.assert_summary(process.stderr.read(), data)

    def test_terminal_shows_who_is_paused(self):
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        data = lines(1 * MIB, 3)
        process = subprocess.Popen(
            [PIPELINE, self.path("in", data), "--rate", "100K"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
        self.addCleanup(process.wait, PATIENCE_S)
        self.addCleanup(process.kill)
        os.close(theirs)
        text = b""
        while not re.search(rb"read [\d.]+ MB/s \(paused\) \| parse \d+ "
                            rb"\(paused\) \| enrich \d+ \(paused\) \| "
                            rb"sink \d+ \(paused\) \| write [\d.]+ MB/s, "
                            rb"\d+ KiB wait", text):
            text += os.read(ours, 4096)  # fails at the end of the process


class Ending(PipelineCase):
    def assert_fails(self, done, words):
        self.assertEqual(done.returncode, 1)
        self.assertIn(words, done.stderr.decode())

    def test_input_that_does_not_exist_is_named(self):
        missing, out = self.path("missing"), self.path("out", b"kept")
        done = self.run_pipeline(missing, "--output", out)
        self.assert_fails(done, f"{missing}: No such file or directory")
        self.assertEqual(self.content("out"), b"kept")

    def test_input_that_cannot_be_read_is_named(self):
        done = self.run_pipeline(self.folder)
        self.assert_fails(done, f"{self.folder}: Is a directory")

    def test_output_that_has_no_room_is_named(self):
        path = self.path("in", lines(1 * MIB, 1))
        done = self.run_pipeline(path, "--output", "/dev/full")
        self.assert_fails(done, "/dev/full: No space left on device")
        with open("/dev/full", "wb") as full:
            done = self.run_pipeline(path, stdout=full)
        self.assert_fails(done, "standard output: No space left on device")

    def test_output_that_cannot_be_opened_is_named(self):
        out = self.path("no/where")
        done = self.run_pipeline("--output", out)
        self.assert_fails(done, f"{out}: No such file or directory")

    def test_output_must_not_be_the_input(self):
        path = self.path("in", b"dear\n")
        done = self.run_pipeline(path, "--output", path)
        self.assert_fails(done, "is the input and the output")
        self.assertEqual(self.content("in"), b"dear\n")

    def test_reader_that_goes_away_ends_it(self):
        process = self.start(self.path("in", lines(3 * MIB, 2)))
        process.stdout.read(1)
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE_S), 1)
        self.assertIn(b"standard output: Broken pipe", process.stderr.read())

    def test_signal_in_the_middle_ends_it(self):
        data = lines(3 * MIB, 3)
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=number):
                process = self.start(self.path("in", data), "--rate", "500K")
                got = process.stdout.read(MIB // 4)
                process.send_signal(number)
                got += process.stdout.read(len(data))
                self.assertEqual(process.wait(PATIENCE_S), 1)
                self.assertIn(b"interrupted", process.stderr.read())
                self.assertLess(len(got), len(data))
                self.assertTrue(data.startswith(got))

    def test_signal_ends_it_while_nobody_reads(self):
        process = self.start(self.path("in", lines(3 * MIB, 4)))
        # Its pipe is full, so that everybody is paused, or soon.
        select.select([process.stdout], [], [], PATIENCE_S)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE_S), 1)

    def test_quiet_says_nothing(self):
        done = self.run_pipeline("--quiet", input=b"x\n")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, b"x\n", b""))

    def test_marks_that_are_the_wrong_way_round_are_refused(self):
        done = self.run_pipeline("--high", "5", "--low", "5")
        self.assert_fails(done, "--low must be below --high")


if __name__ == "__main__":
    unittest.main()
