"""What the tests of the pipeline share."""

import os
import random
import re
import subprocess
import tempfile
import unittest

from tests.support.server import PATIENCE_S

PIPELINE = "examples/pipeline/pipeline"
MIB = 1 << 20


def lines(size, seed):
    """About `size` bytes of lines of all lengths up to 120."""
    source = random.Random(seed)
    text = source.randbytes(120 * 97).hex().encode()
    some = []
    for _ in range(5000):
        start = source.randrange(len(text) - 120)
        some.append(text[start:start + source.randrange(120)] + b"\n")
    parts = []
    while size > 0:
        source.shuffle(some)
        parts.append(b"".join(some))
        size -= len(parts[-1])
    return b"".join(parts)


class PipelineCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def content(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def run_pipeline(self, *options, **settings):
        """Runs it to its end; what subprocess.run returns."""
        settings.setdefault("stdin", subprocess.DEVNULL)
        if "input" in settings:
            del settings["stdin"]
        settings.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([PIPELINE, *options], stderr=subprocess.PIPE,
                              timeout=PATIENCE_S, **settings)

    def start(self, *options, **settings):
        """Starts it with its output to a pipe."""
        process = subprocess.Popen([PIPELINE, *options], bufsize=0,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **settings)
        self.addCleanup(process.wait, PATIENCE_S)
        self.addCleanup(process.kill)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                self.addCleanup(stream.close)
        return process

    def assert_passes(self, data, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        # Not assertEqual, which would print both.
        self.assertTrue(done.stdout == data, "the output is another")
        self.assert_summary(done.stderr, data)

    def assert_summary(self, text, data):
        count = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
        found = re.search(rb"(\d+) lines, (\d+) bytes, ", text)
        self.assertIsNotNone(found, text)
        self.assertEqual((int(found[1]), int(found[2])), (count, len(data)))


def read_exactly(stream, size):
    """The next bytes; fewer only at the end."""
    parts = []
    while size > 0 and (data := stream.read(min(size, MIB))):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)
