"""A headless Chromium, driven over WebDriver with the standard library."""

import base64
import json
import tempfile
import urllib.error
import urllib.request

from support.gateway import environment
from support.places import ARTEFACTS
from support.processes import Program, free_port, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class WebDriverError(Exception):
    """What the driver refused; `kind` is the code of the WebDriver standard."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Chromium:
    """A browser with a profile of its own, for the time of the block."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        # Chromium keeps more than its profile under $HOME.
        env = environment(HOME=self.folder.name)
        self.driver = Program(["chromedriver", f"--port={port}"], ports=[port], env=env)
        # As root there is no sandbox; a container may have a small /dev/shm.
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        arguments += ["--window-size=900,700", f"--user-data-dir={self.folder.name}/profile"]
        options = {"args": [*arguments, "--disable-background-networking", "--no-first-run"]}
        try:
            wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
            self.session = self._send("POST", "/session", capabilities=wanted)["sessionId"]
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.driver.stop()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._send("DELETE", f"/session/{self.session}")
        finally:
            self.stop()

    def _send(self, method, path, **body):
        data = json.dumps(body).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as answer:
            value = json.load(answer)["value"]
            raise WebDriverError(value["error"], value["message"][:500]) from None

    def _do(self, method, path, **body):
        return self._send(method, f"/session/{self.session}{path}", **body)

    # Pages.

    def open(self, url):
        self._do("POST", "/url", url=url)

    @property
    def url(self):
        return self._do("GET", "/url")

    @property
    def source(self):
        return self._do("GET", "/source")

    def run(self, script, *arguments):
        """The value that the body of a function returns in the page."""
        return self._do("POST", "/execute/sync", script=script, args=list(arguments))

    def enter_frame(self, selector):
        self._do("POST", "/frame", id={ELEMENT: self.find(selector)})

    def cookies(self):
        """Those that the page's URL gets, with their attributes."""
        return self._do("GET", "/cookie")

    def screenshot(self, name):
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        image = base64.b64decode(self._do("GET", "/screenshot"))
        (ARTEFACTS / f"{name}.png").write_bytes(image)

    # Elements.

    def all(self, selector):
        found = self._do("POST", "/elements", using="css selector", value=selector)
        return [element[ELEMENT] for element in found]

    def find(self, selector, seconds=20):
        """The first of the elements, as soon as there is one that is shown."""

        def shown():
            try:
                return next(
                    (one for one in self.all(selector) if self.is_shown(one)), None
                )
            except WebDriverError as error:
                # The page went away between the two questions.
                if error.kind in ("stale element reference", "no such window"):
                    return None
                raise

        what = f"{selector} in the page"
        try:
            return wait_until(shown, seconds, what)
        except TimeoutError:
            raise TimeoutError(f"no {what} {self.url}:\n{self.source[:3000]}") from None

    def is_shown(self, element):
        return self._do("GET", f"/element/{element}/displayed")

    def text(self, selector):
        return self._do("GET", f"/element/{self.find(selector)}/text")

    def texts(self, selector):
        return [self._do("GET", f"/element/{one}/text") for one in self.all(selector)]

    def click(self, selector):
        self._do("POST", f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        self._do("POST", f"/element/{self.find(selector)}/value", text=text)
