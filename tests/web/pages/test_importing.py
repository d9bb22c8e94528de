"""Importing a talk from a file: what came of it is said, and why where nothing came."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from rantau.web.guard.bodies import LARGE
from tests.web.pages.chat import Chat
from tests.web.pages.sources import PAGES
from tests.web.pages.teller import PLAIN


def exported(chat: Chat) -> str:
    """The open talk, as its export has it."""
    address = "`/api${location.pathname.replace('talk', 'talks')}/export?format=json`"
    return str(chat.page.run(f"fetch({address}).then(answer => answer.text())"))


def changed(file: str, **fields: Any) -> str:
    """With these fields in the first message."""
    talk = json.loads(file)
    talk["messages"][0] |= fields
    return json.dumps(talk)


def test_a_talk_is_opened_from_the_list(chat: Chat) -> None:
    from rantau.web.records.models import Talk

    chat.ask("Apa itu hujan?")
    file, before = exported(chat), chat.page.run("location.pathname")
    chat.page.run("""document.querySelector('#import').addEventListener('click', event => {
      event.preventDefault();
      document.body.dataset.asked = 'a file';
    })""")
    chat.click("Import a talk")
    chat.page.until("document.body.dataset.asked === 'a file'")
    chat.choose(file)
    chat.toasted("The talk was imported.")
    assert chat.page.run("location.pathname") != before
    assert chat.questions() == ["Apa itu hujan?"]
    assert chat.answers() == [PLAIN]
    assert chat.page.text(".answer .who") == "Answer"  # whose, nobody knows
    chat.page.until("document.querySelectorAll('.talk').length === 2")
    assert Talk.objects.count() == 2


REFUSED: dict[str, tuple[Callable[[str], str], str, str]] = {
    "no JSON": (lambda file: "# Apa itu hujan?", "The file is not JSON.", ""),
    "a list": (lambda file: "[]", "no talk that was exported", ""),
    "all data": (lambda file: '{"format": "rantau.person"}', "the file of one talk", ""),
    "another format": (lambda file: '{"format": "other"}', "no talk that was exported", "400"),
    "a forged message": (lambda file: changed(file, role="system"), "no talk that was exported", "400"),
    "a long message": (lambda file: changed(file, text="a" * 16_001), "longer than this chat allows", "4"),
    "an odd message": (lambda file: changed(file, text="a\0b"), "characters that cannot be read", "400"),
    "a large file": (lambda file: " " * (8 * 2**20 + 1), "at most 8 MiB", ""),
}  # fmt: skip


def test_why_a_file_is_refused(chat: Chat) -> None:
    from rantau.web.records.models import Talk

    chat.ask("Apa itu hujan?")
    file = exported(chat)
    for why, (make, words, error) in REFUSED.items():
        chat.page.run("document.querySelector('#notice').replaceChildren()")
        chat.choose(make(file))
        chat.told("#notice", words)
        assert chat.page.text("#notice p").startswith("Nothing was imported."), why
        if error:
            chat.error(f"status of {error}")
    assert Talk.objects.count() == 1


def test_many_files_at_once_have_to_wait(open_chat: Any, owner: Any) -> None:
    with open_chat(owner) as chat:
        chat.begin("/settings")
        chat.page.run("""(async () => {
          const token = document.querySelector('meta[name=rantau-csrf]').content;
          const headers = { 'Content-Type': 'application/json', 'X-CSRFToken': token };
          for (let n = 0; n < 10; n++) await fetch('/api/talks/import', { method: 'POST', body: '{}', headers });
        })()""")
        chat.choose('{"format": "other"}')
        chat.told("#data-said", "many files in a short time")
        assert re.search(r"Try again in \d+ s\.", chat.page.text("#data-said"))


def test_the_page_knows_the_servers_limit() -> None:
    script = (PAGES / "static" / "script" / "page" / "importing.js").read_text(encoding="utf-8")
    [most] = re.findall(r"const MOST_MIB = (\d+);", script)
    assert int(most) * 2**20 == LARGE["/api/talks/import"]
