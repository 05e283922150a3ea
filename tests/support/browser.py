"""Chromium without a window, driven by chromedriver: one browser for a test, with
a profile of its own that is empty.

    with Browser(width=1440, height=900) as browser:
        browser.open("http://127.0.0.1:8080/")
        browser.await_text("#sentence", "all up")
        browser.screenshot("calm.png")
        self.assertEqual(browser.problems(), [])
"""

import base64
import os
import shutil
import struct
import sys
import tempfile
import time
import zlib

try:
    import selenium  # noqa: F401
except ImportError:
    # Debian's packages, for a Python that is not Debian's.
    sys.path.append("/usr/lib/python3/dist-packages")

from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import (  # noqa: E402
    StaleElementReferenceException)
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import (  # noqa: E402
    ActionChains)
from selenium.webdriver.common.by import By  # noqa: E402

PATIENCE_S = 20
POLL_S = .05
# What a browser does besides showing the page would disturb a measurement, and
# some of it would leave the machine. A sandbox of its own needs rights that a
# test (and root) does not have.
OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-default-apps", "--no-default-browser-check",
    "--disable-dev-shm-usage", "--metrics-recording-only", "--mute-audio",
    "--password-store=basic", "--no-proxy-server", "--force-color-profile=srgb",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
]


class Browser:
    """A context manager. `scheme` is light or dark; `mobile` is a phone: touch,
    and a viewport that the page chooses."""

    def __init__(self, width=1440, height=900, scheme="light", scale=1,
                 mobile=False, reduced_motion=False):
        self._folder = tempfile.mkdtemp(prefix="browser-")
        self._driver = None
        self._seen = []
        try:
            self._driver = self._start()
            self._emulate(width, height, scale, mobile)
            self.media(scheme, reduced_motion)
        except BaseException:
            self.close()
            raise

    def _start(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for option in OPTIONS + [f"--user-data-dir={self._folder}/profile"]:
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # chromedriver is asked at a loopback address: not by way of a proxy.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
        # Chromium wants a home folder to write to.
        environment = {**os.environ, "HOME": self._folder}
        service = Service("/usr/bin/chromedriver", env=environment,
                          log_path=os.path.join(self._folder, "driver.log"))
        return webdriver.Chrome(service=service, options=options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._driver:
            self._driver.quit()
            self._driver = None
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- how it looks at pages ---------------------------------------------------

    def _emulate(self, width, height, scale, mobile):
        self._view = (width, height, scale, mobile)
        self.cdp("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale,
            "mobile": mobile})
        if mobile:
            self.cdp("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def resize(self, width, height, scale=1, mobile=False):
        self._emulate(width, height, scale, mobile)

    def media(self, scheme="light", reduced_motion=False):
        self.cdp("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion",
             "value": "reduce" if reduced_motion else "no-preference"}]})

    def offline(self, is_offline):
        self.cdp("Network.enable", {})
        self.cdp("Network.emulateNetworkConditions", {
            "offline": is_offline, "latency": 0, "downloadThroughput": -1,
            "uploadThroughput": -1})

    # -- what a person does --------------------------------------------------------

    def open(self, url):
        self._driver.get(url)

    def reload(self):
        self._driver.refresh()

    def press(self, *keys):
        """Keys go to what has the focus; see selenium's Keys."""
        ActionChains(self._driver).send_keys(*keys).perform()

    def chord(self, modifier, key):
        """A key while a modifier is held."""
        ActionChains(self._driver).key_down(modifier).send_keys(key).key_up(
            modifier).perform()

    def click(self, selector):
        self.find(selector).click()

    def point_at(self, selector, x=0, y=0):
        """Moves the pointer to the middle of an element, and so far from it."""
        ActionChains(self._driver).move_to_element_with_offset(
            self.find(selector), x, y).perform()

    # -- what is there -------------------------------------------------------------

    def find(self, selector):
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self._driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def attribute(self, selector, name):
        return self.find(selector).get_attribute(name)

    def run(self, script, *arguments):
        """The value of a function's body: `return document.title`."""
        return self._driver.execute_script(script, *arguments)

    def await_answer(self, script, *arguments):
        """What a function's body calls its last argument with."""
        return self._driver.execute_async_script(script, *arguments)

    def cdp(self, command, parameters=None):
        """A command of the Chrome DevTools Protocol."""
        return self._driver.execute_cdp_cmd(command, parameters or {})

    def await_that(self, check, what, patience_s=PATIENCE_S):
        """The first true value of `check()`; elements may come and go."""
        end = time.monotonic() + patience_s
        while True:
            try:
                found = check()
            except StaleElementReferenceException:
                found = None
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"it did not happen: {what}; the console "
                                     f"says {self.problems()}")
            time.sleep(POLL_S)

    def await_text(self, selector, part, patience_s=PATIENCE_S):
        """The text of the first element that is there, once it holds `part`."""
        last = [None]

        def check():
            found = self.find_all(selector)
            last[0] = found[0].text if found else None
            return found and part in last[0] and last[0]
        try:
            return self.await_that(check, f"{part!r} in {selector}", patience_s)
        except AssertionError as why:
            raise AssertionError(f"{why}; the text is {last[0]!r}") from None

    def await_element(self, selector, patience_s=PATIENCE_S):
        return self.await_that(lambda: next(iter(self.find_all(selector)), None),
                               f"an element {selector}", patience_s)

    def problems(self):
        """What the console has of errors and warnings so far."""
        self._seen += [x for x in self._driver.get_log("browser")
                       if x["level"] in ("SEVERE", "WARNING")]
        return [x["message"] for x in self._seen]

    def forget_problems(self):
        """For those that a test made on purpose."""
        self.problems()
        self._seen = []

    # -- what it costs -------------------------------------------------------------

    def metrics(self):
        """Of the page: TaskDuration in s, JSHeapUsedSize, Nodes, ..."""
        self.cdp("Performance.enable")
        return {x["name"]: x["value"]
                for x in self.cdp("Performance.getMetrics")["metrics"]}

    def heap_bytes(self):
        """Of JavaScript, after what is garbage was collected."""
        self.cdp("HeapProfiler.enable")
        self.cdp("HeapProfiler.collectGarbage")
        return self.metrics()["JSHeapUsedSize"]

    def processes(self):
        """{pid: kind} of the browser's own processes: browser, renderer, gpu-
        process, utility."""
        found = {}
        mark = f"{self._folder}/profile"
        parents = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/cmdline", "rb") as f:
                    words = f.read().replace(b"\0", b" ").decode(
                        errors="replace")
                with open(f"/proc/{name}/stat") as f:
                    parent = int(f.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents[int(name)] = parent
            if mark in words:
                kind = words.partition("--type=")[2].partition(" ")[0]
                found[int(name)] = kind or "browser"
            elif "--type=" in words and "chromium" in words:
                found[int(name)] = words.partition("--type=")[2].partition(
                    " ")[0]
        own = {x for x, kind in found.items() if kind == "browser"}
        grown = True
        while grown:
            more = {x for x in found if parents[x] in own} - own
            own |= more
            grown = bool(more)
        return {x: found[x] for x in own}

    # -- what it looks like --------------------------------------------------------

    def screenshot(self, name, whole_page=False):
        """Writes a PNG among the test's outputs; returns its path."""
        folder = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR",
                                tempfile.gettempdir())
        path = os.path.join(folder, name)
        if whole_page:
            width, _, scale, mobile = before = self._view
            # A window as high as the page, since a page need not draw what is
            # below the window; twice, since then it may be higher.
            for _ in range(2):
                size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
                self._emulate(width, int(size["height"]) + 1, scale, mobile)
                self._driver.execute_async_script(
                    "const done = arguments[0]; requestAnimationFrame(() => "
                    "requestAnimationFrame(() => setTimeout(done, 200)));")
        data = base64.b64decode(self.cdp("Page.captureScreenshot",
                                         {"format": "png"})["data"])
        if whole_page:
            self._emulate(*before)
        with open(path, "wb") as f:
            f.write(data)
        return path


