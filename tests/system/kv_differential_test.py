"""Compares the key-value example with a real redis-server, reply by reply.

Usage: kv_differential_test.py [KV_BINARY]

Both servers get the same commands over sockets, good and bad ones, and must
answer with the same bytes. Where they may differ is listed in EXCEPTIONS, with
the reason. KV_BINARY is started with `--port 0`; the first line that it prints
must be `listening` and its port.

Environment: SLUICE_SEED=n makes the random commands from seed n only;
SLUICE_SEEDS=n replaces the number of seeds.
"""

import os
import random
import re
import socket
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.server import Server, free_port
from tests.system.kv_random_command import KEYS, PATTERNS, random_command
from tests.system.resp_connection import Connection, Error, TIMEOUT_S

KV_BINARY = os.path.join(ROOT, "examples", "kv", "kv")
REDIS_SERVER = os.path.join(ROOT, "tools", "redis_server")
COMMANDS_PER_SEED = 2000
SERVERS = {}


def seeds():
    one = os.environ.get("SLUICE_SEED")
    if one:
        return [int(one)]
    return range(1, 1 + int(os.environ.get("SLUICE_SEEDS") or 5))


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    port = free_port()
    SERVERS["redis"] = Server(
        REDIS_SERVER, "--port", str(port), "--bind", "127.0.0.1",
        "--save", "", "--appendonly", "no", "--databases", "1",
        "--dir", folder.name,
        ready=r"Ready to accept connections",
        port=port,
    )
    unittest.addModuleCleanup(SERVERS["redis"].stop)
    SERVERS["ours"] = Server(KV_BINARY, "--port", "0")
    unittest.addModuleCleanup(SERVERS["ours"].stop)


# -- where the replies may differ ----------------------------------------------


def near(tolerance):
    """Numbers that may differ by the time between the two servers' turns; the
    negative ones have a meaning and may not."""

    def same(a, b):
        if not isinstance(a, int) or not isinstance(b, int):
            return a == b
        return a == b if min(a, b) < 0 else abs(a - b) <= tolerance

    return same


def same_set(a, b):
    return isinstance(a, list) and isinstance(b, list) and sorted(a) == sorted(b)


def some_settings(a, b):
    def pairs(x):
        return {(k.lower(), v) for k, v in zip(x[::2], x[1::2])}

    return pairs(a) <= pairs(b)


def both_or_neither(a, b):
    return (a is None) == (b is None)


def same_clock(a, b):
    return len(a) == len(b) == 2 and abs(int(a[0]) - int(b[0])) <= 2


def same_but_for_id(a, b):
    def without(x):
        return [v for k, v in zip([None] + x, x) if k != b"id"]

    return without(a) == without(b)


def same_sections(a, b):
    """Every section that Redis shows and we know, and no other."""
    known = {b"Server", b"Clients", b"Memory", b"Stats", b"Keyspace"}
    titles = [set(re.findall(rb"^# (\w+)\r$", x, re.M)) for x in (a, b)]
    return titles[0] == titles[1] & known


# command: (why, whether our value and Redis' value are as good as the same).
# Error replies are compared byte for byte all the same.
EXCEPTIONS = {
    "client id": ("counted by each server", lambda a, b: a > 0 and b > 0),
    "client list": (
        "ours has the fields that we know",
        lambda a, b: a.startswith(b"id=") and a.endswith(b"\n"),
    ),
    "command": ("each lists its own", lambda a, b: len(a) < len(b)),
    "config get": (
        "ours has few settings, and names them in lower case",
        some_settings,
    ),
    "hello": ("has the connection's id", same_but_for_id),
    "info": ("ours has fewer sections and fields", same_sections),
    "keys": ("the order is the hash table's", same_set),
    "pttl": ("time passes", near(2000)),
    "randomkey": ("random", both_or_neither),
    "scan": (
        "each walks in its own order; compared by whole walks",
        lambda a, b: len(a) == len(b) == 2,
    ),
    "time": ("time passes", same_clock),
    "ttl": ("time passes", near(2)),
}


def find_exception(command):
    words = [x.lower() if isinstance(x, str) else "" for x in command[:2]]
    for name in (" ".join(words), words[0] if words else ""):
        if name in EXCEPTIONS:
            return EXCEPTIONS[name][1]
    return None


def same_reply(command, ours, redis):
    if ours[0] == redis[0]:
        return True
    if isinstance(ours[1], Error) or isinstance(redis[1], Error):
        return False
    same = find_exception(command)
    return same is not None and same(ours[1], redis[1])


# -- tests ---------------------------------------------------------------------


