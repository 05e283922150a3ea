"""tools/check_format finds files that are not formatted, and mends them."""

import os
import shutil
import subprocess
import tempfile
import unittest

GOOD = "int twice(int value) {\n  return 2 * value;\n}\n"
BAD = "int one;\nint twice(int value) { return  2*value; }\n"


class CheckFormat(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        shutil.copy(".clang-format", self.root)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as out:
            out.write(text)

    def check(self, *options):
        done = subprocess.run(["tools/check_format", *options, self.root],
                              check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def test_formatted_file_passes(self):
        self.write("net/good.cc", GOOD)
        code, output = self.check()
        self.assertEqual(code, 0, output)

    def test_unformatted_files_are_named_with_their_line(self):
        self.write("net/good.cc", GOOD)
        self.write("net/bad.cc", BAD)
        self.write("runtime/deep/bad.h", BAD)
        code, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertIn("net/bad.cc:2: ", output)
        self.assertIn("runtime/deep/bad.h:2: ", output)
        self.assertNotIn("good.cc", output)
        self.assertIn("3 files, 2 of them", output)

    def test_fix_makes_the_check_pass(self):
        self.write("net/bad.cc", BAD)
        self.assertEqual(self.check("--fix")[0], 0)
        code, output = self.check()
        self.assertEqual(code, 0, output)

    def test_output_folders_of_bazel_are_left_alone(self):
        self.write("net/good.cc", GOOD)
        self.write("bazel-out/bad.cc", BAD)
        code, output = self.check()
        self.assertEqual(code, 0, output)

    def test_empty_tree_is_a_mistake(self):
        self.assertEqual(self.check()[0], 2)
