"""Attacks in Chromium: no script runs, no request leaves, nothing but listed elements, however the text is cut."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import Browser
from tests.web.pages.attacks import corpus
from tests.web.pages.chat import Chat
from tests.web.pages.looking import script
from tests.web.pages.markdown import Markdown
from tests.web.pages.teller import ANSWERS, Teller
from tests.web.running import Web

ATTACKS = list(corpus())


@pytest.fixture(scope="module")
def markdown(chromium: Browser, pages_web: Web) -> Iterator[Markdown]:
    with chromium.fresh(pages_web.url) as page:
        made = Markdown(page)
        page.run(script("attacks"))
        yield made
        assert page.errors == []


def unharmed(page: Browser) -> bool:
    return bool(page.run("window.ran === 0 && window.violations.length === 0"))


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) > 400


def test_attacks_cut_at_every_byte(markdown: Markdown) -> None:
    page = markdown.page
    before = len(page.requests)
    assert page.run(f"attacks.cut({json.dumps(ATTACKS)})") == []
    page.listen(0.3)
    assert page.requests[before:] == []
    assert unharmed(page)


def test_attacks_glued_together(markdown: Markdown) -> None:
    """Pieces of attacks in any order, 300 times."""
    draw = random.Random(9)
    texts = []
    for _ in range(300):
        parts = [draw.choice(ATTACKS) for _ in range(3)]
        texts.append("".join(p[draw.randrange(len(p)) :] + draw.choice(("", "\n", "`", "*", "](")) for p in parts))
    page = markdown.page
    before = len(page.requests)
    found = page.run(f"attacks.glued({json.dumps(texts)})")
    assert found == []
    page.listen(0.3)
    assert page.requests[before:] == []
    assert unharmed(page)


def test_the_check_finds_what_it_is_for(markdown: Markdown) -> None:
    """Made by hand, an image and a link to a script are seen; and the page's policy lets no text become markup."""
    found = markdown.page.run("""(() => {
      const root = document.createElement('div');
      const link = root.appendChild(document.createElement('a'));
      link.href = 'javascript:pwn()';
      root.appendChild(document.createElement('img')).setAttribute('name', '');
      let refused = false;
      try { root.innerHTML = '<b>x</b>'; } catch { refused = true; }
      return [...attacks.foreign(root), refused];
    })()""")
    assert found == ["javascript:pwn()", "IMG", "name", True]
    markdown.page.run("window.violations.length = 0")
    markdown.page.errors.clear()


def test_attacks_in_a_talk(chat: Chat, teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    """As question, answer and title, in the real page: shown as the text that they are."""
    monkeypatch.setitem(ANSWERS, "#attack", "\n\n".join(ATTACKS[:130]))
    page: Any = chat.page
    page.run("window.ran = 0, window.violations = [], window.pwn = window.alert = () => ran++")
    page.run("document.addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective))")
    asked = "<img src=x onerror=pwn()>#attack <script>pwn()</script>"
    chat.ask(asked)
    assert chat.questions() == [asked]
    assert page.text("#title") == asked == page.text(".talk bdi")
    page.run(script("attacks"))
    assert page.run("attacks.foreign(document.querySelector('.said'))") == []
    assert "<script>pwn()</script>" in chat.answers()[0]
    chat.begin(page.run("location.pathname"))
    assert page.run("typeof window.pwn") == "undefined"
    assert [r for r in page.requests if "evil" in r] == []
