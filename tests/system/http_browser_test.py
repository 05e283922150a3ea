"""The HTTP server and Chromium: a page with what belongs to it, uploads and
downloads by fetch, and a WebSocket.

Usage: SLUICE_HTTP=BINARY http_browser_test.py
"""

import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.browser import Browser
from tests.system.http_case import HttpCase

PICTURES = 20

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sluice</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="style.css">
<script type="module" src="main.js"></script>
</head><body><p id="says">not yet</p>%s</body></html>
""" % "".join(f'<img src="p{i}.svg" alt="">' for i in range(PICTURES))

SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">
<circle cx="8" cy="8" r="7" fill="hsl(%d 80%% 40%%)"/></svg>
"""

SCRIPTS = {
    "main.js": """
import { word } from "./word.js";
addEventListener("load", () => {
  document.getElementById("says").textContent = word;
});
""",
    "word.js": 'export const word = "loaded ü";\n',
    "style.css": "#says { color: rgb(1, 2, 3); }\n",
    "icon.svg": SVG % 0,
    "index.html": PAGE,
}

# Sends bytes that tell their place, and compares what comes back.
UPLOAD = """
const size = arguments[0], done = arguments[1];
const data = new Uint8Array(size);
for (let i = 0; i < size; ++i) data[i] = (i * 7 + (i >> 8)) & 255;
fetch("/echo", { method: "POST", body: data })
  .then((x) => x.arrayBuffer())
  .then((x) => {
    const back = new Uint8Array(x);
    done(back.length === size && back.every((y, i) => y === data[i])
      ? "same" : `${back.length} of ${size}`);
  }, (why) => done(String(why)));
"""

# Reads a stream piece by piece and gives it up after so many bytes, or never.
DOWNLOAD = """
const [target, limit, done] = arguments;
(async () => {
  const answer = await fetch(target);
  const reader = answer.body.getReader();
  let size = 0, pieces = 0;
  for (;;) {
    const { value, done: ended } = await reader.read();
    if (ended) return { size, pieces, ended: true };
    size += value.length;
    ++pieces;
    if (limit && size >= limit) {
      await reader.cancel();
      return { size, pieces, ended: false };
    }
  }
})().then(done, (why) => done(String(why)));
"""

TALK = """
const done = arguments[0];
const messages = ["hello", "", "ü".repeat(30000),
                  new Uint8Array([0, 255, 13, 10]).buffer];
const back = [];
const socket = new WebSocket(`ws://${location.host}/live`);
socket.binaryType = "arraybuffer";
const show = (x) => typeof x === "string" ? x : [...new Uint8Array(x)].join();
socket.onopen = () => messages.forEach((x) => socket.send(x));
socket.onmessage = (event) => {
  back.push(show(event.data));
  if (back.length === messages.length) socket.close(1000, "enough");
};
socket.onclose = (event) => done([
  event.wasClean, event.code,
  back.length === messages.length
    && messages.every((x, i) => show(x) === back[i])]);
"""


class BrowserTest(HttpCase):
    def prepare_folder(self):
        for name, text in SCRIPTS.items():
            self.write_file("site/" + name, text.encode())
        for i in range(PICTURES):
            self.write_file(f"site/p{i}.svg", (SVG % (i * 17)).encode())

    def setUp(self):
        super().setUp()
        self.browser = Browser(width=800, height=600)
        self.addCleanup(self.browser.close)
        self.browser.open(self.url("/files/site/"))
        self.browser.await_text("#says", "loaded ü")

    def call(self, script, *arguments):
        """The value that a script gives to the function after `arguments`."""
        return self.browser.run(
            "const a = [...arguments];"
            "return new Promise((done) => (function () {" + script
            + "}).apply(null, [...a, done]));", *arguments)

    def test_page_has_all_that_belongs_to_it(self):
        self.assertEqual(
            self.browser.run("return getComputedStyle("
                             "document.getElementById('says')).color"),
            "rgb(1, 2, 3)")
        self.assertEqual(
            self.browser.run(
                "return [...document.images].filter("
                "(x) => x.complete && x.naturalWidth === 16).length"),
            PICTURES)
        # Six connections at most, each kept for the next picture.
        used = self.browser.run(
            "return performance.getEntriesByType('resource')"
            ".filter((x) => x.connectStart === x.connectEnd).length")
        self.assertGreaterEqual(used, PICTURES - 6)
        self.assertEqual(self.browser.problems(), [])

    def test_page_is_taken_from_the_cache_when_it_did_not_change(self):
        self.browser.reload()
        self.browser.await_text("#says", "loaded ü")
        status = self.call("""
            const done = arguments[0];
            fetch("style.css", { cache: "no-cache" }).then(async (x) =>
              done([x.status, (await x.text()).length,
                    performance.getEntriesByName(x.url).at(-1).transferSize]));
            """)
        text = SCRIPTS["style.css"]
        self.assertEqual(status[:2], [200, len(text)])
        # Chromium counts 300 bytes for each head, and the body if it was sent
        # (Resource Timing, transferSize).
        self.assertEqual(status[2], 300, "it was sent again: no 304")
        self.assertEqual(self.browser.problems(), [])

    def test_upload_comes_back(self):
        for size in 0, 1, 100_000, 3_000_000:
            with self.subTest(size):
                self.assertEqual(self.call(UPLOAD, size), "same")

    def test_download_comes_piece_by_piece(self):
        answer = self.call(DOWNLOAD, "/bytes/5000000", 0)
        self.assertEqual(answer["size"], 5_000_000)
        self.assertGreater(answer["pieces"], 1)
        answer = self.call(DOWNLOAD, "/count/1000", 0)
        self.assertEqual(answer["size"], sum(len(f"{i}\n")
                                             for i in range(1, 1001)))
        self.assertEqual(self.browser.problems(), [])

    def test_download_is_given_up_halfway(self):
        for _ in range(3):
            answer = self.call(DOWNLOAD, "/count/100000000", 100_000)
            self.assertFalse(answer["ended"])
        self.assertEqual(self.call(UPLOAD, 10), "same")

    def test_websocket(self):
        clean, code, same = self.call(TALK)
        self.assertTrue(same, "messages came back changed")
        self.assertTrue(clean)
        self.assertEqual(code, 1000)
        self.assertEqual(self.browser.problems(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
