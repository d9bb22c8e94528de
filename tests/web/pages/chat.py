"""What a person does in the chat, with mouse and keys."""

from __future__ import annotations

import json
from typing import Any

from tests.browser import Browser

SAVED = "document.querySelector('#badge').dataset.state === 'saved'"
ANSWERS = "[...document.querySelectorAll('.answer .said')].map(e => e.innerText)"
PHASE = "document.querySelector('#send').dataset.phase"
LISTED = """document.querySelector('.talk.current bdi').textContent
  === document.querySelector('#title').textContent"""


class Chat:
    """expected: errors that the page may tell of in this test"""

    def __init__(self, page: Browser) -> None:
        self.page = page
        self.expected: list[str] = []
        page.send("Page.addScriptToEvaluateOnNewDocument", source=TOASTS)

    def begin(self, address: str = "/") -> None:
        self.page.go(address)
        self.page.until("document.body.dataset.begun")

    def pretend(self, **facts: Any) -> None:
        """From the next page on the server's words about itself have these facts, too."""
        source = f"({PRETEND})({json.dumps(facts)})"
        self.page.send("Page.addScriptToEvaluateOnNewDocument", source=source)

    def mode(self, name: str) -> None:
        self.page.click(f"#modes input[value={name}]")

    def send(self, text: str) -> None:
        self.page.click("#text")
        self.page.type(text)
        self.page.press("Enter")

    def ask(self, text: str) -> None:
        """Sends a message and waits until its answers are kept, and its talk is in the list."""
        n = len(self.answers())
        self.send(text)
        self.page.until(f"document.querySelectorAll('.answer .said').length > {n}")
        self.saved()
        self.page.until(LISTED)

    def saved(self) -> None:
        self.page.until(f"{SAVED} && !document.querySelector('.said.live') && {PHASE} === 'idle'")

    def answers(self) -> list[str]:
        return list(self.page.run(ANSWERS))

    def questions(self) -> list[str]:
        return list(self.page.run("[...document.querySelectorAll('.asked')].map(e => e.innerText)"))

    def click(self, label: str, within: str = "") -> None:
        """The control of this name, the last one of them."""
        named = json.dumps(label)
        self.page.until(f"({NAMED})({named}, {json.dumps(within)})")
        self.page.click("[data-named]")

    def hold(self, end: str) -> None:
        """What is sent to such an address waits, until `window.goOn()`."""
        self.page.run(f"({HOLD})({json.dumps(end)})")

    def told(self, selector: str, text: str) -> None:
        """Waits until it is written there."""
        at = json.dumps(selector), json.dumps(text)
        self.page.until(f"document.querySelector({at[0]}).innerText.includes({at[1]})")

    def toasted(self, text: str) -> None:
        """Waits until it was written at the foot of the page, from where it goes by itself."""
        self.page.until(f"window.toasts.some(said => said.includes({json.dumps(text)}))")

    def choose(self, text: str, name: str = "x.json") -> None:
        """A file for the import, as if a person had chosen it."""
        self.page.run(f"({CHOOSE})({json.dumps(text)}, {json.dumps(name)})")

    def error(self, *texts: str) -> None:
        """Errors that a refusal of the server leaves in the browser's log are no errors of the page."""
        for text in texts:
            found = next((e for e in self.page.errors if text in e), None)
            assert found is not None, (text, self.page.errors)
            self.expected = [*self.page.errors]

    def talk(self) -> Any:
        """The talk that is open, in the database."""
        from rantau.web.records.models import Talk

        return Talk.objects.get(id=self.page.run("location.pathname").rsplit("/", 1)[1])


TOASTS = """window.toasts = [];
addEventListener('DOMContentLoaded', () => {
  const place = document.querySelector('#toasts');
  if (place) new MutationObserver(() => toasts.push(place.textContent)).observe(place, { childList: true });
});"""
PRETEND = """facts => {
  const real = window.fetch.bind(window);
  window.fetch = async (address, how) => {
    const answer = await real(address, how);
    return address === '/api/me' && answer.ok ? Response.json({ ...(await answer.json()), ...facts }) : answer;
  };
}"""
HOLD = """end => {
  const real = window.fetch.bind(window);
  window.fetch = async (address, how) => {
    if (how?.method === 'POST' && address.endsWith(end)) await new Promise(done => (window.goOn = done));
    return real(address, how);
  };
}"""
CHOOSE = """(text, name) => {
  const input = document.querySelector('#import');
  const bag = new DataTransfer();
  bag.items.add(new File([text], name));
  input.files = bag.files;
  input.dispatchEvent(new Event('change'));
}"""
NAMED = """(name, within) => {
  document.querySelectorAll('[data-named]').forEach(e => e.removeAttribute('data-named'));
  const root = within ? [...document.querySelectorAll(within)].at(-1) : document;
  const nameOf = e => e.getAttribute('aria-label') ?? e.textContent.trim();
  const found = [...root?.querySelectorAll('button, a, label') ?? []]
    .filter(e => nameOf(e) === name && e.getClientRects().length && !e.disabled).at(-1);
  found?.setAttribute('data-named', '');
  return !!found;
}"""
