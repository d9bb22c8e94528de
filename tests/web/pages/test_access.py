"""Without a mouse and without eyes: everything by key, a focus that is seen, words that are spoken."""

from __future__ import annotations

from typing import Any

from tests.browser import SHIFT
from tests.web.pages.chat import Chat
from tests.web.pages.teller import PLAIN, Teller

FOCUS = "(e => e.id || e.getAttribute('aria-label') || e.textContent.trim() || e.tagName)(document.activeElement)"
SEEN = """(() => {
  const shows = each => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  };
  const focused = document.activeElement;
  const card = focused.closest('.composer');
  return shows(focused) || shows(focused.closest('label') ?? focused)
    || (card !== null && getComputedStyle(card).boxShadow !== 'none');
})()"""


def to_the_top(chat: Chat) -> None:
    """Nothing has the focus, and Tab begins at the first element."""
    chat.page.run(
        "document.activeElement.blur(); document.querySelector('.skip').focus(); document.activeElement.blur()"
    )
    chat.page.run("getSelection().collapse(document.body, 0)")


def walk(chat: Chat, most: int = 60) -> list[str]:
    """Names of what Tab comes to, from the top of the page on; each shows that it has the focus."""
    to_the_top(chat)
    names: list[str] = []
    for _ in range(most):
        chat.page.press("Tab")
        name = chat.page.run(FOCUS)
        if name in names or chat.page.run("document.activeElement === document.body"):
            break
        assert chat.page.run(SEEN), f"{name} does not show the focus"
        names.append(name)
    return names


def test_everything_can_be_reached_by_key(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    names = walk(chat)
    assert names[0] in ("Skip to the message field", "rantau")
    for name in ("rantau", "new", "seek", "Apa itu hujan?", "Actions for “Apa itu hujan?”", "Arena results",
                 "Settings", "Sign out ana", "Actions for this talk", "Copy the message", "Edit the message",
                 "Copy the answer",
                 "Answer again", "Good answer", "Bad answer", "tune", "model"):  # fmt: skip
        assert name in names or name.replace(" ana", "") in " ".join(names), (name, names)


def test_a_talk_by_key_alone(chat: Chat) -> None:
    page = chat.page
    to_the_top(chat)
    page.press("Tab")
    page.press("Enter")
    page.until("document.activeElement.id === 'text'")
    page.type("Apa itu hujan?")
    page.press("Enter")
    chat.saved()
    assert chat.answers() == [PLAIN]
    assert page.run("document.activeElement.id") == "text"
    while page.run(FOCUS) != "Bad answer":
        page.press("Tab", SHIFT)
    page.press("Enter")
    page.until("document.querySelector('.judge')")
    assert page.run(FOCUS) == "Bad answer"  # the row was drawn anew, and the focus is where it was
    page.press("Tab")
    assert page.run(FOCUS) == "Fluent language"


def test_menus_and_windows_give_the_focus_back(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    page = chat.page
    page.run("document.querySelector('#talk-menu button').focus()")
    page.press("Enter")
    page.until("document.querySelector('.menu')")
    assert page.run(FOCUS) == "Rename"
    page.press("ArrowDown")
    assert page.run(FOCUS) == "Share a link"
    page.press("ArrowUp")
    page.press("ArrowUp")
    assert page.run(FOCUS) == "Delete"
    page.press("Escape")
    assert page.run(FOCUS) == "Actions for this talk"
    page.press("Enter")
    page.press("Enter")
    page.until("document.activeElement.id === 'dialog-text'")
    page.press("Escape")
    page.until("!document.querySelector('dialog')")
    assert page.run(FOCUS) == "Actions for this talk"
    page.run("document.querySelector('#tune').focus()")
    page.press("Enter")
    page.until("document.activeElement.id === 'panel-system'")
    page.press("Escape")
    page.until("document.activeElement.id === 'tune'")


def test_who_goes_on_before_a_window_has_closed_keeps_the_focus(chat: Chat) -> None:
    """A window says that it is closed a little after it has closed."""
    chat.page.click("#tune")
    chat.page.until("document.querySelector('#panel-system')")
    chat.page.run("""new Promise(closed => {
      const dialog = document.querySelector('dialog');
      dialog.addEventListener('close', () => setTimeout(closed));
      dialog.close();
      document.querySelector('#text').focus();
    })""")
    assert chat.page.run(FOCUS) == "text"


def test_who_goes_on_before_a_talk_has_come_keeps_the_focus(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    talk = chat.page.run("location.pathname")
    chat.page.click("#new")
    chat.page.until("document.activeElement.id === 'text'")
    chat.page.block(f"*/api{talk.replace('/talk/', '/talks/')}")
    chat.page.click(f"a[href='{talk}']")
    chat.page.until("document.querySelector('#badge').dataset.state === 'reconnecting'")
    chat.page.click("#seek")
    chat.page.block()
    chat.page.until("document.querySelector('.answer')")
    chat.saved()
    assert chat.answers() == [PLAIN]
    assert chat.page.run(FOCUS) == "seek"
    chat.page.errors.clear()


def test_an_answer_is_spoken_in_sentences(chat: Chat, teller: Teller) -> None:
    chat.page.run("""(() => {
      window.spoken = [];
      new MutationObserver(() => spoken.push(document.querySelector('#aloud').textContent))
        .observe(document.querySelector('#aloud'), { childList: true, characterData: true, subtree: true });
    })()""")
    teller.pause_s = 0.02
    chat.ask("Apa itu hujan?")
    spoken = [text for text in chat.page.run("spoken") if text]
    assert len(spoken) <= 3
    assert " ".join(spoken) == PLAIN
    assert chat.page.run("document.querySelector('#aloud').getAttribute('aria-live')") == "polite"


def test_the_tree_tells_what_is_where(chat: Chat) -> None:
    chat.ask("Apa itu hujan?")
    nodes = chat.page.accessible()
    roles = {(n["role"], n["name"]) for n in nodes}
    for node in (("main", "Conversation"), ("complementary", "Talks and pages"), ("navigation", "Talks"),
                 ("search", ""), ("heading", "You"), ("heading", "Demo"), ("textbox", "Message"),
                 ("button", "Send"), ("link", "Apa itu hujan?"), ("log", "")):  # fmt: skip
        assert node in roles, node
    current: Any = [n for n in nodes if n["role"] == "link" and n["name"] == "Apa itu hujan?"]
    assert chat.page.run("document.querySelector('.talk a[aria-current=page]') !== null")
    assert len(current) == 1


def test_nothing_moves_for_whoever_does_not_want_it(chat: Chat, teller: Teller) -> None:
    teller.held = 3
    chat.send("Apa itu hujan?")
    chat.page.until("document.querySelector('.said')?.innerText.length > 5")
    moving = "document.getAnimations().filter(a => a.playState === 'running').length"
    assert chat.page.run(moving) == 0
    chat.page.look(width=1280, still=False)
    assert chat.page.run(moving) > 0
    teller.held = None
    chat.saved()
