"""The key-value example and the clients that people have: redis-cli,
redis-benchmark, nc and curl, unmodified.

Usage: SLUICE_KV=BINARY kv_clients_test.py
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.system.kv_case import KvCase
from tests.system.resp_connection import encode

MILLION = 1000 * 1000


class RedisCli(KvCase):
    def test_commands_on_the_command_line(self):
        for arguments, answer in (
            ("ping", "PONG"), ("set greeting hello", "OK"),
            ("get greeting", "hello"), ("incrby counter 5", "5"),
            ("mget greeting nothing counter", "hello\n\n5"),
            ("exists greeting counter nothing", "2"),
            ("type counter", "string"), ("ttl greeting", "-1"),
            ("select 0", "OK"), ("dbsize", "2"), ("echo x", "x"),
            ("config get save", "save\n"),
        ):
            with self.subTest(arguments):
                out = self.redis_cli("--raw", *arguments.split())
                self.assertEqual(out.decode(), answer + "\n")

    def test_info_names_the_port(self):
        out = self.redis_cli("--raw", "info", "server")
        self.assertIn(b"tcp_port:%d\r\n" % self.port, out)

    def test_commands_on_standard_input(self):
        out = self.redis_cli(stdin=b"set a 1\nincr a\nget a\nquit\n")
        self.assertEqual(out, b"OK\n2\n2\n")

    def test_error_is_shown_and_the_connection_goes_on(self):
        out = self.redis_cli(stdin=b"nosuch x\nget\nping\n")
        lines = [x for x in out.decode().split("\n") if x]
        self.assertEqual(lines, [
            "ERR unknown command 'nosuch', with args beginning with: 'x' ",
            "ERR wrong number of arguments for 'get' command", "PONG"])

    def test_binary_value_of_many_lines_survives(self):
        r = random.Random(1)
        for size in (0, 1, 1000, 100 * 1000, 5 * 1000 * 1000):
            value = b"first\r\nsecond\n\x00\xff$3\r\n" + r.randbytes(size)
            self.assertEqual(self.redis_cli("-x", "set", "k", stdin=value),
                             b"OK\n")
            self.assertEqual(self.redis_cli("--raw", "get", "k"), value + b"\n")

    def test_scan_and_bigkeys_walk_through_all_keys(self):
        names = {"key:%d" % i for i in range(1000)}
        setup = b"".join(encode(("set", x, "v" * (i + 1)))
                         for i, x in enumerate(sorted(names)))
        self.redis_cli("--pipe", stdin=setup)
        out = self.redis_cli("--scan", "--pattern", "key:*")
        self.assertEqual(set(out.decode().split()), names)
        out = self.redis_cli("--bigkeys").decode()
        self.assertIn("Sampled 1000 keys in the keyspace!", out)
        self.assertIn('Biggest string found \'"key:999"\' has 1000 bytes', out)

    def test_start_of_client_libraries(self):
        """What redis-cli, redis-py, go-redis, lettuce and others send first."""
        c = self.connect()
        c.send(("hello", "2"), ("client", "setname", "me"),
               ("client", "setinfo", "LIB-NAME", "redis-py"),
               ("client", "setinfo", "LIB-VER", "5.0"), ("select", "0"),
               ("client", "id"), ("client", "getname"), ("command", "docs"),
               ("info", "server"))
        hello = c.read()[1]
        self.assertEqual(hello[:2], [b"server", b"redis"])
        self.assertEqual([c.read()[1] for _ in range(4)], [b"OK"] * 4)
        self.assertGreater(c.read()[1], 0)
        self.assertEqual(c.read()[1], b"me")
        self.assertGreater(len(c.read()[1]), 20)
        self.assertIn(b"redis_version:7.", c.read()[1])
        out = self.redis_cli("client", "list")
        self.assertIn(b"name=me", out)
        self.assertEqual(len(out.strip().split(b"\n")), 2)

    def test_protocol_3_is_refused_and_the_client_goes_on(self):
        out = self.redis_cli("-3", "ping")
        self.assertIn(b"PONG", out)

    def test_quit_is_answered_and_ends_the_connection(self):
        self.assertEqual(self.redis_cli("quit"), b"OK\n")
        c = self.connect()
        c.send(("set", "a", 1), ("quit",), ("set", "a", 2))
        self.assertEqual(c.read_to_end(), b"+OK\r\n+OK\r\n")
        self.assertEqual(self.ask("get", "a"), b"1")


class RedisCliPipe(KvCase):
    def test_million_commands(self):
        with tempfile.TemporaryFile() as commands:
            for start in range(0, MILLION, 10000):
                commands.write(b"".join(
                    b"*3\r\n$3\r\nSET\r\n$11\r\nkey:%07d\r\n$9\r\nvalue%04d\r\n"
                    % (i, i % 9973) for i in range(start, start + 10000)))
            commands.seek(0)
            done = subprocess.run(
                ["redis-cli", "-p", str(self.port), "--pipe"], stdin=commands,
                stdout=subprocess.PIPE, timeout=200)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"errors: 0, replies: 1000000\n", done.stdout)
        c = self.connect()
        self.assertEqual(c.ask("dbsize"), MILLION)
        for i in [0, MILLION - 1] + random.Random(1).sample(
                range(MILLION), 1000):
            self.assertEqual(c.ask("get", "key:%07d" % i),
                             b"value%04d" % (i % 9973))
        self.assertIsNone(c.ask("get", "key:1000000"))

    def test_errors_are_counted(self):
        commands = encode(("set", "a", "x")) + encode(("incr", "a")) * 10
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), "--pipe"], input=commands,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"errors: 10, replies: 11\n", done.stdout)
        self.assertEqual(
            done.stdout.count(b"ERR value is not an integer"), 10)


class RedisBenchmark(KvCase):
    def benchmark(self, *options):
        """Its rates, by the names of the tests."""
        out = self.run_client("redis-benchmark", "-p", str(self.port), "--csv",
                              "-e", *options).decode()
        rows = re.findall(r'^"([^"]+)","([\d.]+)"', out, re.M)
        self.assertNotIn("rror", out)
        return {name: float(rate) for name, rate in rows}

    def check(self, *options):
        before = self.commands()
        rates = self.benchmark("-t", "set,get,incr,mset", "-n", "20000",
                               "-c", "50", *options)
        self.assertEqual(set(rates), {"SET", "GET", "INCR", "MSET (10 keys)"})
        print("%s: %s" % (" ".join(options) or "-P 1", rates))
        self.assertGreaterEqual(self.commands() - before, 4 * 20000)

    def commands(self):
        return int(re.search(rb"total_commands_processed:(\d+)",
                             self.ask("info", "stats")).group(1))

    def test_one_command_at_a_time(self):
        self.check()
        # Redis' counter, too, is only right if none was lost or done twice.
        self.assertEqual(self.ask("get", "counter:__rand_int__"), b"20000")

    def test_sixteen_commands_at_a_time(self):
        self.check("-P", "16")
        self.assertEqual(self.ask("get", "counter:__rand_int__"), b"20000")

    def test_random_keys_and_large_values(self):
        rates = self.benchmark("-t", "set,get", "-n", "2000", "-c", "20",
                               "-P", "4", "-d", "100000", "-r", "50")
        self.assertEqual(set(rates), {"SET", "GET"})
        self.assertEqual(self.ask("strlen", b"key:%012d" % 7), 100000)

    def test_new_connection_for_each_command(self):
        rates = self.benchmark("-t", "set,get", "-n", "3000", "-c", "20",
                               "-k", "0")
        self.assertEqual(set(rates), {"SET", "GET"})


class OtherClients(KvCase):
    def nc(self, stdin):
        return self.run_client("nc", "-N", "127.0.0.1", str(self.port),
                               stdin=stdin)

    def test_inline_commands_by_nc(self):
        out = self.nc(b"PING\r\nset a 'x y'\nget a\r\n\r\nSTRLEN \"a\"\n")
        self.assertEqual(out, b"+PONG\r\n+OK\r\n$3\r\nx y\r\n:3\r\n")

    def test_all_replies_come_after_a_half_close(self):
        count = 100 * 1000
        out = self.nc(b"".join(encode(("incr", "n")) for _ in range(count)))
        self.assertEqual(
            out, b"".join(b":%d\r\n" % i for i in range(1, count + 1)))

    def test_large_replies_come_after_a_half_close(self):
        value = random.Random(2).randbytes(1000 * 1000)
        self.ask("set", "large", value)
        out = self.nc(encode(("get", "large")) * 50 + encode(("echo", "end")))
        one = b"$%d\r\n%s\r\n" % (len(value), value)
        self.assertEqual(len(out), 50 * len(one) + 9)
        self.assertTrue(out == one * 50 + b"$3\r\nend\r\n")

    def test_stream_that_ends_inside_a_command_keeps_the_replies_before(self):
        out = self.nc(b"PING\r\nset a 1\r\n*1\r\n$4\r\nPI")
        self.assertEqual(out, b"+PONG\r\n+OK\r\n")

    def test_http_client_is_not_kept_waiting(self):
        for options in ((), ("--data", "set a b")):
            done = subprocess.run(
                ["curl", "--silent", "--http0.9", "--max-time", "60", *options,
                 "http://127.0.0.1:%d/" % self.port],
                stdout=subprocess.PIPE, timeout=90)
            self.assertNotEqual(done.returncode, 28, "a timeout")
        self.assertEqual(self.ask("dbsize"), 0)

    def test_commands_by_curl_over_telnet(self):
        out = self.run_client(
            "curl", "--silent", "--max-time", "60",
            "telnet://127.0.0.1:%d" % self.port, stdin=b"PING\r\nQUIT\r\n")
        self.assertEqual(out, b"+PONG\r\n+OK\r\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
