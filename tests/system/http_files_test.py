"""A folder served over HTTP: curl fetches parts of files and goes on with
downloads that broke off; files change while they are sent; a slow reader of a
file of a gibibyte does not grow the server; nothing outside is reached.

Usage: SLUICE_HTTP=BINARY http_files_test.py
"""

import gzip
import os
import re
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.process_stats import (
    MEBIBYTE, SANITIZED, descriptor_count)
from tests.system.http_case import HttpCase
from tests.system.http_connection import request

GIBIBYTE = 1024 * MEBIBYTE
GROWTH_LIMIT = 8 * MEBIBYTE
TEXT = b"".join(b"%07d\n" % i for i in range(50000))  # 400 kB


class FilesCase(HttpCase):
    def prepare_folder(self):
        self.write_file("big.txt", TEXT)
        other = tempfile.TemporaryDirectory()
        self.addCleanup(other.cleanup)
        self.outside = other.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def files_url(self, name):
        return self.url("/files/" + name)

    def curl(self, *arguments):
        """What curl writes to its standard output."""
        return self.run_client("curl", "--silent", "--show-error",
                               "--max-time", "60", *arguments)

    def get(self, name, *lines, verb="GET"):
        return self.ask(request(verb, "/files/" + name, *lines))


class Parts(FilesCase):
    def test_curl_fetches_ranges(self):
        for text, expected in (("0-0", TEXT[:1]), ("100-199", TEXT[100:200]),
                               ("399990-", TEXT[399990:]),
                               ("-5", TEXT[-5:]),
                               ("300000-9999999", TEXT[300000:])):
            self.assertEqual(self.curl("-r", text, self.files_url("big.txt")),
                             expected, text)

    def test_several_ranges_come_as_parts(self):
        answer = self.get("big.txt", "Range: bytes=0-7,80000-80007,-8")
        self.assertEqual(answer.status, 206)
        boundary = re.fullmatch(r"multipart/byteranges; boundary=(\w+)",
                                answer.field("content-type"))[1].encode()
        parts = answer.body.split(b"--" + boundary)
        self.assertEqual(parts[0], b"")
        self.assertEqual(parts[-1], b"--\r\n")
        bodies = []
        for part in parts[1:-1]:
            head, body = part.split(b"\r\n\r\n", 1)
            self.assertIn(b"Content-Range: bytes ", head)
            bodies.append(body[:-2])
        self.assertEqual(bodies, [TEXT[:8], TEXT[80000:80008], TEXT[-8:]])

    def test_range_outside_of_the_file(self):
        answer = self.get("big.txt", "Range: bytes=400000-")
        self.assertEqual(answer.status, 416)
        self.assertEqual(answer.field("content-range"), "bytes */400000")

    def test_curl_goes_on_with_a_download_that_broke_off(self):
        target = os.path.join(self.outside, "copy")
        with open(target, "wb") as f:
            f.write(TEXT[:123456])
        self.curl("-C", "-", "-o", target, self.files_url("big.txt"))
        with open(target, "rb") as f:
            self.assertEqual(f.read(), TEXT)

    def test_download_is_not_continued_with_another_file(self):
        tag = self.get("big.txt", verb="HEAD").field("etag")
        answer = self.get("big.txt", "Range: bytes=8-15", "If-Range: " + tag)
        self.assertEqual((answer.status, answer.body), (206, TEXT[8:16]))
        self.write_file("new.txt", TEXT[::-1])
        os.rename(self.path("new.txt"), self.path("big.txt"))
        answer = self.get("big.txt", "Range: bytes=8-15", "If-Range: " + tag)
        self.assertEqual((answer.status, answer.body), (200, TEXT[::-1]))


