"""Slow and silent clients, too many of them, and the server's end.

Usage: SLUICE_HTTP=BINARY http_life_test.py
"""

import os
import signal
import socket
import sys
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import (
    MEBIBYTE, SANITIZED, cpu_seconds, descriptor_count)
from tests.system.http_case import HttpCase
from tests.system.http_connection import HttpConnection, request
from tests.system.http_requests import ECHO, HELLO
from tests.system.waiting import wait_until

IDLE_CONNECTIONS = 5000
# What an idle connection that has spoken may cost: see bench/README.md.
IDLE_BYTES = 4096


def closed_by_server(x):
    """How long until it closed; what came before is read."""
    start = time.monotonic()
    x.file.read()
    return time.monotonic() - start


class SlowClients(HttpCase):
    """A byte now and then must not keep a connection for ever."""

    options = ("--head-timeout-ms", "1000", "--body-timeout-ms", "1000",
               "--write-timeout-ms", "1000", "--idle-timeout-ms", "60000")

    def drip(self, x, data, pause_s=0.1, limit_s=30):
        """Sends byte by byte until the server closes its side; returns how
        long it took, or None if it never did."""
        start = time.monotonic()
        x.socket.settimeout(pause_s)
        answer = b""
        for byte in data:
            if time.monotonic() - start > limit_s:
                return None, answer
            try:
                x.socket.send(bytes((byte,)))
                piece = x.socket.recv(65536)
            except socket.timeout:
                continue
            except ConnectionError:
                break
            if not piece:
                break
            answer += piece
        else:
            return None, answer
        return time.monotonic() - start, answer

    def check_timed_out(self, took, answer):
        self.assertIsNotNone(took, "never closed")
        self.assertGreater(took, 0.8)
        self.assertLess(took, 10)
        self.assertRegex(answer, rb"\AHTTP/1\.1 408 ")
        self.assertRegex(answer.lower(), rb"connection: close")

    def test_head_byte_by_byte(self):
        """A deadline for each read would never fire."""
        with self.connect() as x:
            took, answer = self.drip(
                x, request("GET", HELLO, "X: " + "a" * 10_000))
        self.check_timed_out(took, answer)

    def test_head_that_stops(self):
        with self.connect() as x:
            start = time.monotonic()
            x.send(request("GET", HELLO)[:-2])
            answers = x.read_all()
            self.assertEqual([a.status for a in answers], [408])
            self.assertGreater(time.monotonic() - start, 0.8)

    def test_second_head_byte_by_byte(self):
        with self.connect() as x:
            self.assertEqual(x.ask(request("GET", HELLO)).status, 200)
            took, answer = self.drip(
                x, request("GET", HELLO, "X: " + "a" * 10_000))
        self.check_timed_out(took, answer)

    def test_body_that_stops(self):
        with self.connect() as x:
            x.send(request("POST", "/collect", body=b"x" * 1000)[:-1])
            answers = x.read_all()
            self.assertEqual([a.status for a in answers], [408])

    def test_body_in_chunks_that_stops(self):
        with self.connect() as x:
            x.send(request("POST", "/collect", "Transfer-Encoding: chunked")
                   + b"5\r\nhel")
            self.assertEqual([a.status for a in x.read_all()], [408])

    def test_body_that_comes_without_haste_is_taken(self):
        """Slower in all than the deadline, but it goes on."""
        body = b"x" * 30
        with self.connect() as x:
            data = request("POST", "/collect", body=body)
            x.send(data[:-len(body)])
            for i in range(len(body)):
                x.send(body[i:i + 1])
                time.sleep(0.1)
            answer = x.read("POST")
            self.assertEqual(answer.status, 200, answer)

    def test_connection_without_a_request_is_closed_without_an_answer(self):
        """A browser opens some ahead of time; 408 would be taken for the
        answer to what it sends next."""
        with self.connect() as x:
            start = time.monotonic()
            self.assertIn([a.status for a in x.read_all()], ([], [408]))
            self.assertLess(time.monotonic() - start, 70)

    def test_reader_that_stops_is_cut_off(self):
        with self.connect(receive_bytes=4096) as x:
            x.send(request("GET", f"/bytes/{100 * MEBIBYTE}"))
            x.read_head()
            before = descriptor_count(self.server.pid)
            wait_until(lambda: descriptor_count(self.server.pid) < before,
                       "the reader that stopped is still there")

    def test_reader_without_haste_gets_everything(self):
        size = 3 * MEBIBYTE
        with self.connect(receive_bytes=65536) as x:
            x.send(request("GET", f"/bytes/{size}"))
            self.assertEqual(x.read_head().status, 200)
            got, end = 0, time.monotonic() + 60
            while got < size and time.monotonic() < end:
                piece = x.file.read1(100_000)
                self.assertTrue(piece, f"cut off after {got} bytes")
                got += len(piece)
                time.sleep(0.1)
            self.assertEqual(got, size)

    def test_many_slow_heads_do_not_slow_others(self):
        slow = [self.connect() for _ in range(500)]
        for x in slow:
            x.send(b"GET /hello HTTP/1.1\r\nHost: a\r\nX: ")
        start = time.monotonic()
        with self.connect() as other:
            for _ in range(100):
                self.assertEqual(other.ask(request("GET", HELLO)).status, 200)
        if not SANITIZED:
            self.assertLess(time.monotonic() - start, 5)
        for x in slow:
            self.assertEqual([a.status for a in x.read_all()], [408])


