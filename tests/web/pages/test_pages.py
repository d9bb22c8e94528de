"""The pages around the chat: signing in and out, settings, what is kept by browsers, what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from rantau.web.pages import words
from tests.web.conftest import PASSWORD
from tests.web.pages.chat import Chat


@pytest.fixture
def visitor(open_chat: Any, site: Any) -> Any:
    with open_chat(None) as chat:
        yield chat
        assert chat.page.errors == chat.expected


def real_password(user: Any) -> Any:
    """As the web process makes it: the tests' own hashes are quick."""
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "garam", iterations=1000)
    user.save()
    return user


def enter(chat: Chat, name: str, password: str) -> None:
    chat.page.click("#user")
    chat.page.run("document.querySelector('#user').select()")
    chat.page.type(name)
    chat.page.click("#password")
    chat.page.type(password)
    chat.page.press("Enter")


def test_signing_in_and_out(visitor: Chat, owner: Any) -> None:
    """Whoever wanted to go somewhere comes there."""
    real_password(owner)
    visitor.page.go("/settings")
    assert visitor.page.run("location.pathname + location.search") == "/login?next=/settings"
    enter(visitor, "ana", "salah")
    visitor.page.until("document.querySelector('#error')")
    assert visitor.page.text("#error") == "The user name or the password is wrong."
    assert visitor.page.run("document.querySelector('#user').value") == "ana"
    visitor.page.until("document.activeElement.id === 'password'")
    enter(visitor, "ana", PASSWORD)
    visitor.page.until("location.pathname === '/settings' && document.body.dataset.begun")
    visitor.begin()
    visitor.click("Sign out ana")
    visitor.page.until("location.pathname === '/login'")
    visitor.page.go("/")
    assert visitor.page.run("location.pathname") == "/login"
    visitor.error("403")


def test_administrators_find_the_administration(owner: Any, http: Any) -> None:
    link = b'href="/admin/"'
    assert link not in http.get("/").content
    owner.is_staff = True
    owner.save()
    assert link in http.get("/").content


def test_settings(open_chat: Any, owner: Any) -> None:
    with open_chat(owner) as chat:
        chat.begin("/settings")
        page = chat.page
        page.click("input[name=theme][value=dark]")
        page.until("document.documentElement.dataset.theme === 'dark'")
        assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
        page.run(
            """(s => { s.value = 'ko'; s.dispatchEvent(new Event('change', {bubbles: true})) })(
                document.querySelector('#interface'))"""
        )
        page.until("document.documentElement.lang === 'ko' && document.body.dataset.begun")
        assert page.text("h1") == "설정"
        assert page.run("document.documentElement.dataset.theme") == "dark"
        page.click("#key-name")
        page.type("alat")
        page.press("Enter")
        secret = page.text(".secret-key code")
        assert secret.startswith("rantau-")
        assert (
            page.run(f"fetch('/v1/models', {{headers: {{Authorization: 'Bearer {secret}'}}}}).then(r => r.status)")
            == 200
        )
        page.look(width=390)
        revoke = "document.querySelector('#key-list button').getBoundingClientRect().right"
        page.until(f"{revoke} <= innerWidth")  # nobody has to push the table for it
        page.look(width=1280)
        chat.click("alat 폐기")
        chat.click("폐기", "dialog")
        page.until("!document.querySelector('#key-list table')")
        assert owner.api_keys.get().revoked is not None


def test_what_is_chosen_one_after_the_other_is_kept(open_chat: Any, owner: Any) -> None:
    """The page comes in another language once all that was chosen before is kept."""
    with open_chat(owner) as chat:
        chat.begin("/settings")
        chat.page.run("""(real => {
          window.patched = [];
          window.fetch = async (address, how) => {
            if (how?.method !== 'PATCH') return real(address, how);
            patched.push(how.body);
            if (how.body.includes('dark')) await new Promise(done => (window.goOn = done));
            return real(address, how);
          };
        })(window.fetch.bind(window))""")
        for theme in ("dark", "light"):
            chat.page.click(f"input[name=theme][value={theme}]")
        chat.page.run(
            """(s => { s.value = 'ko'; s.dispatchEvent(new Event('change', {bubbles: true})) })(
                document.querySelector('#interface'))"""
        )
        assert chat.page.run("patched") == ['{"theme":"dark"}']
        chat.page.run("window.goOn()")
        chat.page.until("document.documentElement.lang === 'ko' && document.body.dataset.begun")
        assert chat.page.run("document.documentElement.dataset.theme") == "light"
        owner.preference.refresh_from_db()
        assert (owner.preference.interface, owner.preference.theme) == ("ko", "light")


def test_ones_data_can_be_taken_along_brought_back_and_erased(chat: Chat, owner: Any) -> None:
    from rantau.web.records.models import Talk

    chat.ask("Apa itu hujan?")
    file = chat.page.run(
        "fetch(`/api${location.pathname.replace('talk', 'talks')}/export?format=json`).then(r => r.text())"
    )
    chat.begin("/settings")
    assert chat.page.run("fetch('/api/me/export').then(r => r.json()).then(all => all.talks.length)") == 1
    chat.choose(file)
    chat.told("#data-said", "The talk was imported.")
    assert chat.page.text("#data-said a") == "Apa itu hujan?"
    assert Talk.objects.filter(owner=owner).count() == 2
    chat.click("Delete everything")
    chat.click("Delete everything", "dialog")
    chat.told("#data-said", "Your data was deleted.")
    assert not Talk.objects.filter(owner=owner).exists()


