"""The pipeline needs a few megabytes, whatever its input and its reader."""

import resource
import signal
import subprocess
import unittest

from tests.examples.pipeline_case import (
    MIB, PipelineCase, lines, read_exactly)
from tests.support.process_stats import status_bytes
from tests.support.server import PATIENCE_S

# What the program needs for itself was found by trying (release 0.17.6 of CAF
# on Debian 12): 56,000 KiB with stacks of 8 MiB, most of it for the stacks of
# its five threads, and 13,000 KiB with stacks of 256 KiB. A third more here.
ADDRESS_SPACE_BYTES = 72 * MIB
SMALL_ADDRESS_SPACE_BYTES = 20 * MIB
SMALL_STACK_BYTES = 256 * 1024
INPUT_BYTES = 100 * 1000 * 1000


def limited(address_space, stack):
    """What `ulimit -v` and `ulimit -s` do."""
    def limit():
        resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    return limit


class Memory(PipelineCase):
    def setUp(self):
        super().setUp()
        self.data = lines(INPUT_BYTES, 1)
        self.input = self.path("in", self.data)

    def assert_passes_within(self, address_space, stack):
        out = self.path("out")
        done = self.run_pipeline(self.input, "--output", out,
                                 preexec_fn=limited(address_space, stack))
        self.assertEqual(done.returncode, 0, done.stderr)
        subprocess.run(["cmp", self.input, out], check=True)

    def test_file_may_be_larger_than_the_address_space(self):
        self.assert_passes_within(ADDRESS_SPACE_BYTES, 8 * MIB)

    def test_with_small_stacks_it_passes_in_a_fifth_of_the_file(self):
        self.assertLess(SMALL_ADDRESS_SPACE_BYTES * 4, len(self.data))
        self.assert_passes_within(SMALL_ADDRESS_SPACE_BYTES, SMALL_STACK_BYTES)

    def test_slow_reader_does_not_make_it_grow(self):
        process = self.start(self.input)
        got = read_exactly(process.stdout, MIB)
        before = status_bytes(process.pid, "VmRSS")
        for _ in range(64):
            got += read_exactly(process.stdout, MIB // 2)
        growth = status_bytes(process.pid, "VmHWM") - before
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE_S), 1)
        self.assertTrue(self.data.startswith(got))
        self.assertLess(growth, 3 * MIB)

    def test_rate_limit_does_not_make_it_grow(self):
        process = self.start(self.input, "--rate", "4M")
        read_exactly(process.stdout, MIB)
        before = status_bytes(process.pid, "VmRSS")
        read_exactly(process.stdout, 8 * MIB)
        growth = status_bytes(process.pid, "VmHWM") - before
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE_S), 1)
        self.assertLess(growth, 3 * MIB)


if __name__ == "__main__":
    unittest.main()
