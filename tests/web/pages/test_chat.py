"""The chat in a real browser: every action on an answer and on a talk."""

from __future__ import annotations

from typing import Any

from tests.browser import SHIFT
from tests.web.pages.chat import PHASE, Chat
from tests.web.pages.teller import PLAIN, RICH, Teller


def messages(chat: Chat, role: str = "assistant") -> list[Any]:
    return list(chat.talk().messages.filter(role=role).order_by("created"))


def test_a_message_is_answered_and_kept(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    assert chat.questions() == ["Apa itu hujan?"]
    assert chat.answers() == [PLAIN]
    [answer] = messages(chat)
    assert (answer.text, answer.state) == (PLAIN, "done")
    assert chat.page.text("#title") == "Apa itu hujan?"
    usage = chat.page.text(".usage")
    for part in ("16 tokens", "12 tokens read", "tokens/s", "first after", "revision aa"):
        assert part in usage


def test_what_was_said_is_there_after_a_reload(chat: Chat) -> None:
    chat.ask("Jelaskan #rich")
    address, shown = chat.page.run("location.pathname"), chat.page.run("document.querySelector('.said').outerHTML")
    assert "<table " in shown
    chat.begin(address)
    chat.saved()
    assert chat.page.run("document.querySelector('.said').outerHTML") == shown
    assert messages(chat)[0].text == RICH


def test_enter_sends_but_not_while_a_word_is_composed(chat: Chat) -> None:
    page = chat.page
    page.click("#text")
    page.send("Input.imeSetComposition", text="한", selectionStart=1, selectionEnd=1)
    page.run("""document.querySelector('#text').dispatchEvent(
        new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))""")
    assert chat.questions() == []
    page.send("Input.insertText", text="한")
    page.press("Enter", SHIFT)
    page.type("b")
    assert page.run("document.querySelector('#text').value") == "한\nb"
    page.press("Enter")
    chat.saved()
    assert chat.questions() == ["한\nb"]


def test_stop_while_it_is_written_keeps_what_was_said(chat: Chat, teller: Teller) -> None:
    teller.held = 3
    chat.send("Apa itu hujan?")
    chat.page.until("document.querySelector('.said')?.innerText === 'Tentu. Hujan adalah'")
    chat.page.click("#send")
    chat.saved()
    assert messages(chat)[0].state == "stopped"
    assert chat.answers() == [messages(chat)[0].text] == ["Tentu. Hujan adalah"]
    assert "You stopped this answer." in chat.page.text(".answer")


def test_stop_says_so_until_the_end_is_there(chat: Chat, teller: Teller) -> None:
    teller.held = 2
    chat.send("Apa itu hujan?")
    chat.page.until("document.querySelector('.said').innerText.startsWith('Tentu. Hujan')")
    chat.page.block("*/stop")
    chat.page.click("#send")
    chat.page.until(f"{PHASE} === 'stopping' && document.querySelector('#send').disabled")
    assert chat.page.text("#send") == "Stopping…"
    chat.page.block()
    chat.saved()
    assert messages(chat)[0].state == "stopped"


def test_stop_before_anybody_has_the_message(chat: Chat) -> None:
    """Between the click and the server's word for it, too: it is stopped as soon as it is known."""
    chat.page.block("*/messages")
    chat.send("Apa itu hujan? #long")
    chat.page.until(f"{PHASE} === 'sending'")
    chat.page.click("#send")
    chat.page.until(f"{PHASE} === 'stopping'")
    chat.page.block()
    chat.saved()
    assert messages(chat)[0].state in ("stopped", "done")
    assert len(messages(chat, "user")) == 1
    chat.expected = list(chat.page.errors)


def test_another_answer_stands_beside_the_first(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    chat.click("Answer again", ".answer")
    chat.page.until("document.querySelector('.versions')?.innerText.includes('2 of 2')")
    chat.saved()
    chat.click("Previous version", ".answer")
    assert "1 of 2" in chat.page.text(".versions")
    assert len(messages(chat)) == 2
    assert len({m.parent_id for m in messages(chat)}) == 1


def test_an_edited_message_begins_a_branch(chat: Chat) -> None:
    chat.ask("satu")
    chat.ask("dua")
    chat.page.run("document.querySelectorAll('[aria-label=\"Edit the message\"]')[0].click()")
    chat.page.type(" baru")
    chat.click("Send as a new branch")
    chat.page.until("document.querySelector('.asked').innerText === 'satu baru'")
    chat.saved()
    assert chat.questions() == ["satu baru"]
    chat.click("Previous version", ".question")
    chat.page.until("document.querySelectorAll('.asked').length === 2")
    assert chat.questions() == ["satu", "dua"]
    assert [m.text for m in messages(chat, "user") if m.parent is None] == ["satu", "satu baru"]


def test_an_answer_that_was_cut_goes_on(chat: Chat) -> None:
    chat.page.click("#tune")
    chat.page.run("document.querySelector('#panel-max_tokens').value = 4")
    chat.click("Apply")
    chat.ask("Apa itu hujan?")
    assert "The answer reached the length limit." in chat.page.text(".answer")
    chat.click("Continue", ".answer")
    chat.page.until("document.querySelector('.versions')?.innerText.includes('2 of 2')")
    chat.saved()
    first, second = messages(chat)
    assert (second.beginning, second.text) == (first.text, "Tentu. Hujan adalah air yang turun dari awan,")
    assert chat.answers() == [second.text]


def test_a_refusal_tells_why_and_offers_what_helps(chat: Chat, teller: Teller) -> None:
    chat.ask("#refuse")
    note = chat.page.text(".failure")
    assert "too long" in note
    assert "Try again" not in note
    chat.page.click("#new")
    chat.ask("baik")
    assert chat.answers() == [PLAIN]


def test_a_text_beyond_the_limit_is_counted_and_not_sent(chat: Chat) -> None:
    chat.page.click("#text")
    chat.page.send("Input.insertText", text="a" * 16_001)
    assert chat.page.text("#count span") == "16,001 / 16,000"
    assert chat.page.run("document.querySelector('#send').disabled")
    chat.page.press("Enter")
    assert chat.questions() == []


def test_thumbs_with_reasons(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    chat.click("Bad answer")
    chat.click("Fluent language", ".judge")
    chat.click("Send", ".judge")
    chat.page.until("!document.querySelector('.judge')")
    [feedback] = messages(chat)[0].feedback.all()
    assert (feedback.value, feedback.reasons) == (-1, ["fluency"])
    assert chat.page.run("document.querySelector('[aria-label=\"Bad answer\"]').ariaPressed") == "true"
    chat.click("Bad answer")
    chat.page.until("document.querySelector('[aria-label=\"Bad answer\"]').ariaPressed === 'false'")
    assert not messages(chat)[0].feedback.exists()


def test_talks_are_found_renamed_deleted_and_restored(chat: Chat) -> None:
    chat.ask("tentang kopi")
    chat.page.click("#new")
    chat.ask("tentang jamu")
    listed = "[...document.querySelectorAll('.talk bdi')].map(e => e.innerText).join()"
    chat.page.until(f"{listed} === 'tentang jamu,tentang kopi'")
    chat.page.click("#seek")
    chat.page.type("kopi #rich")
    chat.page.until("document.querySelector('.talks .empty')")
    chat.page.run("document.querySelector('#seek').value = ''")
    chat.page.type("jamu")
    chat.page.until(f"{listed} === 'tentang jamu'")
    chat.click("Actions for “tentang jamu”")
    chat.click("Rename")
    chat.page.run("document.querySelector('#dialog-text').select()")
    chat.page.type("Jamu Jawa")
    chat.page.press("Enter")
    chat.page.until("document.querySelector('#title').innerText === 'Jamu Jawa'")
    chat.click("Actions for “Jamu Jawa”")
    chat.click("Delete")
    chat.click("Delete", "dialog")
    chat.page.until("location.pathname === '/'")
    chat.click("Undo")
    chat.page.until(f"{listed} === 'Jamu Jawa'")


def test_a_list_that_is_under_way_brings_no_old_name_back(chat: Chat) -> None:
    """It was read before the name was changed, and comes after it."""
    chat.ask("tentang jamu")
    chat.page.run("""(real => {
      window.came = [];
      window.fetch = async (address, how) => {
        const answer = await real(address, how);
        if (!address.startsWith('/api/talks?')) return answer;
        const isFirst = !window.goOn;
        if (isFirst) await new Promise(done => (window.goOn = done));
        window.came.push(isFirst);
        return answer;
      };
    })(window.fetch.bind(window))""")
    chat.page.run("document.querySelector('#seek').dispatchEvent(new Event('input'))")
    chat.page.until("!!window.goOn")
    chat.click("Actions for this talk")
    chat.click("Rename")
    chat.page.run("document.querySelector('#dialog-text').select()")
    chat.page.type("Jamu Jawa")
    chat.page.press("Enter")
    chat.page.until("window.came.length")
    chat.page.run("window.goOn()")
    chat.page.until("window.came.includes(true)")
    assert chat.page.text(".talk bdi") == "Jamu Jawa"


def test_the_settings_of_a_talk(chat: Chat) -> None:
    chat.page.click("#tune")
    chat.page.until("document.activeElement.id === 'panel-system'")
    chat.page.type("Jawab singkat.")
    chat.page.run("document.querySelector('#panel-temperature').value = 0.2")
    chat.click("Apply")
    chat.ask("Apa itu hujan?")
    assert chat.talk().system_prompt == "Jawab singkat."
    assert chat.talk().wish == {"temperature": 0.2}
    assert chat.page.run("document.querySelector('#tune').hasAttribute('data-changed')")
    chat.page.click("#tune")
    chat.click("Reset")
    chat.click("Apply")
    chat.page.until("!document.querySelector('#tune').hasAttribute('data-changed')")
    assert chat.talk().wish == {}


def test_what_the_engine_cannot_grant_is_not_offered(chat: Chat) -> None:
    from rantau.web.records.models import Talk

    chat.ask("Apa itu hujan?")
    Talk.objects.update(wish={"seed": 3})  # of another engine, before
    chat.pretend(cannot=["repetition_penalty", "seed"])
    chat.begin(chat.page.run("location.pathname"))
    assert not chat.page.run("document.querySelector('#tune').hasAttribute('data-changed')")
    chat.page.click("#tune")
    assert chat.page.text("#panel-cannot").endswith("does not offer: Repetition penalty and Seed.")
    names = chat.page.run("[...document.querySelectorAll('.panel [id]:is(input, textarea)')].map(e => e.id)")
    assert names == [f"panel-{n}" for n in ("system", "temperature", "top_p", "max_tokens", "top_k", "stop")]
    chat.page.run("document.querySelector('#panel-temperature').value = 0.2")
    chat.click("Apply")
    chat.page.until("document.querySelector('#tune').hasAttribute('data-changed')")
    assert chat.talk().wish == {"temperature": 0.2}


def test_the_model_can_be_chosen(chat: Chat) -> None:
    chat.page.run("""(s => { s.value = 'demo-base'; s.dispatchEvent(new Event('change')) })(
        document.querySelector('#model'))""")
    chat.ask("Apa itu hujan?")
    assert messages(chat)[0].model == "demo-base"
    assert chat.page.text(".answer .who") == "Base"


def test_a_link_shows_the_talk_to_others(chat: Chat, open_chat: Any) -> None:
    chat.ask("Jelaskan #rich")
    chat.click("Actions for this talk")
    chat.click("Share a link")
    link = chat.page.until("document.querySelector('#share-link')?.value")
    with open_chat(None, apart=True) as other:
        other.begin(link.removeprefix(other.page.home))
        assert other.page.text("#title") == "Jelaskan #rich"
        assert "Hujan terbentuk" in other.answers()[0]
        assert other.page.run("document.querySelector('table') && !document.querySelector('textarea')")
        assert other.page.errors == []
    chat.click("Revoke links")
    chat.page.until("!document.querySelector('dialog')")
    with open_chat(None, apart=True) as other:
        other.page.go(link.removeprefix(other.page.home))
        assert "There is nothing here." in other.page.text("main")


def test_the_list_stays_when_a_talk_cannot_be_opened(chat: Chat) -> None:
    chat.begin("/talk/11111111-1111-4111-8111-111111111111")
    chat.told("#notice", "not yours")
    chat.error("404")


def test_code_is_copied(chat: Chat) -> None:
    chat.page.allow("clipboardReadWrite", "clipboardSanitizedWrite")
    chat.ask("#code")
    chat.click("Copy", ".code")
    assert chat.page.until("navigator.clipboard.readText()") == "let a = 1;"