class Fields(FilesCase):
    def test_head_is_as_get_without_the_body(self):
        head = self.get("big.txt", verb="HEAD")
        get = self.get("big.txt")
        self.assertEqual(get.body, TEXT)

        def fields(answer):
            return [x for x in answer.fields if x[0].lower() != "date"]

        self.assertEqual(fields(head), fields(get))
        self.assertEqual(get.field("content-type"),
                         "text/plain; charset=utf-8")

    def test_curl_asks_only_for_what_is_newer(self):
        path = os.path.join(self.outside, "copy")
        tags = os.path.join(self.outside, "tag")
        status = ("-w", "%{http_code}", "-o", path)
        self.assertEqual(self.curl(*status, "--etag-save", tags,
                                   self.files_url("big.txt")), b"200")
        self.assertEqual(self.curl(*status, "--etag-compare", tags,
                                   self.files_url("big.txt")), b"304")
        self.assertEqual(self.curl(*status, "-z", path,
                                   self.files_url("big.txt")),
                         b"304")
        os.utime(self.path("big.txt"), (2_000_000_000, 1_000_000_000))
        self.assertEqual(self.curl(*status, "--etag-compare", tags,
                                   self.files_url("big.txt")), b"200")

    def test_compressed_form_is_for_those_who_take_it(self):
        self.write_file("big.txt.gz", gzip.compress(TEXT))
        answer = self.get("big.txt")
        self.assertEqual(answer.body, TEXT)
        self.assertEqual(answer.field("vary"), "Accept-Encoding")
        answer = self.get("big.txt", "Accept-Encoding: br, gzip")
        self.assertEqual(answer.field("content-encoding"), "gzip")
        self.assertEqual(gzip.decompress(answer.body), TEXT)
        self.assertEqual(
            self.curl("--compressed", self.files_url("big.txt")), TEXT)

    def test_other_methods_are_refused(self):
        for verb in ("POST", "PUT", "DELETE", "PATCH"):
            answer = self.get("big.txt", verb=verb)
            self.assertEqual(answer.status, 405, verb)
            self.assertEqual(answer.field("allow"), "GET, HEAD")
        self.assertEqual(self.get("big.txt").body, TEXT)


class Names(FilesCase):
    def test_nothing_outside_is_reached(self):
        secret = os.path.join(self.outside, "secret")
        with open(secret, "wb") as f:
            f.write(b"not for you")
        os.symlink(secret, self.path("absolute"))
        relative = os.path.relpath(secret, self.folder)  # ../NAME/secret
        self.assertTrue(os.path.exists(self.path(relative)))
        os.symlink(relative, self.path("relative"))
        os.symlink("..", self.path("up"))
        for name in (relative, relative.replace("..", "%2e%2e"),
                     relative.replace("/", "%2f"), "a/../" + relative,
                     "absolute", "relative", "up" + relative[2:],
                     "./" + relative, relative.replace("/", "\\"),
                     "/" + secret, "big.txt/../" + relative):
            answer = self.get(name)
            self.assertIn(answer.status, (400, 404), name)
            self.assertNotIn(b"not for you", answer.body, name)

    def test_hidden_files_are_not_there(self):
        self.write_file(".git/config", b"x")
        self.write_file("sub/.env", b"x")
        for name in (".git/config", "sub/.env", "%2egit/config"):
            self.assertEqual(self.get(name).status, 404, name)

    def test_folder_is_its_index_and_has_a_slash(self):
        self.write_file("sub/index.html", b"<p>index</p>")
        answer = self.get("sub/")
        self.assertEqual((answer.status, answer.body),
                         (200, b"<p>index</p>"))
        self.assertEqual(answer.field("content-type"),
                         "text/html; charset=utf-8")
        answer = self.get("sub?a=b")
        self.assertEqual(answer.status, 301)
        self.assertEqual(answer.field("location"), "/files/sub/?a=b")
        self.assertEqual(self.curl("-L", self.files_url("sub")),
                         b"<p>index</p>")
        os.mkdir(self.path("empty"))
        self.assertEqual(self.get("empty/").status, 404)

    def test_names_with_odd_characters(self):
        self.write_file("a b+ü%.txt", b"odd")
        self.assertEqual(self.get("a%20b+%C3%BC%25.txt").body, b"odd")

    def test_pipes_are_not_opened(self):
        os.mkfifo(self.path("pipe"))
        self.assertEqual(self.get("pipe").status, 404)


