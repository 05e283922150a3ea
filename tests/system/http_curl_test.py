"""The HTTP server and curl: methods, bodies both ways, expectations, and both
versions of HTTP/1. Files: http_files_test.py.

Usage: SLUICE_HTTP=BINARY http_curl_test.py
"""

import hashlib
import os
import random
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import MEBIBYTE
from tests.system.http_case import HttpCase
from tests.system.http_connection import request
from tests.system.http_requests import ECHO, HELLO

# The server closed while curl was still sending.
CURL_SEND_FAILED = 55


class CurlCase(HttpCase):
    def setUp(self):
        super().setUp()
        self.hello = self.ask(request("GET", HELLO)).body

    def curl(self, *arguments, stdin=b"", codes=(0,)):
        return self.run_client("curl", "-sS", "--max-time", "60", *arguments,
                               stdin=stdin, codes=codes)

    def curl_status(self, *arguments, **options):
        """The status of the last answer, without its body."""
        return int(self.curl("-o", "/dev/null", "-w", "%{http_code}",
                             *arguments, **options))

    def trace(self, *arguments, stdin=b"", codes=(0,)):
        """What curl says about the exchange with -v."""
        done = subprocess.run(
            ["curl", "-sSv", "--max-time", "60", "-o", "/dev/null",
             *arguments],
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=90)
        text = done.stderr.decode(errors="replace")
        self.assertIn(done.returncode, codes, text)
        return text


class Methods(CurlCase):
    def test_get(self):
        self.assertEqual(self.curl(self.url(HELLO)), self.hello)

    def test_head_has_the_fields_of_get_and_no_body(self):
        head = self.curl("-I", self.url(HELLO)).decode()
        self.assertRegex(head, r"\AHTTP/1\.1 200 OK\r\n")
        self.assertIn(f"ontent-Length: {len(self.hello)}\r\n".lower(),
                      head.lower())
        self.assertTrue(head.endswith("\r\n\r\n"))

    def test_methods_with_a_body(self):
        for verb in "POST", "PUT", "PATCH", "DELETE":
            with self.subTest(verb):
                self.assertEqual(
                    self.curl("-X", verb, "--data-binary", "x=1 &\r\n\xff",
                              self.url(ECHO)), "x=1 &\r\n\xff".encode())

    def test_methods_with_an_empty_body(self):
        for verb in "POST", "PUT", "PATCH", "DELETE":
            with self.subTest(verb):
                self.assertEqual(
                    self.curl_status("-X", verb, self.url(ECHO)), 200)

    def test_method_that_a_route_does_not_have(self):
        head = self.trace("-X", "DELETE", self.url(HELLO))
        self.assertIn("< HTTP/1.1 405 ", head)
        allow = re.search(r"< Allow: (.*)\r", head, re.IGNORECASE)
        self.assertIsNotNone(allow, "RFC 9110 15.5.6: Allow is missing")
        self.assertEqual({"GET", "HEAD"},
                         set(allow[1].replace(" ", "").split(","))
                         - {"OPTIONS"})

    def test_options_tells_what_a_route_has(self):
        head = self.trace("-X", "OPTIONS", self.url(HELLO))
        self.assertRegex(head, r"< HTTP/1\.1 (200|204) ")
        self.assertRegex(head, r"(?i)< Allow: .*GET")

    def test_options_of_the_whole_server(self):
        head = self.trace("-X", "OPTIONS", "--request-target", "*",
                          self.url("/"))
        self.assertRegex(head, r"< HTTP/1\.1 (200|204) ")

    def test_method_that_nobody_knows(self):
        self.assertEqual(self.curl_status("-X", "BREW", self.url(HELLO)), 501)

    def test_trace_is_not_served(self):
        self.assertIn(self.curl_status("-X", "TRACE", self.url(HELLO)),
                      (405, 501))

    def test_nobody_there(self):
        self.assertEqual(self.curl_status(self.url("/nowhere")), 404)

    def test_path_parameters_are_decoded(self):
        self.assertEqual(
            self.curl(self.url("/things/a%20b%C3%BC")).rstrip(b"\n"),
            "a bü".encode())
        self.assertEqual(self.curl_status(self.url("/things/a/b")), 404)
        self.assertEqual(self.curl_status(self.url("/things/%zz")), 400)


