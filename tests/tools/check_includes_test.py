"""tools/check_includes finds each kind of include that breaks a rule."""

import os
import subprocess
import tempfile
import unittest


class CheckIncludes(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, *lines):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")

    def check(self):
        done = subprocess.run(["tools/check_includes", self.root], check=False,
                              stdout=subprocess.PIPE, text=True)
        return done.returncode, done.stdout

    def expect_broken(self, place, rule):
        code, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertEqual(output.count("\n"), 2, output)
        self.assertIn(place + ": includes ", output)
        self.assertIn(rule, output)

    def expect_clean(self):
        code, output = self.check()
        self.assertEqual(code, 0, output)

    def test_tree_that_keeps_the_rules_passes(self):
        self.write("runtime/loop.h", "#pragma once")
        self.write("runtime/loop_actor.cc", "#include <caf/detail/x.hpp>")
        self.write("actors/flow_actor.h", "#include <caf/detail/x.hpp>")
        self.write("net/socket.cc", '#include "runtime/loop.h"',
                   "#include <net/if.h>", "#include <caf/all.hpp>")
        self.write("actors/flow.cc", '#include "net/socket.h"')
        self.write("examples/echo/echo.cc", '#include "actors/flow.h"')
        self.write("tests/net/socket_test.cc", '#include "tests/support/x.h"',
                   '#include "examples/echo/echo.h"')
        self.expect_clean()

    def test_runtime_that_includes_net(self):
        self.write("runtime/loop.cc", "", '#include "net/socket.h"')
        self.expect_broken("runtime/loop.cc:2", "runtime/ may include runtime/")

    def test_net_that_includes_actors(self):
        self.write("net/socket.h", '#  include "actors/flow.h"')
        self.expect_broken("net/socket.h:1", "layers point down")

    def test_actors_that_include_examples(self):
        self.write("actors/flow.h", '#include "examples/kv/store.h"')
        self.expect_broken("actors/flow.h:1", "layers point down")

    def test_example_that_includes_bench(self):
        self.write("examples/kv/kv.cc", '#include "bench/load.h"')
        self.expect_broken("examples/kv/kv.cc:1", "layers point down")

    def test_tool_may_include_the_library_but_no_example(self):
        self.write("tools/sluice/up.cc", '#include "actors/supervisor.h"',
                   '#include "tools/sluice/up.h"')
        self.expect_clean()
        self.write("tools/sluice/up.cc", '#include "examples/kv/store.h"')
        self.expect_broken("tools/sluice/up.cc:1", "layers point down")

    def test_actors_that_include_a_tool(self):
        self.write("actors/flow.cc", '#include "tools/sluice/up.h"')
        self.expect_broken("actors/flow.cc:1", "layers point down")

    def test_library_that_includes_tests(self):
        self.write("net/a/b.cc", '#include "tests/support/clock.h"')
        self.expect_broken("net/a/b.cc:1", "nothing but tests/")

    def test_bench_that_includes_tests(self):
        self.write("bench/load.cc", '#include "tests/support/clock.h"')
        self.expect_broken("bench/load.cc:1", "nothing but tests/")

    def test_caf_detail_outside_the_loop_actor(self):
        self.write("runtime/event_loop.cc", "#include <caf/detail/x.hpp>")
        self.expect_broken("runtime/event_loop.cc:1", "caf/detail")

    def test_caf_detail_in_quotes(self):
        self.write("net/loop_actor.cc", '#include "caf/detail/x.hpp"')
        self.expect_broken("net/loop_actor.cc:1", "caf/detail")

    def test_own_header_in_angle_brackets(self):
        self.write("net/socket.h", "#pragma once")
        self.write("net/socket.cc", "#include <net/socket.h>")
        self.expect_broken("net/socket.cc:1", "in quotes")

    def test_include_from_beside(self):
        self.write("net/socket.h", "#pragma once")
        self.write("net/socket.cc", '#include "socket.h"')
        self.expect_broken("net/socket.cc:1", "repository's root")

    def test_include_through_the_parent(self):
        self.write("net/socket.cc", '#include "../runtime/loop.h"')
        self.expect_broken("net/socket.cc:1", "repository's root")

    def test_empty_tree_is_a_mistake(self):
        code, output = self.check()
        self.assertEqual(code, 2, output)
