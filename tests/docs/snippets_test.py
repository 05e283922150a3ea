"""tests/docs/check_snippets finds each kind of snippet that is wrong."""

import os
import subprocess
import tempfile
import unittest

SOURCE = """\
int main() {
  // [whole]
  int x = 1;
  // [part]
  if (x)
    x = 2;
  // [/part]
  // [/whole]
}
"""
WHOLE = "int x = 1;\nif (x)\n  x = 2;\n"
PART = "if (x)\n  x = 2;\n"


def block(name, code, language="cpp"):
    return f"<!-- snippet: {name} -->\n```{language}\n{code}```\n"


class Snippets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.write("examples/a.cc", SOURCE)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as text:
            return text.read()

    def check(self, *options):
        done = subprocess.run(["tests/docs/check_snippets", *options, self.root],
                              check=False, stdout=subprocess.PIPE, text=True)
        return done.returncode, done.stdout

    def expect_wrong(self, document, complaint):
        self.write("docs/x.md", document)
        code, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertIn(complaint, output)
        self.assertIn("1 wrong", output)

    def expect_clean(self, document):
        self.write("docs/x.md", document)
        code, output = self.check()
        self.assertEqual(code, 0, output)

    def test_snippets_that_are_their_regions_pass(self):
        self.expect_clean("# X\n\n" + block("examples/a.cc whole", WHOLE)
                          + "\ntext\n\n" + block("examples/a.cc part", PART))

    def test_snippet_that_differs_is_shown(self):
        self.expect_wrong(block("examples/a.cc part", PART.replace("2", "3")),
                          "+  x = 2;")

    def test_readme_is_checked_too(self):
        self.write("README.md", block("examples/a.cc part", "other\n"))
        self.expect_wrong("# X\n", "README.md:2: differs from [part]")

    def test_region_that_is_not_there_is_named(self):
        self.expect_wrong(block("examples/a.cc other", PART),
                          "docs/x.md:2: examples/a.cc has no region [other]")

    def test_source_that_is_not_there_is_named(self):
        self.expect_wrong(block("examples/b.cc part", PART), "examples/b.cc: ")

    def test_region_without_an_end_is_named(self):
        self.write("examples/a.cc", SOURCE.replace("  // [/whole]\n", ""))
        self.expect_wrong(block("examples/a.cc part", PART),
                          "[whole] does not end")

    def test_region_that_begins_twice_is_named(self):
        self.write("examples/a.cc", SOURCE + SOURCE)
        self.expect_wrong(block("examples/a.cc part", PART), "begins twice")

    def test_code_without_a_source_is_found(self):
        self.expect_wrong("```cpp\nint x;\n```\n", "docs/x.md:1: C++ of which")

    def test_code_may_say_that_it_has_no_source(self):
        self.expect_clean(block("none", "int x;\n"))

    def test_other_languages_are_left_alone(self):
        self.expect_clean("```sh\n./test\n```\n\n```\n// [x]\n```\n")

    def test_name_without_a_snippet_is_found(self):
        self.expect_wrong("<!-- snippet: examples/a.cc part -->\n\ntext\n",
                          "without a snippet")

    def test_tree_without_documents_is_no_success(self):
        code, _ = self.check()
        self.assertEqual(code, 1)

    def test_fix_rewrites_what_differs_and_nothing_else(self):
        before = "# X\n\n" + block("examples/a.cc part", "old\n") + "\nend\n"
        self.write("docs/x.md", before)
        code, output = self.check("--fix")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.read("docs/x.md"), before.replace("old\n", PART))
        self.assertEqual(self.check()[0], 0)


if __name__ == "__main__":
    unittest.main()
