"""A real browser without a screen: Chromium, spoken to through pipes in its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

FOUND = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars",
    "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage",
)  # fmt: skip
LOCAL = ("file:", "data:", "about:", "blob:", "chrome:")
Scheme = Literal["light", "dark"]
KEYS = {
    "Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), "ArrowLeft": (37, ""), "ArrowUp": (38, ""),
    "ArrowRight": (39, ""), "ArrowDown": (40, ""), " ": (32, " "), "Backspace": (8, ""), "End": (35, ""),
}  # fmt: skip
SHIFT = 8
PATIENCE_S = 60.0
SLOWER = int(os.environ.get("RANTAU_BROWSER_SLOWER", "1"))
"""How many times slower pages are: tests.jitter asks for it."""


class Pipe:
    """The process and its messages, which end with a zero byte: written to its file 3, read from its file 4."""

    def __init__(self, profile: str, flags: Sequence[str] = ()) -> None:
        assert FOUND is not None
        its_input, self._write = os.pipe()
        self._read, its_output = os.pipe()
        command = f'exec "$@" 3<&{its_input} 4>&{its_output}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, "browser", FOUND, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(its_input, its_output), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(its_input)
        os.close(its_output)
        self._last, self._rest = 0, b""
        self.pages: dict[str, Browser] = {}

    def send(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """The answer to one command; what pages tell meanwhile is noted by them."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:  # who is stopped in the middle of a long one, and goes on, has written a part
            left = left[os.write(self._write, left) :]
        while True:
            answer = self._next()
            self._note(answer)
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])

    def listen(self, seconds: float) -> None:
        """Notes what pages tell for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if b"\0" in self._rest or select.select([self._read], [], [], left)[0]:
                self._note(self._next())

    def close(self) -> None:
        os.close(self._write)
        os.close(self._read)
        self._process.kill()
        self._process.wait()

    def _note(self, message: dict[str, Any]) -> None:
        page = self.pages.get(message.get("sessionId", ""))
        if page is not None and "method" in message:
            page.note(message["method"], message.get("params", {}))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._read, 1 << 16)
            if not part:
                raise RuntimeError("the browser ended")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(line))


class Browser:
    """One page. errors: what it complained of, and what it fetched from elsewhere than `home`."""

    def __init__(self, pipe: Pipe, target: str, home: str = "", context: str = "") -> None:
        self._pipe, self.target, self.home, self._context = pipe, target, home, context
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self._session = pipe.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        pipe.pages[self._session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        if SLOWER > 1:
            self.send("Emulation.setCPUThrottlingRate", rate=SLOWER)
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)  # a page without a screen has the focus, too

    def tab(self, home: str = "") -> Browser:
        """Another page of the same profile: the same cookies and cache, another sessionStorage."""
        where = {"browserContextId": self._context} if self._context else {}
        made = self._pipe.send("Target.createTarget", url="about:blank", **where)
        return Browser(self._pipe, made["targetId"], home or self.home, self._context)

    def close(self) -> None:
        """First nothing of it is under way any more: a late answer could still take a cookie away."""
        self.send("Page.navigate", url="about:blank")
        self.until("location.href === 'about:blank'")
        self._pipe.send("Target.closeTarget", targetId=self.target)

    @contextmanager
    def fresh(self, home: str) -> Iterator[Browser]:
        """A page of a profile of its own: no cookies, nothing stored."""
        context = self._pipe.send("Target.createBrowserContext")["browserContextId"]
        made = self._pipe.send("Target.createTarget", url="about:blank", browserContextId=context)
        try:
            yield Browser(self._pipe, made["targetId"], home, context)
        finally:
            self._pipe.send("Target.disposeBrowserContext", browserContextId=context)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        return self._pipe.send(method, self._session, **params)

    def listen(self, seconds: float) -> None:
        self._pipe.listen(seconds)

    def look(self, *, width: int, height: int = 900, scheme: Scheme = "light", still: bool = True) -> None:
        """A window of so many CSS pixels; a narrow one is a phone's. still: nothing moves"""
        phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )
        motion = [{"name": "prefers-reduced-motion", "value": "reduce"}] if still else []
        self.send(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}, *motion]
        )

    def open(self, page: Path, *, width: int, height: int = 900, scheme: Scheme = "light") -> None:
        """A file, in a window of so many CSS pixels."""
        self.look(width=width, height=height, scheme=scheme, still=False)
        self.send("Page.navigate", url=page.as_uri())
        while not self.run("document.readyState === 'complete' && location.protocol === 'file:'"):
            pass

    def go(self, address: str) -> None:
        """A page of `home`, once all of it has come."""
        self.send("Page.navigate", url=f"{self.home}{address}")
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(self.home)})")

    def run(self, expression: str) -> Any:
        """Value of a JavaScript expression in the page."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, expression: str, seconds: float = PATIENCE_S) -> Any:
        """Asks until the value is true; returns it."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = self.run(f"({TRUE})(() => ({expression}))")
            except AssertionError:  # the page changed meanwhile
                value = None
            if value:
                return value
            assert time.monotonic() < end, f"not so after {seconds} s: {expression}\n{self.errors}"
            self.listen(0.02)

    def text(self, selector: str) -> str:
        """What is written in the first such element."""
        return str(self.until(f"document.querySelector({json.dumps(selector)})") and self.run(
            f"document.querySelector({json.dumps(selector)}).innerText"
        ))  # fmt: skip

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the first such element that is shown; it has to be on top there."""
        place = self.until(f"({PLACE})({json.dumps(selector)})")
        assert place["hit"], f"{selector} lies below {place['top']}"
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent", type=kind, x=place["x"], y=place["y"], button="left", clickCount=1
            )

    def type(self, text: str) -> None:
        """With the keys of a keyboard; a character that has no key is put in."""
        for character in text:
            if character.isascii() and character.isprintable():
                for kind in ("keyDown", "keyUp"):
                    self.send("Input.dispatchKeyEvent", type=kind, text=character if kind == "keyDown" else "",
                              key=character)  # fmt: skip
            else:
                self.send("Input.insertText", text=character)

    def press(self, key: str, modifiers: int = 0) -> None:
        code, text = KEYS[key]
        common = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code,
                  "modifiers": modifiers}  # fmt: skip
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def offline(self, off: bool = True) -> None:
        """Cuts the network, as far as the page can tell."""
        self.send("Network.emulateNetworkConditions", offline=off, latency=0, downloadThroughput=-1,
                  uploadThroughput=-1)  # fmt: skip

    def block(self, *patterns: str) -> None:
        """Addresses that fail from now on; none = all work again."""
        self.send("Network.setBlockedURLs", urls=list(patterns))

    def allow(self, *permissions: str) -> None:
        """What a person would be asked for."""
        where = {"browserContextId": self._context} if self._context else {}
        self._pipe.send("Browser.grantPermissions", permissions=list(permissions), **where)

    def cookie(self, pair: str) -> None:
        """name=value, for `home`"""
        name, _, value = pair.partition("=")
        self.send("Network.setCookie", name=name, value=value, url=self.home, httpOnly=True)

    def accessible(self) -> list[dict[str, Any]]:
        """Nodes of the accessibility tree that assistive technology sees: {role, name, ...}."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [_node(node) for node in nodes if not node.get("ignored")]

    def screenshot(self, file: Path, *, whole: bool = True) -> Path:
        """The whole page, as long as it is, or what the window shows."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        how: dict[str, Any] = {"captureBeyondViewport": True, "clip": clip} if whole else {}
        shot = self.send("Page.captureScreenshot", format="png", **how)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))
        return file

    def pdf(self) -> bytes:
        """The page as it is printed, A4."""
        return base64.b64decode(self.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])

    def note(self, method: str, params: dict[str, Any]) -> None:
        """What the page tells: errors, requests, frames of its sockets."""
        match method:
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Network.requestWillBeSent":
                self._fetched(params["request"]["url"])
            case "Network.webSocketCreated":
                self._fetched(params["url"].replace("ws", "http", 1))
            case "Network.webSocketFrameReceived":
                self.frames.append({"from": "server", **_payload(params)})
            case "Network.webSocketFrameSent":
                self.frames.append({"from": "page", **_payload(params)})

    def _fetched(self, address: str) -> None:
        self.requests.append(address)
        if not address.startswith(LOCAL) and not (self.home and address.startswith(self.home)):
            self.errors.append(f"fetched {address}")


TRUE = """async ask => {
  try {
    const value = await ask();
    return value instanceof Node ? true : value;
  } catch { return null; }
}"""
PLACE = """selector => {
  const found = [...document.querySelectorAll(selector)].find(e => e.getClientRects().length);
  if (!found || found.disabled) return null;
  found.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'});
  const box = found.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const hit = !!top && (found === top || found.contains(top) || top.contains(found) || found.labels?.length > 0);
  return {x, y, hit, top: top && top.outerHTML.slice(0, 120)};
}"""


def _node(node: dict[str, Any]) -> dict[str, Any]:
    facts = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
    return {"role": node.get("role", {}).get("value", ""), "name": node.get("name", {}).get("value", ""), **facts}


def _payload(params: dict[str, Any]) -> dict[str, Any]:
    try:
        told = json.loads(params["response"]["payloadData"])
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


@contextmanager
def browser(home: str = "", flags: Sequence[str] = ()) -> Iterator[Browser]:
    """home: begins the addresses of the site, such as http://127.0.0.1:8000"""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        pipe = Pipe(profile, flags)
        try:
            pages = [t for t in pipe.send("Target.getTargets")["targetInfos"] if t["type"] == "page"]
            yield Browser(pipe, pages[0]["targetId"], home)
        finally:
            pipe.close()