class Compared(unittest.TestCase):
    def setUp(self):
        self.ours = Connection(SERVERS["ours"].port)
        self.redis = Connection(SERVERS["redis"].port)
        self.addCleanup(self.ours.close)
        self.addCleanup(self.redis.close)
        self.assertEqual(self.ask("flushall"), b"OK")

    def ask(self, *command):
        """Asks both, compares, and returns our value."""
        self.ours.send(command)
        self.redis.send(command)
        return self.compare_next(command)

    def compare_next(self, command, note=""):
        ours, redis = self.ours.read(), self.redis.read()
        if not same_reply(command, ours, redis):
            self.fail("%s%r\n ours: %r\nredis: %r"
                      % (note, command, ours[0], redis[0]))
        return ours[1]

    def compare_contents(self, note):
        names = sorted(self.ours.ask("keys", "*"))
        self.assertEqual(names, sorted(self.redis.ask("keys", "*")), note)
        for name in names:
            for verb in ("get", "pttl"):
                self.ask(verb, name)

    def scan_all(self, connection, *options):
        cursor, found = b"0", []
        while True:
            cursor, some_keys = connection.ask("scan", cursor, *options)
            found += some_keys
            if cursor == b"0":
                return sorted(found)


class Commands(Compared):
    def test_random_commands_get_the_same_replies(self):
        for seed in seeds():
            self.ask("flushall")
            self.ask("reset")
            r = random.Random(seed)
            note = "replay with SLUICE_SEED=%d: " % seed
            for _ in range(COMMANDS_PER_SEED // 5):
                batch = [random_command(r)
                         for _ in range(r.choice([1, 1, 1, 1, 21]))]
                self.ours.send(*batch)
                self.redis.send(*batch)
                for x in batch:
                    self.compare_next(x, note)
                if r.random() < 0.02:
                    self.compare_contents(note)
            self.compare_contents(note)

    def test_every_pattern_finds_the_same_keys(self):
        for i, name in enumerate(KEYS):
            self.ask("set", name, i)
        for x in PATTERNS:
            self.ask("keys", x)
            self.assertEqual(self.scan_all(self.ours, "match", x),
                             self.scan_all(self.redis, "match", x), x)

    def test_random_patterns_find_the_same_keys(self):
        r = random.Random(seeds()[0])
        letters = "ab-"
        names = {"".join(r.choices(letters, k=r.randint(1, 4)))
                 for _ in range(60)}
        self.ask("mset", *(x for name in sorted(names) for x in (name, 1)))
        for _ in range(1500):
            self.ask("keys", "".join(
                r.choices(letters + "*?[]^\\", k=r.randint(1, 8))))

    def test_scan_walks_through_all_keys_whatever_the_options(self):
        for i in range(500):
            self.ask("set", "key:%d" % i, i)
        for options in (
            (), ("count", 1), ("count", 7), ("count", 10**18),
            ("match", "key:*7"), ("type", "string"), ("TYPE", "String"),
            ("type", "list"), ("type", "nothing"),
            ("match", "key:1*", "count", 100, "type", "string"),
            ("count", 3, "count", 5, "match", "x", "match", "*9"),
        ):
            self.assertEqual(self.scan_all(self.ours, *options),
                             self.scan_all(self.redis, *options), options)

    def test_random_key_is_one_of_the_keys(self):
        self.assertIsNone(self.ask("randomkey"))
        self.ask("mset", "a", 1, "b", 2)
        for _ in range(20):
            self.assertIn(self.ask("randomkey"), (b"a", b"b"))

    def test_key_is_gone_when_its_time_is_over(self):
        for command in (
            ("set", "k", "v", "px", 30), ("psetex", "k", 30, "v"),
            ("set", "k", "v", "pxat", int(time.time() * 1000) + 30),
        ):
            self.ask(*command)
            for connection in (self.ours, self.redis):
                deadline = time.monotonic() + TIMEOUT_S
                while connection.ask("exists", "k"):
                    self.assertLess(time.monotonic(), deadline, command)
            for verb in ("get", "ttl", "type", "strlen", "persist", "del"):
                self.ask(verb, "k")

    def test_keys_expire_unasked(self):
        self.ask("mset", "stays", 1, "other", 1)
        for i in range(1000):
            self.ask("set", "k%d" % i, i, "px", 1 + i % 50)
        for connection in (self.ours, self.redis):
            deadline = time.monotonic() + TIMEOUT_S
            while connection.ask("dbsize") != 2:
                self.assertLess(time.monotonic(), deadline)
        self.ask("keys", "*")

    def test_deadline_in_the_past_hides_the_key(self):
        for command in (
            ("set", "k", "v", "exat", 1), ("set", "k", "v", "pxat", 1),
            ("expire", "k", -1), ("pexpire", "k", 0), ("expireat", "k", 1),
            ("pexpireat", "k", -9223372036854775808),
        ):
            self.ask("set", "k", "old")
            self.ask(*command)
            for verb in ("get", "exists", "ttl", "pttl"):
                self.ask(verb, "k")

    def test_command_info_agrees_in_its_six_first_elements(self):
        table = {x[0].decode(): x for x in self.ours.ask("command")}
        self.assertEqual(len(table), self.ours.ask("command", "count"))
        flags = {b"write", b"readonly", b"fast"}
        for name, ours in table.items():
            asked = self.ours.ask("command", "info", name)
            self.assertEqual(asked, [ours])
            redis = self.redis.ask("command", "info", name)[0]
            self.assertEqual([ours[1]] + ours[3:6], [redis[1]] + redis[3:6], name)
            self.assertEqual(set(ours[2]), set(redis[2]) & flags, name)
            self.assertEqual(len(ours), len(redis))
        self.ask("command", "info", "nosuchcommand")

    def test_settings_that_redis_benchmark_asks_for_are_the_same(self):
        for name in ("save", "appendonly", "appendonl[y]"):
            self.assertEqual(len(self.ask("config", "get", name)), 2)
            self.assertEqual(self.ours.ask("config", "get", name),
                             self.redis.ask("config", "get", name))

    def test_command_docs_describe_every_command(self):
        docs = self.ours.ask("command", "docs")
        self.assertEqual(len(docs) // 2, self.ours.ask("command", "count"))
        redis = self.redis.ask("command", "docs", *docs[::2])
        groups = {name: dict(zip(x[::2], x[1::2]))[b"group"]
                  for name, x in zip(redis[::2], redis[1::2])}
        for name, x in zip(docs[::2], docs[1::2]):
            doc = dict(zip(x[::2], x[1::2]))
            self.assertTrue(doc[b"summary"])
            self.assertEqual(doc[b"group"], groups[name], name)
        self.ask("command", "docs", "nosuchcommand")

    def test_protocol_3_is_refused_as_redis_refuses_4(self):
        self.ours.send(("hello", 3))
        self.redis.send(("hello", 4))
        self.assertEqual(self.ours.read(), self.redis.read())

    def test_client_setinfo_is_accepted(self):
        # Redis 7.0, with which we compare, does not know it yet.
        for option in ("lib-name", "LIB-VER"):
            self.assertEqual(
                self.ours.ask("client", "setinfo", option, "x"), b"OK")
        self.assertIn(b"lib-name=x lib-ver=x",
                      self.ours.ask("client", "list"))

    def test_quit_answers_and_closes(self):
        for connection in (self.ours, self.redis):
            connection.send(("ping",), ("quit", "x"), ("ping",))
            self.assertEqual(connection.read_to_end(), b"+PONG\r\n+OK\r\n")

    def test_http_client_is_cut_off_without_an_answer(self):
        for word in ("POST", "Host:"):
            for server in (SERVERS["ours"], SERVERS["redis"]):
                connection = Connection(server.port)
                connection.send((word, "/"), ("set", "a", "b"))
                self.assertEqual(connection.read_to_end(), b"")
                connection.close()
        self.ask("exists", "a")

    def test_name_is_forgotten_on_reset(self):
        self.ask("client", "setname", "me")
        self.assertEqual(self.ask("client", "getname"), b"me")
        self.ask("reset")
        self.ask("client", "getname")


class Protocol(Compared):
    """Bytes that are not the usual array of bulk strings."""

    def answers(self, data, read):
        result = []
        for server in (SERVERS["ours"], SERVERS["redis"]):
            connection = Connection(server.port)
            connection.send_raw(data)
            result.append(read(connection))
            connection.close()
        return result

    def test_inline_commands_get_the_same_replies(self):
        def read(connection):
            connection.socket.shutdown(socket.SHUT_WR)
            return connection.read_to_end()

        for data in (
            b"PING\r\n", b"ping\n", b"  PING   x  \r\n", b"\r\n\n\r\nPING\r\n",
            b"SET a 'b c'\r\nGET a\r\n", b'ECHO "a\\x41\\n\\"\\\\"\r\n',
            b"ECHO 'it\\'s'\r\n", b"ECHO ''\r\n", b"ECHO\r\n",
            b"nosuchcommand 'a b' c\r\n", b"*0\r\nPING\r\n",
            b"*-1\r\n*1\r\n$4\r\nPING\r\n", b"PING\r\n*1\r\n$4\r\nPI", b"PI",
        ):
            ours, redis = self.answers(data, read)
            self.assertEqual(ours, redis, data)

    def test_protocol_errors_are_answered_and_end_the_connection(self):
        for data in (
            b'ECHO "a\r\n', b"ECHO 'a'b\r\n", b"*abc\r\n", b"*9999999999\r\n",
            b"*1\r\n:5\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$abc\r\n",
            b"*2\r\n$4\r\nECHO\r\n$99999999999\r\n", b"*1\r\nPING\r\n",
            b"*1\r\n$4\r\nPING\r\n*1\r\n+\r\n",
        ):
            ours, redis = self.answers(data, Connection.read_to_end)
            self.assertEqual(ours, redis, data)
            self.assertIn(b"-ERR Protocol error: ", ours)

    def test_endless_lines_are_cut_off(self):
        for start in (b"x", b"*1", b"*1\r\n$1"):
            ours, redis = self.answers(start + b"1" * 70000,
                                       lambda x: x.file.readline())
            self.assertEqual(ours, redis, start)
            self.assertIn(b"-ERR Protocol error: too big ", ours)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if len(sys.argv) == 2:
        KV_BINARY = sys.argv[1]
    unittest.main(argv=sys.argv[:1], verbosity=2)
