"""A program that uses only CAF, as it was and with its one line changed, as two
processes in every combination.

The changed one is made from the other at build time (BUILD), as docs/adopt.md
says.
"""

import difflib
import os
import subprocess
import tempfile
import unittest

HERE = os.path.join(os.getcwd(), "tests/actors/remote/adopted")
TIMEOUT_S = 60


def program(kind):
    return os.path.join(HERE, "tally_" + kind)


class Adopt(unittest.TestCase):
    def run_pair(self, server, client, count, settings="", meanwhile=None):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "tally.ini"), "w") as f:
                f.write(settings)
            serving = subprocess.Popen(
                [program(server), "serve"], cwd=folder, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.addCleanup(serving.stdout.close)
            try:
                port = serving.stdout.readline().split()[1]
                done = subprocess.run(
                    [program(client), "send", port, str(count)], cwd=folder,
                    text=True, capture_output=True, timeout=TIMEOUT_S)
                serving.stdin.close()
                self.assertEqual(serving.wait(TIMEOUT_S), 0)
            finally:
                if serving.poll() is None:
                    serving.kill()
                    serving.wait()
            return done

    def test_one_line_is_changed_and_its_header_included(self):
        def lines(name):
            with open(os.path.join(HERE, name)) as f:
                return f.read().splitlines()

        changes = [line for line in difflib.unified_diff(
            lines("tally.cc"), lines("tally_after.cc"), n=0)
            if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        self.assertEqual(changes, [
            '+#include "actors/remote/middleman.h"',
            "-  cfg.load<caf::io::middleman>();",
            "+  cfg.load<sluice::actors::remote::middleman>();",
        ])

    def test_every_combination_adds_up(self):
        for server in ("before", "after"):
            for client in ("before", "after"):
                with self.subTest("%s to %s" % (client, server)):
                    done = self.run_pair(server, client, 50_000)
                    self.assertEqual(done.returncode, 0)
                    self.assertIn("sum %d\n" % (50_000 * 50_001 // 2),
                                  done.stdout)

    def test_limits_are_taken_from_its_settings(self):
        # With room for nothing, next to nothing arrives.
        done = self.run_pair(
            "after", "after", 50_000,
            "[sluice]\nremote-cap-messages=1\n")
        self.assertNotIn("sum %d\n" % (50_000 * 50_001 // 2), done.stdout)


if __name__ == "__main__":
    unittest.main()