class Idle(HttpCase):
    options = ("--idle-timeout-ms", "5000", "--head-timeout-ms", "60000",
               "--connections-max", "20000")
    descriptors = IDLE_CONNECTIONS + 500

    @unittest.skipIf(SANITIZED, "memory and time say nothing here")
    def test_five_thousand_cost_little_and_are_closed_by_their_deadline(self):
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (IDLE_CONNECTIONS + 500, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))
        hello = request("GET", HELLO)
        self.assertEqual(self.ask(hello).status, 200)
        quiet = descriptor_count(self.server.pid)
        before = self.resident()
        idle = [self.connect() for _ in range(IDLE_CONNECTIONS)]
        start = time.monotonic()
        for x in idle:
            x.send(hello)
        for x in idle:
            self.assertEqual(x.read().status, 200)
        each = (self.resident() - before) / IDLE_CONNECTIONS
        print(f"{each:.0f} bytes of memory for each idle connection")
        self.assertLess(each, IDLE_BYTES)

        used = cpu_seconds(self.server.pid)
        times = []
        with HttpConnection(self.port) as other:
            while time.monotonic() < start + 3:
                begin = time.monotonic()
                self.assertEqual(other.ask(hello).status, 200)
                times.append(time.monotonic() - begin)
                time.sleep(0.01)
        times.sort()
        print(f"a request meanwhile: {times[len(times) // 2] * 1e6:.0f} us, "
              f"at most {times[-1] * 1e3:.1f} ms")
        self.assertLess(times[len(times) // 2], 0.02)
        self.assertLess(cpu_seconds(self.server.pid) - used, 1)

        self.wait_for_descriptors(quiet, "idle connections")
        self.assertGreater(time.monotonic() - start, 4.5)
        for x in idle:
            self.assertTrue(x.is_at_end(), "closed without a word")
        self.check_growth(before, 8 * MEBIBYTE, "after they were closed")


class TooMany(HttpCase):
    options = ("--connections-max", "20", "--idle-timeout-ms", "60000")

    def test_one_too_many_is_told_so(self):
        kept = [self.connect() for _ in range(20)]
        for x in kept:
            self.assertEqual(x.ask(request("GET", HELLO)).status, 200)
        with self.connect() as x:
            x.send_what_goes(request("GET", HELLO))
            answers = x.read_all()
            self.assertEqual([a.status for a in answers], [503], answers)
            self.assertTrue(answers[0].closes())
            self.assertIsNotNone(answers[0].field("retry-after"))
        for x in kept:
            self.assertEqual(x.ask(request("GET", HELLO)).status, 200)
        kept[0].close()

        def is_served():
            return self.ask(request("GET", HELLO)).status == 200

        wait_until(is_served, "room that was freed is not used")
        for x in kept:
            x.close()


class End(HttpCase):
    """SIGTERM: what was begun is finished, nothing new is begun."""

    options = ("--drain-ms", "10000",)

    def end_server(self):
        if self.server:
            server, self.server = self.server, None
            server.stop()

    def terminate(self):
        self.server.process.send_signal(signal.SIGTERM)

    def await_refusal(self):
        def is_refused():
            try:
                HttpConnection(self.port).close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                pass  # the kernel had taken it, and the listener closed
            return False

        wait_until(is_refused, "connections are still accepted")

    def check_ended(self):
        self.assertEqual(self.server.wait(), 0, self.server.log())

    def test_download_is_finished_first(self):
        size = 30 * MEBIBYTE
        with self.connect(receive_bytes=65536) as x:
            x.send(request("GET", f"/bytes/{size}"))
            head = x.read_head()
            self.assertEqual(head.status, 200)
            got = len(x.file.read(MEBIBYTE))
            self.terminate()
            self.await_refusal()
            while piece := x.file.read1(MEBIBYTE):
                got += len(piece)
            self.assertEqual(got, size)
        self.check_ended()

    def test_request_under_way_is_answered_and_closed(self):
        with self.connect() as x:
            # In one write: who has answered the first has read the second.
            x.send(request("GET", HELLO) + request("GET", "/slow/1500"))
            self.assertEqual(x.read().status, 200)
            self.terminate()
            self.await_refusal()
            answer = x.read()
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.closes(), "it does not say that it closes")
            self.assertTrue(x.is_at_end())
        self.check_ended()

    def test_idle_connections_do_not_hold_it_up(self):
        idle = [self.connect() for _ in range(20)]
        for x in idle:
            self.assertEqual(x.ask(request("GET", HELLO)).status, 200)
        start = time.monotonic()
        self.terminate()
        for x in idle:
            self.assertTrue(x.is_at_end())
        self.check_ended()
        self.assertLess(time.monotonic() - start, 5)

    def test_upload_under_way_is_finished(self):
        with self.connect() as x:
            data = request("POST", ECHO, body=b"x" * 10_000)
            x.send(data[:-5000])
            self.assertEqual(x.read_head().status, 200)
            self.terminate()
            self.await_refusal()
            x.send(data[-5000:])
            self.assertEqual(len(x.file.read()), 10_000)
        self.check_ended()


class EndByDeadline(End):
    options = ("--drain-ms", "1000", "--write-timeout-ms", "60000")

    test_download_is_finished_first = None
    test_request_under_way_is_answered_and_closed = None
    test_idle_connections_do_not_hold_it_up = None
    test_upload_under_way_is_finished = None

    def test_reader_that_stopped_holds_it_up_for_no_longer(self):
        with self.connect(receive_bytes=4096) as x:
            x.send(request("GET", f"/bytes/{100 * MEBIBYTE}"))
            x.read_head()
            start = time.monotonic()
            self.terminate()
            self.check_ended()
            took = time.monotonic() - start
            self.assertGreater(took, 0.8)
            self.assertLess(took, 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