def test_a_password_is_changed(open_chat: Any, owner: Any) -> None:
    with open_chat(real_password(owner)) as chat:
        chat.begin("/settings")
        chat.page.click("#old")
        chat.page.type(PASSWORD)
        chat.page.click("#fresh")
        chat.page.type("kopi-hitam-pahit-3")
        chat.page.press("Enter")
        chat.toasted("The password was changed.")
        owner.refresh_from_db()
        assert PBKDF2PasswordHasher().verify("kopi-hitam-pahit-3", owner.password)


def leave(chat: Chat, password: str | None) -> None:
    """Fills in the window that asks whether the account is to be deleted, and says yes."""
    chat.begin("/settings")
    chat.click("Delete the account…")
    if password is not None:
        chat.page.click("#account-password")
        chat.page.type(password)
    chat.page.click("#account-sure")
    chat.click("Delete my account for good", "dialog")


def test_an_account_goes_for_good(open_chat: Any, owner: Any) -> None:
    """Neither an unticked box nor a wrong password deletes anything."""
    from django.contrib.auth import get_user_model

    from rantau.web.records.models import Talk

    Talk.objects.create(owner=real_password(owner), title="x")
    with open_chat(owner) as chat:
        chat.begin("/settings")
        chat.click("Delete the account…")
        chat.page.click("#account-password")
        chat.page.type("salah")
        chat.page.press("Enter")
        assert chat.page.run("document.querySelector('#account-sure:invalid') !== null")
        chat.page.click("#account-sure")
        chat.click("Delete my account for good", "dialog")
        chat.told("dialog [role=alert]", "The password is wrong.")
        assert get_user_model().objects.filter(username="ana").exists()
        assert chat.page.run("document.activeElement.id") == "account-password"
        chat.page.type(PASSWORD)
        chat.page.press("Enter")
        chat.told("#main", "Your account is deleted.")
        assert not get_user_model().objects.exists()
        assert not Talk.objects.exists()
        chat.click("Sign in")
        chat.page.until("location.pathname === '/login' && document.querySelector('#user')")
        chat.error("403")


def test_the_last_administrator_stays(open_chat: Any, owner: Any) -> None:
    owner.is_staff = owner.is_superuser = True
    with open_chat(real_password(owner)) as chat:
        leave(chat, PASSWORD)
        chat.told("dialog [role=alert]", "the only administrator")
        chat.error("409")


def test_who_has_no_password_is_asked_for_none(open_chat: Any, owner: Any) -> None:
    from django.contrib.auth import get_user_model

    owner.set_unusable_password()
    owner.save()
    with open_chat(owner) as chat:
        leave(chat, None)
        chat.told("#main", "Your account is deleted.")
        assert not get_user_model().objects.exists()


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "evil"]
)
def test_signing_in_leads_nowhere_else(owner: Any, wanted: str) -> None:
    client = Client()
    answer = client.post("/login", {"user": "ana", "password": PASSWORD, "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_form_of_another_page_is_refused(owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login", {"user": "ana", "password": PASSWORD})
    assert answer.status_code == 403
    assert "too old" in answer.content.decode()


@pytest.mark.parametrize("address", ["/", "/talk/11111111-1111-4111-8111-111111111111", "/arena", "/settings"])
def test_pages_need_an_account_and_are_not_kept(http: Client, http_anonymous: Client, address: str) -> None:
    refused = http_anonymous.get(address)
    assert (refused.status_code, refused["Location"]) == (302, f"/login?next={address}")
    shown = http.get(address)
    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    assert "require-trusted-types-for 'script'" in shown["Content-Security-Policy"]
    assert http.post(address).status_code == 405


@pytest.mark.parametrize("language", words.NAMES)
def test_words_are_kept_as_long_as_they_are_the_same(http_anonymous: Client, language: str) -> None:
    told = http_anonymous.get(words.address(language))
    assert told.json() == words.catalogue(language)
    assert "immutable" in told["Cache-Control"]
    assert http_anonymous.get(f"/words/{language}.json?v=old")["Cache-Control"] == "no-cache"


def test_there_are_no_other_words(http_anonymous: Client) -> None:
    assert http_anonymous.get("/words/xx.json").status_code == 404
    assert http_anonymous.get("/words/../settings.json").status_code in (302, 404)


def test_one_person_alone_signs_in_nowhere(site_with: Any) -> None:
    site_with(single_user=True)
    shown = Client().get("/").content.decode()
    assert "/logout" not in shown
    assert 'name="rantau-people" content="one"' in shown
    assert "delete-account" not in Client().get("/settings").content.decode()
    assert "This machine" in Client().get("/settings").content.decode()


def test_logs_are_named_to_whoever_runs_the_chat(http: Client, owner: Any, site_with: Any) -> None:
    log = Path(site_with().folder) / "logs" / "worker-1.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("out of memory")
    try:
        assert http.get("/api/me").json()["logs"] is None
        owner.is_staff = True
        owner.save()
        assert http.get("/api/me").json()["logs"] == [str(log)]
        site_with(single_user=True)
        assert Client().get("/api/me").json()["logs"] == [str(log)]
    finally:
        log.unlink()


def test_every_file_that_a_page_names_is_there(http: Client) -> None:
    shown = http.get("/").content.decode()
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', shown)
    assert len(files) > 30
    for file in files:
        answer = http.get(file)
        assert answer.status_code == 200, file
        assert "immutable" in answer["Cache-Control"]


def test_a_text_that_differs_is_counted_for_its_owner_only(
    http: Client, http_stranger: Client, owner: Any
) -> None:
    from rantau.web.health.counts import counted
    from tests.web.running import asked

    address = f"/api/generations/{asked(owner).id}/mismatch"
    before = counted["text_mismatch", ""]
    assert http_stranger.post(address, {}, "application/json").status_code == 404
    assert http.post(address, {}, "application/json").status_code == 200
    assert counted["text_mismatch", ""] == before + 1
