"""Requests that no server may take, and odd ones that each must: by the table
in http_requests.py. What is refused is answered once, with the right status;
then the connection is closed, and what is hidden behind is never answered.

Usage: SLUICE_HTTP=BINARY http_refusal_test.py
"""

import os
import random
import socket
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import MEBIBYTE
from tests.system.http_case import HttpCase
from tests.system.http_connection import Malformed, request
from tests.system.http_requests import (
    COLLECT, ECHO, HELLO, REFUSED, TAKEN)

HIDDEN = request("GET", HELLO, "X-Hidden: yes")


def in_pieces(data, random_source):
    """Cut at random, mostly into small pieces."""
    pieces = []
    while data:
        size = random_source.choice((1, 1, 2, 3, 7, 50, 5000))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


class Refusals(HttpCase):
    # A chunk may announce more than ever comes.
    options = ("--body-timeout-ms", "500")

    def check_refused(self, entry, pieces):
        with self.connect() as x:
            for piece in pieces:
                x.send_what_goes(piece)
            answers = x.read_all()
        self.assertEqual(
            len(answers), 1, f"RFC {entry.source}: {answers}")
        answer = answers[0]
        self.assertIn(answer.status, entry.statuses, f"RFC {entry.source}")
        self.assertTrue(answer.closes(), "it does not say that it closes")
        self.assertEqual(answer.field("server"),
                         self.hello.field("server"))

    def setUp(self):
        super().setUp()
        self.hello = self.ask(request("GET", HELLO))
        self.assertEqual(self.hello.status, 200)

    def test_refused_with_the_right_status_and_closed(self):
        for entry in REFUSED:
            with self.subTest(entry.name):
                self.check_refused(entry, [entry.data + HIDDEN])

    def test_refused_behind_a_good_request(self):
        """In the same write as a request that is answered."""
        for entry in REFUSED:
            with self.subTest(entry.name), self.connect() as x:
                x.send_what_goes(request("GET", HELLO) + entry.data + HIDDEN)
                answers = x.read_all()
                self.assertEqual(len(answers), 2, answers)
                self.assertEqual(answers[0].status, 200)
                self.assertEqual(answers[0].body, self.hello.body)
                self.assertIn(answers[1].status, entry.statuses)

    def test_refused_however_it_is_cut(self):
        seed = random.randrange(2 ** 32)
        r = random.Random(seed)
        for entry in REFUSED:
            if len(entry.data) > 10_000:
                continue
            with self.subTest(entry.name, seed=seed):
                self.check_refused(entry, in_pieces(entry.data + HIDDEN, r))

    def test_no_memory_is_kept_of_what_was_refused(self):
        big = [x for x in REFUSED if len(x.data) > 10_000]
        self.assertGreater(len(big), 5)
        before = self.resident()
        for _ in range(10):
            for entry in big:
                with self.connect() as x:
                    x.send_what_goes(entry.data)
                    self.assertEqual(len(x.read_all()), 1)
        self.check_growth(before, 4 * MEBIBYTE, "after long requests")


class Tolerance(HttpCase):
    def setUp(self):
        super().setUp()
        self.hello = self.ask(request("GET", HELLO))

    def check_taken(self, connection, entry):
        answer = connection.read()
        if answer.status == 100:
            answer = connection.read()
        self.assertEqual(answer.status, 200, f"RFC {entry.source}: {answer}")
        self.assertEqual(
            answer.body, self.hello.body if entry.body is None else entry.body)

    def test_taken_and_the_next_request_is_found(self):
        for entry in TAKEN:
            with self.subTest(entry.name), self.connect() as x:
                x.send(entry.data + request("POST", ECHO, body=b"next"))
                self.check_taken(x, entry)
                self.assertEqual(x.read().body, b"next")

    def test_taken_byte_by_byte(self):
        for entry in TAKEN:
            with self.subTest(entry.name), self.connect() as x:
                for byte in entry.data:
                    x.send(bytes((byte,)))
                self.check_taken(x, entry)

    def test_empty_body_in_chunks_of_which_each_byte_is_read_alone(self):
        with self.connect() as x:
            x.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            x.send(request("POST", ECHO, "Transfer-Encoding: chunked"))
            for byte in b"0\r\n\r\n":
                # Another client is answered: so this byte has been read.
                self.assertEqual(self.ask(request("GET", HELLO)).status, 200)
                x.send(bytes((byte,)))
            self.assertEqual(x.read().body, b"")

    def test_taken_one_after_another_on_one_connection(self):
        with self.connect() as x:
            x.send(b"".join(entry.data for entry in TAKEN))
            for entry in TAKEN:
                with self.subTest(entry.name):
                    self.check_taken(x, entry)


class Bodies(HttpCase):
    """Bodies that nobody reads are not taken for requests."""

    def test_body_that_looks_like_a_request(self):
        inner = request("GET", HELLO)
        for target in HELLO, "/nowhere", "/hello?x":
            for verb in "GET", "POST", "DELETE", "OPTIONS":
                with self.subTest(verb, target=target), self.connect() as x:
                    x.send(request(verb, target, body=inner))
                    first = x.read(verb)
                    self.assertNotEqual(first.status, 100)
                    if first.closes():
                        self.assertTrue(x.is_at_end())
                        continue
                    x.send(request("POST", ECHO, body=b"mine"))
                    self.assertEqual(x.read().body, b"mine")
                    x.end_sending()
                    self.assertTrue(x.is_at_end())

    def test_body_of_a_head_request(self):
        with self.connect() as x:
            x.send(request("HEAD", HELLO, body=b"GET / HTTP/1.1\r\n\r\n"))
            x.send(request("POST", ECHO, body=b"mine"))
            self.assertEqual(x.read("HEAD").status, 200)
            self.assertEqual(x.read().body, b"mine")

    def test_answer_that_began_is_not_whole_when_the_body_goes_wrong(self):
        """ECHO answers while the body comes: nobody may take what it sent so
        far for all of it."""
        for entry in REFUSED:
            if b"\r\n\r\n5\r\nhello" not in entry.data or (
                    COLLECT.encode() not in entry.data):
                continue
            data = entry.data.replace(COLLECT.encode(), ECHO.encode(), 1)
            with self.subTest(entry.name), self.connect() as x:
                x.send_what_goes(data + HIDDEN)
                try:
                    answer = x.read("POST")
                except (Malformed, ConnectionResetError):
                    continue
                self.assertIn(answer.status, entry.statuses)
                self.assertTrue(x.is_at_end())

    def test_nothing_behind_connection_close_is_answered(self):
        for line in "Connection: close", "connection: x, Close":
            with self.subTest(line), self.connect() as x:
                x.send(request("GET", HELLO, line)
                       + request("GET", HELLO))
                answers = x.read_all()
                self.assertEqual([a.status for a in answers], [200])
                self.assertTrue(answers[0].closes())

    def test_request_cut_off_is_not_carried_out(self):
        for data in (request("POST", COLLECT, body=b"hello")[:-1],
                     request("GET", HELLO)[:-1],
                     b"POST /collect HTTP/1.1\r\nHost: a\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"):
            with self.subTest(data), self.connect() as x:
                x.send(data)
                x.end_sending()
                answers = [a.status for a in x.read_all()]
                self.assertIn(answers, ([], [400]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
