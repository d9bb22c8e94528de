"""Asking, with everything that may come in between: nothing typed is lost, nothing is asked twice by accident."""

from __future__ import annotations

from tests.web.pages.chat import PHASE, Chat
from tests.web.pages.teller import PLAIN, Teller

TYPED = "document.querySelector('#text').value"
EDIT = "document.querySelectorAll('[aria-label=\"Edit the message\"]')[0].click()"


def edit(chat: Chat, more: str) -> None:
    chat.page.run(EDIT)
    chat.page.type(more)
    chat.click("Send as a new branch")


def test_an_edit_leaves_what_is_being_written(chat: Chat) -> None:
    chat.ask("satu")
    chat.page.click("#text")
    chat.page.type("draf saya")
    edit(chat, " baru")
    chat.page.until("document.querySelector('.asked').innerText === 'satu baru'")
    chat.saved()
    assert chat.page.run(TYPED) == "draf saya"


def test_on_a_touch_screen_enter_is_a_new_line(chat: Chat) -> None:
    """Where one writes and where one changes what was written."""
    chat.ask("satu")
    chat.page.send("Emulation.setTouchEmulationEnabled", enabled=True)
    chat.page.until("matchMedia('(pointer: coarse)').matches")
    for field in ("#text", ".edit textarea"):
        if field != "#text":
            chat.page.run(EDIT)
        chat.page.run(f"document.querySelector('{field}').focus()")
        chat.page.type("a")
        chat.page.press("Enter")
        assert chat.page.run(f"document.querySelector('{field}').value").endswith("a\n")
    assert chat.talk().messages.count() == 2


def test_an_edit_that_was_refused_is_tried_again_in_its_place(chat: Chat) -> None:
    chat.ask("satu")
    chat.ask("dua")
    refuse_once(chat, "rate_limited", 429)
    edit(chat, " baru")
    chat.told("#notice", "too fast")
    assert chat.page.run(TYPED) == "satu baru"
    chat.click("Try again", "#notice")
    chat.page.until("document.querySelector('.asked').innerText === 'satu baru'")
    chat.saved()
    assert chat.questions() == ["satu baru"]
    assert chat.page.run(TYPED) == ""


def refuse_once(chat: Chat, code: str, status: int) -> None:
    """The next message, by the page's own fetch: the server hears nothing of it."""
    chat.page.run(f"""(real => {{
      window.fetch = async (address, how) => {{
        if (how?.method !== 'POST' || !address.endsWith('/messages')) return real(address, how);
        window.fetch = real;
        const said = {{ error: {{ code: '{code}', message: 'no', retry_s: 1 }} }};
        return new Response(JSON.stringify(said), {{ status: {status} }});
      }};
    }})(window.fetch.bind(window))""")


def test_a_proxy_that_is_too_busy_is_asked_again(chat: Chat) -> None:
    """It says 503 with a page of its own, which is no word of the server's."""
    chat.page.run("""(real => {
      window.fetch = async (address, how) => {
        if (how?.method !== 'POST' || !address.endsWith('/messages')) return real(address, how);
        window.fetch = real;
        return new Response('<html>503 Service Temporarily Unavailable</html>', { status: 503 });
      };
    })(window.fetch.bind(window))""")
    chat.ask("satu")
    assert (chat.questions(), chat.answers()) == (["satu"], [PLAIN])


def test_what_the_server_may_have_heard_is_said_under_the_same_name(chat: Chat) -> None:
    """Its database did not answer in time: nobody knows whether the message is kept."""
    refuse_once(chat, "unavailable", 503)
    chat.send("satu")
    chat.told("#notice", "at the moment")
    assert chat.questions() == ["satu"]
    assert chat.page.text(".question .state") == "Not delivered yet"
    assert chat.page.run("document.querySelector('#badge').dataset.state") == "reconnecting"
    assert chat.page.run("JSON.parse(sessionStorage.getItem('rantau:outbox')).length") == 1
    chat.click("Try again", "#notice")
    chat.saved()
    assert chat.answers() == [PLAIN]


def test_what_nobody_knows_of_can_be_taken_back(chat: Chat) -> None:
    """Closing the note leaves no message behind that is never sent; unchanged it keeps its name."""
    chat.ask("satu")
    refuse_once(chat, "unavailable", 503)
    chat.send("dua")
    chat.told("#notice", "at the moment")
    name = chat.page.run("JSON.parse(sessionStorage.getItem('rantau:outbox'))[0].client_id")
    chat.click("Close", "#notice")
    assert (chat.questions(), chat.page.run(TYPED), chat.page.run(PHASE)) == (["satu"], "dua", "idle")
    chat.page.press("Enter")
    chat.page.until("document.querySelectorAll('.answer .said').length === 2")
    chat.saved()
    assert chat.talk().messages.get(text="dua").client_id == name


def test_an_answer_is_asked_for_once_however_often_it_is_pressed(chat: Chat) -> None:
    chat.ask("satu")
    chat.page.run("(b => { b.click(); b.click(); })(document.querySelector('[aria-label=\"Answer again\"]'))")
    chat.page.until("document.querySelector('.versions')?.innerText.includes('of 2')")
    chat.saved()
    assert chat.talk().messages.filter(role="assistant").count() == 2


def test_a_talk_that_was_left_before_it_was_made(chat: Chat) -> None:
    """The page stays with what was opened meanwhile, and the message is answered where it was asked."""
    chat.hold("/api/talks")
    chat.send("satu")
    chat.page.until("!!window.goOn")
    chat.page.click("#new")
    chat.page.until("!document.querySelector('.asked')")
    chat.page.run("window.goOn()")
    chat.page.until("document.querySelectorAll('.talk').length === 1")
    assert chat.page.run("location.pathname") == "/"
    assert chat.questions() == []
    assert chat.page.run(TYPED) == ""
    chat.page.click(".talk a")
    chat.page.until("document.querySelector('.asked')?.innerText === 'satu'")
    chat.saved()
    assert chat.answers() == [PLAIN]


def test_a_stop_that_was_not_heard_can_be_said_again(chat: Chat, teller: Teller) -> None:
    teller.held = 2
    chat.send("Apa itu hujan?")
    chat.page.until("document.querySelector('.said')?.innerText === 'Tentu. Hujan'")
    chat.page.run("""(real => {
      window.fetch = async (address, how) => {
        if (!address.endsWith('/stop')) return real(address, how);
        window.fetch = real;
        return new Response('{"error":{"code":"unavailable","message":"no"}}', { status: 503 });
      };
    })(window.fetch.bind(window))""")
    chat.page.run("document.querySelector('#send').focus()")
    chat.page.press("Enter")
    chat.toasted("at the moment")
    chat.page.until(f"{PHASE} === 'answering'")
    assert chat.page.run("document.activeElement.id") == "text"
    chat.page.click("#send")
    chat.saved()
    assert chat.talk().messages.get(role="assistant").state == "stopped"


def test_the_button_knows_the_draft_of_the_talk_that_is_opened(chat: Chat) -> None:
    """Nothing is written in a new talk, whatever waits in the one before; and back there it can be sent."""
    chat.ask("satu")
    chat.page.click("#text")
    chat.page.type("draf")
    chat.page.click("#new")
    chat.page.until("location.pathname === '/'")
    assert chat.page.run(f"[{TYPED}, document.querySelector('#send').disabled]") == ["", True]
    chat.page.click(".talk a")
    chat.page.until(f"{TYPED} === 'draf'")
    assert not chat.page.run("document.querySelector('#send').disabled")
