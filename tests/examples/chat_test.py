"""The chat: who hears what."""

import signal
import socket
import unittest

from tests.examples.chat_member import Member
from tests.support.server import Server

CHAT = "examples/chat/chat"
LINE_BYTES_MAX = 1024


class ChatCase(unittest.TestCase):
    def setUp(self):
        self.server = Server(CHAT, "--listen", "tcp://127.0.0.1:0")
        self.addCleanup(self.server.stop)

    def come(self, name, *those_who_see_it):
        member = Member(self.server.port)
        self.addCleanup(member.close)
        for other in those_who_see_it:
            self.assertEqual(other.line(), f"* {member.name} came")
        before = member.name
        member.nick(name)
        for other in those_who_see_it:
            self.assertEqual(other.line(), f"* {before} is now {name}")
        return member


class Rooms(ChatCase):
    def test_members_of_a_room_hear_each_other_in_order(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        eve = self.come("eve", ada, bob)
        ada.say("one", "two", "three")
        for other in (bob, eve):
            for text in ("one", "two", "three"):
                self.assertEqual(other.line(), "ada: " + text)
        bob.say("four")
        # Nobody hears what he says himself.
        self.assertEqual(ada.line(), "bob: four")
        self.assertEqual(eve.line(), "bob: four")

    def test_other_rooms_hear_nothing(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.join("attic")
        self.assertEqual(ada.line(), "* bob left")
        ada.say("to the lobby")
        eve = self.come("eve", ada)
        ada.say("/join attic")
        self.assertEqual(eve.line(), "* ada left")
        self.assertEqual(bob.line(), "* ada came")

    def test_room_is_gone_when_the_last_one_left(self):
        ada = self.come("ada")
        ada.join("attic")
        bob = self.come("bob")
        bob.say("/who")
        self.assertEqual(bob.line(), "* 1 in lobby: bob")
        bob.say("/join attic")
        self.assertEqual(ada.line(), "* bob came")
        self.assertEqual(bob.line(), "* you are in attic with 1 others")

    def test_who_lists_those_in_the_room(self):
        ada = self.come("ada")
        self.come("bob", ada)
        ada.say("/who")
        self.assertEqual(ada.line(), "* 2 in lobby: ada bob")


class Names(ChatCase):
    def test_name_that_is_taken_is_refused(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.say("/nick ada", "/nick bob")
        self.assertEqual(bob.line(), "! ada is taken")
        self.assertEqual(bob.line(), "! bob is taken")

    def test_name_is_free_again_after_its_owner_left(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.say("/quit")
        self.assertEqual(ada.line(), "* bob left")
        self.come("bob", ada)

    def test_bad_names_are_refused(self):
        ada = self.come("ada")
        for name in ("", "a b", "x" * 25, "ä", "a/b"):
            ada.say("/nick " + name, "/join " + name)
            for _ in range(2):
                self.assertIn("1 to 24 letters", ada.line(), name)

    def test_unknown_command_is_named(self):
        ada = self.come("ada")
        ada.say("/dance now")
        self.assertEqual(ada.line(), "! there is no /dance")


class Leaving(ChatCase):
    def test_quit_says_goodbye_and_the_others_are_told(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.say("bye", "/quit")
        self.assertEqual(bob.line(), "* goodbye")
        self.assertEqual(bob.line(), "")
        self.assertEqual(ada.line(), "bob: bye")
        self.assertEqual(ada.line(), "* bob left")

    def test_half_closed_member_gets_its_answers(self):
        ada = self.come("ada")
        ada.say("/who", "/dance")
        ada.peer.shutdown(socket.SHUT_WR)
        self.assertEqual(ada.line(), "* 1 in lobby: ada")
        self.assertEqual(ada.line(), "! there is no /dance")
        self.assertEqual(ada.line(), "")

    def test_member_that_vanishes_has_left(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            b"\1\0\0\0\0\0\0\0")
        bob.close()
        self.assertEqual(ada.line(), "* bob left")

    def test_signal_ends_the_chat(self):
        ada = self.come("ada")
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(ada.line(), "")
        ada.close()
        self.assertEqual(self.server.stop(), 0)


class BadInput(ChatCase):
    def test_longest_line_passes_and_a_longer_one_ends_the_connection(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.say("x" * LINE_BYTES_MAX)
        self.assertEqual(ada.line(), "bob: " + "x" * LINE_BYTES_MAX)
        bob.say("x" * (LINE_BYTES_MAX + 1))
        self.assertIn("at most 1024 bytes", bob.line())
        self.assertEqual(bob.line(), "")
        self.assertEqual(ada.line(), "* bob left")

    def test_control_characters_do_not_reach_terminals(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.say("a\x1b[2Jb\tc\x7fd", "grüß dich")
        self.assertEqual(ada.line(), "bob: a?[2Jb\tc?d")
        self.assertEqual(ada.line(), "bob: grüß dich")

    def test_bytes_that_are_no_text_hurt_nobody(self):
        ada = self.come("ada")
        bob = self.come("bob", ada)
        bob.peer.sendall(bytes(range(256)) * 3 + b"\n")
        bob.say("still here")
        for _ in range(10):
            line = ada.line()
            if line == "bob: still here":
                return
        self.fail("last line: " + line)


if __name__ == "__main__":
    unittest.main()
