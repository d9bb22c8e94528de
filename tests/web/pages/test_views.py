"""Every view, by day and night, on a phone and a screen: pictured, and nothing is cut, pale or nameless."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.axe import axe_faults
from tests.browser import Scheme
from tests.web.pages.chat import Chat
from tests.web.pages.looking import faults, shots
from tests.web.pages.teller import Teller
from tests.web.pages.test_arena_pages import votes

PHONE, SCREEN = 390, 1280
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
QUESTION = "Jelaskan bagaimana hujan terbentuk dengan bahasa anak-anak."
View = Callable[[Chat, Teller, Any], None]


def start(chat: Chat, teller: Teller, owner: Any) -> None:
    """Nothing was asked yet."""


def single(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask(f"{QUESTION} #rich")
    chat.page.click("#new")
    chat.ask("Apa saja yang perlu dibawa untuk mendaki gunung tiga hari?")
    chat.click("Jawaban buruk")


def live(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask("Apa itu hujan?")
    teller.held = 9
    chat.send("Lalu, dari mana datangnya salju?")
    chat.page.until("[...document.querySelectorAll('.said')][1]?.innerText.includes('lalu')")


def branches(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask("#refuse")
    chat.page.run("document.querySelector('[aria-label=\"Ubah pesan\"]').click()")
    chat.page.run("document.querySelector('.edit textarea').value = 'Apa itu hujan?'")
    chat.click("Kirim sebagai cabang baru")
    chat.page.until("document.querySelector('.said').innerText.length > 40")
    chat.saved()
    chat.click("Jawab ulang")
    chat.page.until("document.querySelectorAll('.versions').length === 2")
    chat.saved()
    chat.page.run("document.querySelector('[aria-label=\"Ubah pesan\"]').click()")


def refused(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask("#refuse")
    chat.page.run("""(async () => {
      const base = document.querySelector('link[rel=icon]').href.replace(/mark\\.svg$/, 'script/');
      const { notice } = await import(`${base}chat/notice.js`);
      notice('Antrean sedang penuh.', { retryS: 12, retry: () => {}, kind: 'bad' });
    })()""")
    chat.page.send("Input.insertText", text="panjang " * 2050)


def compare(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.mode("compare")
    chat.ask(QUESTION)


def blind(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.mode("blind")
    chat.ask(QUESTION)
    chat.click("Bahasanya lancar")


def revealed(chat: Chat, teller: Teller, owner: Any) -> None:
    blind(chat, teller, owner)
    chat.click("A lebih baik")
    chat.page.until("document.querySelector('.reveal')")


def loading(chat: Chat, teller: Teller, owner: Any) -> None:
    """As told by the server; the worker that is there is left out."""
    chat.page.run("""(real => { window.fetch = async (address, how) => {
      const answer = await real(address, how);
      if (address !== '/api/me') return answer;
      const me = await answer.json();
      return Response.json({ ...me, ready: { state: 'loading', share: 0.62, workers: 0 } });
    } })(window.fetch.bind(window))""")
    chat.page.run("""(async () => {
      const base = document.querySelector('link[rel=icon]').href.replace(/mark\\.svg$/, 'script/');
      const { Readiness } = await import(`${base}chat/badge.js`);
      await new Readiness(() => {}).look();
    })()""")


def panel(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.page.click("#tune")


def fewer(chat: Chat, teller: Teller, owner: Any) -> None:
    """Parameters that the engine cannot grant."""
    chat.pretend(cannot=["repetition_penalty", "top_k", "seed"])
    chat.begin()
    chat.page.click("#tune")
    chat.page.run("document.querySelector('.panel .fields').scrollTo(0, 9999)")


def nobody(chat: Chat, teller: Teller, owner: Any) -> None:
    """No worker is there, as an administrator sees it."""
    log = "/srv/rantau/runs/demo/serve/logs/worker-1.log"
    chat.pretend(ready={"state": "none", "share": 0, "workers": 0}, logs=[log])
    chat.begin()


def not_imported(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.choose("# Catatan")
    chat.page.until("document.querySelector('#notice p')")


def menu(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask("Apa itu hujan?")
    chat.click("Tindakan untuk obrolan ini")


def share(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask("Apa itu hujan?")
    chat.click("Tindakan untuk obrolan ini")
    chat.click("Bagikan tautan")
    chat.page.until("document.querySelector('#share-link')?.value")


def shared(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.ask(f"{QUESTION} #rich")
    chat.click("Tindakan untuk obrolan ini")
    chat.click("Bagikan tautan")
    chat.begin(chat.page.until("document.querySelector('#share-link')?.value").removeprefix(chat.page.home))


def settings(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.begin("/settings")
    chat.page.click("#key-name")
    chat.page.type("Skrip saya")
    chat.page.press("Enter")
    chat.page.until("document.querySelector('.secret-key') && document.querySelector('#key-list table')")


def leaving(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.begin("/settings")
    chat.click("Hapus akun…")
    chat.page.click("#account-sure")
    chat.page.type(" ")
    chat.page.run("document.querySelector('dialog [role=alert]').hidden = false")
    chat.page.run("document.querySelector('dialog [role=alert]').textContent = 'Kata sandinya keliru.'")


def no_votes(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.begin("/arena")


def few_votes(chat: Chat, teller: Teller, owner: Any) -> None:
    votes(owner, *"wwlwtb")
    chat.begin("/arena")


def many_votes(chat: Chat, teller: Teller, owner: Any) -> None:
    votes(owner, *"w" * 31, *"l" * 14, *"t" * 8, *"b" * 4)
    chat.begin("/arena")


def nothing(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.page.go("/nothing")
    chat.error("404")


def login(chat: Chat, teller: Teller, owner: Any) -> None:
    chat.page.send("Network.clearBrowserCookies")
    chat.page.go("/login")


VIEWS: dict[str, View] = {
    f.__name__: f
    for f in (start, single, live, branches, refused, compare, blind, revealed, loading, nobody, panel, fewer,
              menu, share, shared, not_imported, settings, leaving, no_votes, few_votes, many_votes, nothing,
              login)
}  # fmt: skip
LONG = ("settings", "few_votes", "many_votes", "shared", "no_votes")


@pytest.mark.parametrize("name", VIEWS)
def test_view(open_chat: Any, teller: Teller, owner: Any, name: str, tmp_path: Path) -> None:
    with open_chat(owner, language="id") as chat:
        chat.begin()
        VIEWS[name](chat, teller, owner)
        found: list[str] = []
        for width in (SCREEN, PHONE):
            for scheme in SCHEMES:
                chat.page.look(width=width, height=900 if width == SCREEN else 844, scheme=scheme)
                chat.page.run(DRAWN)
                made = chat.page.screenshot(shots(tmp_path) / f"{name}-{width}-{scheme}.png", whole=name in LONG)
                assert name != "menu" or chat.page.run("document.querySelector('.menu').checkVisibility()")
                assert made.stat().st_size > 8000
                if width == SCREEN or scheme == "light":
                    told = [*faults(chat.page, pale=width == SCREEN), *axe_faults(chat.page)]
                    found += [f"{width} {scheme}: {fault}" for fault in told]
        chat.page.look(width=320, height=700)
        chat.page.run(DRAWN)  # an open menu moves with the window
        found += [f"320: {fault}" for fault in faults(chat.page, pale=False)]
        assert not found, "\n".join(dict.fromkeys(found))
        assert chat.page.errors == chat.expected


def test_a_phone_has_its_talks_in_a_drawer(open_chat: Any, owner: Any, teller: Teller, tmp_path: Path) -> None:
    with open_chat(owner, language="id", width=PHONE) as chat:
        chat.page.look(width=PHONE, height=844)
        chat.begin()
        assert not chat.page.run("document.querySelector('#side').checkVisibility({visibilityProperty: true})")
        chat.page.click("#open-side")
        assert chat.page.run("document.activeElement.id") == "close-side"
        chat.page.screenshot(shots(tmp_path) / f"drawer-{PHONE}-light.png", whole=False)
        assert faults(chat.page) == []
        chat.page.press("Escape")
        assert chat.page.run("document.activeElement.id") == "open-side"
        assert not chat.page.run("document.querySelector('#stage').inert")
        assert not chat.page.run("document.querySelector('#new-here').checkVisibility()")
        chat.ask("halo")
        chat.page.click("#new-here")
        chat.page.until("location.pathname === '/' && document.querySelector('#new-here').hidden")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_other_languages_fit(open_chat: Any, teller: Teller, owner: Any, language: str, tmp_path: Path) -> None:
    with open_chat(owner, language=language) as chat:
        chat.begin()
        found = []
        for address in ("/", "/settings", "/arena"):
            votes(owner, *"wwl")
            chat.begin(address)
            for width in (SCREEN, PHONE):
                chat.page.look(width=width, height=844)
                name = f"{language}{address.replace('/', '-').rstrip('-')}-{width}-light.png"
                chat.page.screenshot(shots(tmp_path) / name, whole=address != "/")
                found += faults(chat.page)
        assert not found, "\n".join(dict.fromkeys(found))
        assert chat.page.errors == []


def test_the_page_turns_with_the_writing(open_chat: Any, teller: Teller, owner: Any, tmp_path: Path) -> None:
    """Right to left: the list stands on the right, and nothing is cut."""
    with open_chat(owner, language="id") as chat:
        chat.begin()
        chat.ask("مرحبا، كيف الحال؟")
        assert chat.page.run("getComputedStyle(document.querySelector('.asked')).direction") == "rtl"
        assert chat.page.run("getComputedStyle(document.querySelector('.said')).direction") == "ltr"
        chat.page.run("document.documentElement.dir = 'rtl'")
        for width in (SCREEN, PHONE):
            chat.page.look(width=width, height=844)
            assert faults(chat.page) == []
            chat.page.screenshot(shots(tmp_path) / f"rtl-{width}-light.png", whole=False)
        chat.page.look(width=SCREEN)
        assert chat.page.run("document.querySelector('#side').getBoundingClientRect().right") == SCREEN


def test_a_fault_would_be_found(open_chat: Any, site: Any) -> None:
    """The measures above find what they are for."""
    with open_chat(None) as chat:
        chat.page.go("/login")
        assert faults(chat.page) == []
        chat.page.run("""(() => {
          const box = document.createElement('p');
          box.textContent = 'pucat';
          box.style.color = '#ccc';
          box.style.inlineSize = '5000px';
          const bad = document.createElement('h5');
          bad.textContent = 'x';
          document.querySelector('main').append(box, bad, document.createElement('button'));
        })()""")
        told = "\n".join(faults(chat.page))
        for part in ("wide in", "pucat", "H1 then H5", "no name: button", "style attribute"):
            assert part in told