class Changes(FilesCase):
    """The client takes the beginning, the file changes, the client goes on.
    The file is larger than what the connection holds, so most of it has not
    been read then."""

    SIZE = 64 * MEBIBYTE

    def begin(self):
        with open(self.path("large"), "wb") as f:
            for i in range(self.SIZE // MEBIBYTE):
                f.write(bytes([i]) * MEBIBYTE)
        os.utime(self.path("large"), (1_000_000_000, 1_000_000_000))
        c = self.connect(receive_bytes=65536)
        c.send(request("GET", "/files/large"))
        answer = c.read_head()
        self.assertEqual(answer.field("content-length"), str(self.SIZE))
        self.assertEqual(len(c.file.read(100_000)), 100_000)
        return c

    def read_rest(self, connection):
        """The whole of it, as it was: each mebibyte has its own value."""
        at = 100_000
        while at < self.SIZE:
            data = connection.file.read1(
                min(MEBIBYTE - at % MEBIBYTE, self.SIZE - at))
            self.assertTrue(data, "cut at byte %d" % at)
            self.assertEqual(data.count(at // MEBIBYTE), len(data))
            at += len(data)

    def check_cut(self, connection):
        """The end comes before all of it did: no client takes it for whole."""
        count = 100_000
        try:
            while data := connection.file.read1(MEBIBYTE):
                count += len(data)
        except ConnectionResetError:
            pass
        self.assertLess(count, self.SIZE)

    def test_file_that_shrinks_ends_the_connection(self):
        c = self.begin()
        os.truncate(self.path("large"), MEBIBYTE)
        self.check_cut(c)
        self.assertEqual(self.get("big.txt").body, TEXT)

    def test_file_that_is_written_anew_ends_the_connection(self):
        c = self.begin()
        with open(self.path("large"), "r+b") as f:
            f.seek(self.SIZE // 2)
            f.write(b"x")
        self.check_cut(c)

    def test_file_that_is_replaced_comes_as_it_was(self):
        c = self.begin()
        self.write_file("other", b"x")
        os.rename(self.path("other"), self.path("large"))
        self.read_rest(c)
        self.assertEqual(c.ask(request("GET", "/files/large")).body, b"x")

    def test_file_that_is_removed_comes_as_it_was(self):
        c = self.begin()
        os.unlink(self.path("large"))
        self.read_rest(c)
        self.assertEqual(c.ask(request("GET", "/files/large")).status, 404)

    def test_file_that_grows_comes_as_it_was(self):
        c = self.begin()
        with open(self.path("large"), "ab") as f:
            f.write(b"more")
        self.read_rest(c)
        c.send(request("HEAD", "/files/large"))
        self.assertEqual(c.read("HEAD").field("content-length"),
                         str(self.SIZE + 4))


class Slow(FilesCase):
    def prepare_folder(self):
        super().prepare_folder()
        with open(self.path("gibibyte"), "wb") as f:
            f.truncate(GIBIBYTE)

    def test_gibibyte_to_a_slow_reader_does_not_grow_the_server(self):
        self.get("big.txt")  # the first answer makes buffers that stay
        before = self.resident()
        peak = before
        c = self.connect(receive_bytes=65536)
        c.send(request("GET", "/files/gibibyte"))
        self.assertEqual(c.read_head().field("content-length"), str(GIBIBYTE))
        buffer = memoryview(bytearray(256 * 1024))
        left = GIBIBYTE
        while left > 0:
            count = c.file.readinto1(buffer[:min(len(buffer), left)])
            self.assertGreater(count, 0)
            left -= count
            peak = max(peak, self.resident())
        print("grown by at most %.2f MiB" % ((peak - before) / MEBIBYTE))
        if not SANITIZED:
            self.assertLess(peak - before, GROWTH_LIMIT)
        # The connection is as good as new.
        self.assertEqual(c.ask(request("GET", "/files/big.txt")).body, TEXT)

    def test_readers_who_stop_hold_little_and_harm_nobody(self):
        self.get("big.txt")
        before = self.resident()
        open_before = descriptor_count(self.server.pid)
        readers = [self.connect(receive_bytes=65536) for _ in range(50)]
        for c in readers:
            c.send(request("GET", "/files/gibibyte"))
            c.read_head()
        self.assertEqual(self.get("big.txt").body, TEXT)
        # What a connection may queue, and one piece more.
        self.check_growth(before, 50 * MEBIBYTE // 4, "50 readers")
        for c in readers:
            c.close()
        self.wait_for_descriptors(open_before, "50 readers went away")


if __name__ == "__main__":
    unittest.main()