def count_colours(path, most=64):
    """How many different pixels a PNG of ours has, up to `most`: an empty one has
    few."""
    with open(path, "rb") as f:
        data = f.read()
    at, width, kind, parts = 8, 0, 0, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if name == b"IHDR":
            width, _, depth, kind = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and kind in (2, 6), "not a PNG of a browser"
        elif name == b"IDAT":
            parts.append(body)
        at += 12 + size
    step = 3 if kind == 2 else 4
    return len(_colours(zlib.decompress(b"".join(parts)), width * step, step,
                        most))


def _colours(raw, length, step, most):
    """The pixels of a PNG's lines, whose filters are undone (PNG, 9)."""
    found = set()
    before = bytearray(length)
    for start in range(0, len(raw), length + 1):
        kind = raw[start]
        line = bytearray(raw[start + 1:start + 1 + length])
        for i in range(length):
            left = line[i - step] if i >= step else 0
            up = before[i]
            corner = before[i - step] if i >= step else 0
            if kind == 1:
                line[i] = (line[i] + left) & 255
            elif kind == 2:
                line[i] = (line[i] + up) & 255
            elif kind == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            elif kind == 4:
                p = left + up - corner
                a, b, c = abs(p - left), abs(p - up), abs(p - corner)
                line[i] = (line[i] + (left if a <= b and a <= c else
                                      up if b <= c else corner)) & 255
        before = line
        found.update(bytes(line[i:i + step]) for i in range(0, length, step))
        if len(found) >= most:
            break
    return found
