"""The chat with members that do not read: they hold up and grow nobody."""

import re
import time
import unittest

from tests.examples.chat_member import Member
from tests.support.server import Server

CHAT = "examples/chat/chat"
MIB = 1 << 20
NOTICE = re.compile(rb"! you did not read: (\d+) lines were dropped$")


class LoadCase(unittest.TestCase):
    def start(self, *options):
        server = Server(CHAT, "--listen", "tcp://127.0.0.1:0", *options)
        self.addCleanup(server.stop)
        return server

    def come(self, server, name, *others, receive_buffer=None):
        member = Member(server.port, receive_buffer)
        self.addCleanup(member.close)
        member.nick(name)
        for other in others:
            for _ in range(2):  # came, is now
                self.assertTrue(other.line().startswith("* "))
        return member

    def hear(self, member, prefix, first, count):
        """Reads lines `first` and on; every one must come, in order."""
        number = first
        while number < first + count:
            for line in member.lines():
                self.assertTrue(line.startswith(b"%s%d " % (prefix, number)),
                                line[:40])
                number += 1
        self.assertEqual((number, member.rest), (first + count, b""))


class NobodyIsHeldUp(LoadCase):
    def test_200_mb_pass_by_a_member_that_does_not_read(self):
        pad = b"x" * 1000
        # What is on its way to a member stays below what may wait for it.
        at_once, rounds = 100, 1000
        server = self.start()
        ada = self.come(server, "ada")
        bob = self.come(server, "bob", ada)
        eve = self.come(server, "eve", ada, bob)
        eve.join("attic")
        eve.say("/join lobby")
        for other in (ada, bob):
            self.assertEqual(other.line(), "* eve left")
            self.assertEqual(other.line(), "* eve came")
        before = server.memory_peak()
        slowest = 0.0
        for n in range(rounds):
            first = n * at_once
            block = b"".join(b"%d %s\n" % (first + i, pad)
                             for i in range(at_once))
            start = time.monotonic()
            ada.peer.sendall(block)
            self.hear(bob, b"ada: ", first, at_once)
            bob.peer.sendall(block)
            self.hear(ada, b"bob: ", first, at_once)
            slowest = max(slowest, time.monotonic() - start)
        growth = server.memory_peak() - before
        print(f"slowest round {slowest:.3f} s, growth {growth >> 10} KiB")
        self.assertLess(slowest, 10)
        self.assertLess(growth, 8 * MIB)
        self.check_the_rest(eve, 2 * rounds * at_once)

    def check_the_rest(self, eve, said):
        """All that eve did not hear, she hears of."""
        heard = lost = 0
        last = {b"ada": -1, b"bob": -1}
        while heard + lost < said:
            lines = eve.lines()
            self.assertTrue(lines, "the connection ended")
            for line in lines:
                if found := NOTICE.match(line):
                    lost += int(found[1])
                elif found := re.match(rb"(ada|bob): (\d+) x+$", line):
                    heard += 1
                    self.assertGreater(int(found[2]), last[found[1]])
                    last[found[1]] = int(found[2])
                else:
                    self.assertRegex(line, rb"^\* you are in lobby")
        self.assertEqual(heard + lost, said)
        self.assertGreater(lost, 0)
        self.assertGreater(heard, 0)
        # The newest are there, the oldest of those that waited were dropped.
        self.assertEqual(set(last.values()), {said // 2 - 1})
        # And from now on nothing is missing.
        eve.say("/who")
        self.assertRegex(eve.line(), r"^\* 3 in lobby:")


class NothingGrows(LoadCase):
    def test_flood_of_short_lines_to_members_that_do_not_read(self):
        server = self.start()
        ada = self.come(server, "ada")
        bob = self.come(server, "bob", ada)
        self.come(server, "eve", ada, bob)
        before = server.memory_peak()
        ada.peer.sendall(b"x\n" * 200_000 + b"/who\n")
        self.assertRegex(ada.line(), r"^\* 3 in lobby:")
        growth = server.memory_peak() - before
        print(f"growth {growth >> 10} KiB")
        self.assertLess(growth, 8 * MIB)

    def test_members_that_flood_and_do_not_read_stop_each_other(self):
        server = self.start()
        ada = self.come(server, "ada")
        bob = self.come(server, "bob", ada)
        before = server.memory_peak()
        piece = b"x" * 1000 + b"\n"
        for member in (ada, bob):
            member.peer.settimeout(0.5)
        stuck = 0
        for _ in range(100_000):
            member = (ada, bob)[_ % 2]
            try:
                member.peer.sendall(piece)
            except TimeoutError:
                stuck += 1
                if stuck == 4:
                    break
        self.assertLess(server.memory_peak() - before, 8 * MIB)
        guest = self.come(server, "eve")
        guest.say("/who")
        self.assertRegex(guest.line(), r"^\* 3 in lobby:")


class Leaving(LoadCase):
    def test_slow_member_is_disconnected_if_that_is_the_policy(self):
        server = self.start("--slow", "leave")
        ada = self.come(server, "ada")
        bob = self.come(server, "bob", ada)
        self.come(server, "eve", ada, bob, receive_buffer=16 * 1024)
        pad = b"x" * 1000
        for n in range(20_000):
            ada.peer.sendall(b"%d %s\n" % (n, pad))
            line = bob.line()
            if line == "* eve left":
                break
            self.assertTrue(line.startswith(f"ada: {n} "), line[:40])
        self.assertEqual(line, "* eve left")
        self.assertEqual(ada.line(), "* eve left")


if __name__ == "__main__":
    unittest.main()