class Connections(CurlCase):
    def test_connection_is_kept_for_the_next_request(self):
        text = self.trace(self.url(HELLO), "--next", "-sSv", "-o",
                          "/dev/null", "-d", "x", self.url(ECHO), "--next",
                          "-sSv", "-I", self.url(HELLO), "--next", "-sSv",
                          "-o", "/dev/null", self.url("/nowhere"), "--next",
                          "-sSv", "-o", "/dev/null", self.url("/count/10"),
                          "--next", "-sSv", "-o", "/dev/null",
                          self.url(HELLO))
        self.assertEqual(text.count("Re-using existing connection"), 5, text)

    def test_client_wants_it_closed(self):
        text = self.trace("-H", "Connection: close", self.url(HELLO),
                          self.url(HELLO))
        self.assertNotIn("Re-using existing connection", text)
        self.assertRegex(text, r"(?i)< Connection: close")

    def test_http_1_0_is_closed(self):
        text = self.trace("--http1.0", self.url(HELLO))
        self.assertIn("Closing connection", text)
        self.assertEqual(self.curl("--http1.0", self.url(HELLO)), self.hello)

    def test_http_1_0_gets_no_chunks(self):
        head = self.trace("--http1.0", self.url("/count/5"))
        self.assertNotIn("chunked", head.lower())
        self.assertEqual(self.curl("--http1.0", self.url("/count/5")),
                         b"1\n2\n3\n4\n5\n")

    def test_http_1_0_keeps_it_when_asked(self):
        text = self.trace("--http1.0", "-H", "Connection: keep-alive",
                          self.url(HELLO), self.url(HELLO))
        # The server may do it (RFC 9112, section 9.3); what it says is true.
        kept = re.search(r"(?i)< Connection: keep-alive", text)
        self.assertEqual(bool(kept), "Re-using existing" in text)

    def test_upgrade_to_http_2_is_passed_over(self):
        head = self.trace("--http2", self.url(HELLO))
        self.assertIn("< HTTP/1.1 200 ", head)

    def test_http_2_by_prior_knowledge_is_refused(self):
        self.curl("--http2-prior-knowledge", self.url(HELLO),
                  codes=(1, 16, 52, 55, 56))
        self.assertEqual(self.curl(self.url(HELLO)), self.hello)

    def test_client_that_ends_its_side_after_the_request_is_answered(self):
        with self.connect() as x:
            x.send(request("GET", HELLO))
            x.end_sending()
            self.assertEqual(x.read().body, self.hello)
            self.assertTrue(x.is_at_end())

    def test_client_that_ends_its_side_gets_a_long_answer_whole(self):
        with self.connect() as x:
            x.send(request("GET", f"/bytes/{5 * MEBIBYTE}"))
            x.end_sending()
            self.assertEqual(len(x.read().body), 5 * MEBIBYTE)
            self.assertTrue(x.is_at_end())

    def test_answers_have_the_fields_every_answer_needs(self):
        for target in HELLO, "/nowhere", "/count/3":
            with self.subTest(target):
                answer = self.ask(request("GET", target))
                self.assertRegex(
                    answer.field("date"),
                    r"\A(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
                    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
                    r"\d{4} \d\d:\d\d:\d\d GMT\Z")
                self.assertIsNotNone(answer.field("content-type"))


