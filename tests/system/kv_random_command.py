"""Random commands for a key-value server: good ones, bad ones, and worse.

No command makes a key expire while the test runs: times are far off, in the
past, or wrong.
"""

import time

KEYS = ["a", "b", "c", "k:1", "k:2", "k:3", "k[x]", "h*llo", "hello", "hallo"]
KEYS += [b"", b"\x00\xff\r\n", b"\\", "x" * 300]

VALUES = ["", "x", "hello world", "0", "1", "-1", "42", "-0", "007", "+1", " 1"]
VALUES += ["1 ", "1.5", "0x10", b"\xff\x00\r\n", "y" * 3000]
VALUES += ["9223372036854775807", "9223372036854775808", "-9223372036854775808"]
VALUES += ["-9223372036854775809", "99999999999999999999999", "12345"]

# As amounts of time, all of these are refused or in the past: nothing here
# expires while the test runs.
JUNK = ["0", "-1", "", "x", "1.5", "9223372036854775807", "9999999999999999999"]
JUNK += ["-9223372036854775808", "9223372036854775", "nx", "xx", "get", "ex"]
JUNK += ["keepttl", "px", b"\x00", b"a\r\nb", "'", '"', "z" * 200, "*", "(nil)"]

PATTERNS = ["*", "", "a", "?", "k:*", "k:[12]", "k:[^1]", "k:[1-2]", "k:[2-1]"]
PATTERNS += ["h?llo", "h[ae]llo", "h\\*llo", "*l*o", "**", "*?*", "k[", "k[^"]
PATTERNS += ["k\\[x]", "k[[]x]", "[a-", "[a-c", "[\\a]", "\\", "*\\", "[]", "[^]"]
PATTERNS += [b"*\xff*", b"[\x80-\xff]*", b"[^\x01]*", "?*?*?*?*x", "h[^a-d]llo"]


def amount(r):
    return str(r.randrange(10**6, 10**7))


def moment(r):
    return str(int(time.time()) + r.randrange(10**6, 10**7))


def moment_ms(r):
    return moment(r) + "000"


def integer(r):
    return r.choice(["1", "-1", "0", "7", "1000000", "-9223372036854775808"]
                    + ["9223372036854775807", "01", "ten", ""])


def key(r):
    return r.choice(KEYS)


def value(r):
    return r.choice(VALUES)


def junk(r):
    return r.choice(JUNK)


def pattern(r):
    return r.choice(PATTERNS)


def set_options(r):
    result = []
    for _ in range(r.choice([0, 0, 1, 1, 2, 3])):
        result += r.choice(
            [["nx"], ["xx"], ["get"], ["keepttl"]]
            + [["ex", amount(r)], ["px", amount(r)]]
            + [["exat", moment(r)], ["pxat", moment_ms(r)]]
            + [["ex", junk(r)], ["px", junk(r)], ["ex"]]
            + [["exat", r.choice(["0", "-5", "x", "9223372036854775807"])]]
        )
    return result


def expire_options(r):
    return [r.choice(["nx", "xx", "gt", "lt", "kk"])
            for _ in range(r.choice([0, 0, 0, 1, 1, 2]))]


def some(count, *kinds):
    return lambda r: [kind(r) for _ in range(r.randint(1, count))
                      for kind in kinds]


def words(*texts):
    return lambda r: r.choice(texts).split()


# weight, then the command: texts stand for themselves, functions for a random
# argument or for a list of them.
TEMPLATES = [
    (8, "set", key, value),
    (12, "set", key, value, set_options),
    (3, "setnx", key, value),
    (3, "setex", key, amount, value),
    (1, "setex", key, junk, value),
    (3, "psetex", key, amount, value),
    (1, "psetex", key, junk, value),
    (3, "getset", key, value),
    (3, "getdel", key),
    (8, "get", key),
    (3, "mset", some(4, key, value)),
    (1, "mset", key, value, key),
    (3, "mget", some(5, key)),
    (3, "del", some(3, key)),
    (2, "unlink", some(3, key)),
    (3, "exists", some(4, key)),
    (4, "incr", key),
    (4, "decr", key),
    (4, "incrby", key, integer),
    (4, "decrby", key, integer),
    (4, "append", key, value),
    (3, "strlen", key),
    (3, "expire", key, amount, expire_options),
    (1, "expire", key, junk),
    (3, "pexpire", key, amount, expire_options),
    (1, "pexpire", key, junk, expire_options),
    (3, "expireat", key, moment, expire_options),
    (1, "expireat", key, integer),
    (3, "pexpireat", key, moment_ms, expire_options),
    (1, "pexpireat", key, integer),
    (4, "ttl", key),
    (4, "pttl", key),
    (3, "persist", key),
    (2, "type", key),
    (5, "keys", pattern),
    (1, "randomkey"),
    (4, "rename", key, key),
    (2, "dbsize"),
    (0.2, "flushall"),
    (0.2, "flushdb", words("", "sync", "async", "now")),
    (1, "ping", words("", "x")),
    (1, "echo", value),
    (1, "select", integer),
    (1, "client setname", value),
    (1, "client getname"),
    (1, "client id"),
    (1, "config get", words("save", "appendonly", "append*", "SAVE no*where")),
    (1, "hello", words("", "2", "4", "x", "2 setname y", "2 auth a b")),
    (1, "hello", words("2 auth default x", "2 setname", "2 auth a", "1 x")),
    (1, "info", words("server", "Clients stats", "nowhere", "all", "keyspace")),
    (1, "time"),
    (1, "reset"),
    (1, "scan", words("x", "-", "1x", "0 count 0", "0 count x", "0 match")),
    (1, "scan", words("0 more", "0 type", "18446744073709551616", "0 count")),
    (1, words("client", "config", "command", "client nothing", "config nothing")),
    (1, words("command nothing", "client setname", "config get", "client id x")),
    (2, "nosuchcommand", some(4, value)),
    (1, junk),
]


def fill(template, r):
    result = []
    for part in template:
        if isinstance(part, str):
            result += part.split()
        else:
            made = part(r)
            result += made if isinstance(made, list) else [made]
    return result


def random_command(r):
    weights = [x[0] for x in TEMPLATES]
    command = fill(r.choices(TEMPLATES, weights)[0][1:], r)
    if command and r.random() < 0.3:
        command[0] = "".join(
            r.choice((x.lower, x.upper))() for x in command[0]
        ) if isinstance(command[0], str) else command[0]
    if r.random() < 0.08:
        change = r.randrange(3)
        if change == 0 and len(command) > 1:
            del command[r.randrange(1, len(command))]
        elif change == 1:
            command.insert(r.randint(1, len(command)), junk(r))
        else:
            command.append(junk(r))
    return command