class Bodies(CurlCase):
    def check_echo(self, data, *arguments):
        back = self.curl("--data-binary", "@-", *arguments, self.url(ECHO),
                         stdin=data)
        self.assertEqual(hashlib.sha256(back).digest(),
                         hashlib.sha256(data).digest(), len(back))

    def test_sizes_around_the_edges(self):
        r = random.Random(5)
        for size in (0, 1, 2, 1023, 4096, 16_383, 16_384, 65_535, 65_536,
                     65_537, 300_000):
            with self.subTest(size):
                data = r.randbytes(size)
                self.check_echo(data)
                self.check_echo(data, "-H", "Transfer-Encoding: chunked")

    def test_large_body_comes_back(self):
        self.check_echo(random.Random(6).randbytes(20 * MEBIBYTE))

    def test_large_body_in_chunks_comes_back_in_chunks(self):
        data = random.Random(7).randbytes(20 * MEBIBYTE)
        back = self.curl("-T", "-", self.url(ECHO), stdin=data)
        self.assertEqual(hashlib.sha256(back).digest(),
                         hashlib.sha256(data).digest())

    def test_continue_is_sent_before_the_body(self):
        for size in (10, 2 * MEBIBYTE):
            with self.subTest(size):
                text = self.trace(
                    "-H", "Expect: 100-continue", "--expect100-timeout", "30",
                    "--data-binary", "@-", self.url(ECHO), stdin=b"x" * size)
                self.assertIn("< HTTP/1.1 100 ", text)
                self.assertIn("< HTTP/1.1 200 ", text)
                self.assertNotIn("Done waiting for 100-continue", text)

    def test_no_continue_for_what_is_refused(self):
        """Curl then does not send the body (RFC 9110, section 10.1.1)."""
        for arguments, status in (([self.url("/nowhere")], 404),
                                  (["-X", "PUT", self.url(HELLO)], 405)):
            with self.subTest(status):
                text = self.trace(
                    "-H", "Expect: 100-continue", "--expect100-timeout", "30",
                    "--data-binary", "@-", *arguments, stdin=b"x" * MEBIBYTE)
                self.assertNotIn("< HTTP/1.1 100 ", text)
                self.assertIn(f"< HTTP/1.1 {status} ", text)

    def test_no_continue_in_http_1_0(self):
        with self.connect() as x:
            x.send(b"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\n"
                   b"Content-Length: 5\r\n\r\nhello")
            self.assertEqual(x.read("POST").status, 200)

    def test_collected_body_at_the_limit_and_over_it(self):
        limit = 64 * 1024
        url = self.url("/collect")
        for coding in [], ["-H", "Transfer-Encoding: chunked"]:
            with self.subTest(coding):
                self.assertEqual(
                    int(self.curl("--data-binary", "@-", *coding, url,
                                  stdin=b"x" * limit)), limit)
                self.assertEqual(
                    self.curl_status("--data-binary", "@-", *coding, url,
                                     stdin=b"x" * (limit + 1)), 413)

    def test_too_large_a_body_is_refused_while_it_is_sent(self):
        """The answer arrives whole, though the client was not done."""
        for coding in [], ["-H", "Transfer-Encoding: chunked"]:
            for _ in range(5):
                with self.subTest(coding):
                    text = self.trace(
                        "-H", "Expect:", "--data-binary", "@-", *coding,
                        self.url("/collect"), stdin=b"x" * (20 * MEBIBYTE),
                        codes=(0, CURL_SEND_FAILED))
                    self.assertIn("< HTTP/1.1 413 ", text)
        self.assertEqual(self.curl(self.url(HELLO)), self.hello)

    def test_download_has_the_bytes_it_should(self):
        size = 3 * MEBIBYTE + 17
        data = self.curl(self.url(f"/bytes/{size}"))
        self.assertEqual(data, (bytes(range(251)) * (size // 251 + 1))[:size])

    def test_stream_in_chunks_is_whole(self):
        data = self.curl(self.url("/count/200000"))
        self.assertEqual(data, b"".join(b"%d\n" % i
                                        for i in range(1, 200_001)))

    def test_download_given_up_halfway_frees_what_it_held(self):
        before = self.resident()
        for _ in range(50):
            self.curl("--max-filesize", "1", "--max-time", "5",
                      self.url(f"/bytes/{100 * MEBIBYTE}"), codes=(63,))
            with self.connect() as x:
                x.send(request("GET", f"/bytes/{100 * MEBIBYTE}"))
                x.read_head()
        self.check_growth(before, 4 * MEBIBYTE, "100 downloads given up")


if __name__ == "__main__":
    unittest.main(verbosity=2)
