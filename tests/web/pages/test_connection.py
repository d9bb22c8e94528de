"""The client's connection by itself: which way it takes, how long it waits, what it asks for again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import Browser
from tests.web.pages.looking import script
from tests.web.running import Web


@pytest.fixture
def page(chromium: Browser, pages_web: Web) -> Iterator[Browser]:
    opened = chromium.tab(pages_web.url)
    opened.send("Network.clearBrowserCookies")  # who is signed in is led on from there
    opened.go("/login")
    assert opened.run(script("connection"))
    yield opened
    opened.close()
    assert opened.errors == []


def run(page: Browser, source: str) -> Any:
    names = "told, install, pause, later, follower, Stream, Log, greets, gone, frame"
    return page.run(f"(async () => {{ const {{ {names} }} = real; {source} }})()")


def test_ways_and_waits(page: Browser) -> None:
    """Two failures of a way, then the next one; waits of 0.5 to 10 s that grow, never twice the same."""
    made, waits, states = run(page, """
      const states = [];
      install();
      new Stream({ onState: state => states.push(state) }).follow('g', follower());
      while (told.waits.length < 12) await pause(5);
      return [told.made.slice(0, 8), told.waits, states];
    """)  # fmt: skip
    assert made == ["socket", "socket", "events", "events", "poll", "poll", "socket", "socket"]
    assert all(500 <= ms <= 10_000 for ms in waits)
    assert waits[0] < 750.001
    assert waits[1] > 999
    assert min(waits[5:]) >= 9999
    assert len(set(waits[:4])) == 4
    assert states == ["reconnecting"]


@pytest.mark.parametrize("event", ["online", "visibilitychange"])
def test_it_connects_at_once_when_there_is_reason_to(page: Browser, event: str) -> None:
    target = "window" if event == "online" else "document"
    before, after = run(page, f"""
      install({{ fast: false }});
      new Stream().follow('g', follower());
      while (!told.waits.length) await pause(5);
      const before = told.made.length;
      {target}.dispatchEvent(new Event('{event}'));
      return [before, told.made.length];
    """)  # fmt: skip
    assert (before, after) == (1, 2)


@pytest.mark.parametrize("code, state", [(4401, "signed_out"), (4409, "outdated")])
def test_some_ends_are_for_good(page: Browser, code: int, state: str) -> None:
    told = run(page, f"""
      const states = [];
      window.closing = {code};
      install();
      new Stream({{ onState: each => states.push(each) }}).follow('g', follower());
      await pause(60);
      return [told.made, states.at(-1), told.waits];
    """)  # fmt: skip
    assert told == [["socket"], state, []]


def test_entries_are_taken_once_and_in_order(page: Browser) -> None:
    """A gap is asked for again, from the last entry that was read; if nothing fills it, from the start."""
    heard, sent = run(page, """
      const heard = [];
      install({ socket: greets });
      const stream = new Stream();
      stream.follow('g', follower(heard));
      await pause(20);
      const [socket] = told.sockets;
      const say = (...e) => frame(socket, { t: 'ev', gen: 'g', e });
      const piece = (n, t) => [`1-${n}`, { k: 'tok', t }];
      say(['1-1', { k: 'ph', p: 'prefill' }], piece(2, 'a'));
      say(piece(2, 'a'), piece(3, 'b'));
      say(piece(5, 'd'));
      say(piece(4, 'c'), piece(5, 'd'));
      say(piece(8, 'x'));
      say(piece(8, 'x'));
      frame(socket, { t: 'ev', gen: 'other', e: [piece(1, 'z')] });
      frame(socket, { t: 'something new' });
      socket.dispatchEvent(new MessageEvent('message', { data: 'no json' }));
      const spoken = heard.filter(([name]) => name !== 'phase').map(each => each.join(' '));
      return [spoken, told.sent.map(frame => `${frame.t} ${frame.after ?? ''}`.trim())];
    """)  # fmt: skip
    assert heard == ["text ", "piece a", "piece b", "piece cd", "restarted"]
    assert sent == ["sub 0-0", "unsub", "sub 1-3", "unsub", "sub 1-5", "unsub", "sub 0-0"]


def test_a_text_is_checked_at_its_end(page: Browser) -> None:
    """By its characters, not by the halves that scripts count, and by its sum."""
    agreed = run(page, """
      const log = text => Object.assign(new Log('g'), { text });
      const sum = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      const face = 'f0443a342c5ef54783a111b51ba56c938e474c32324d90c3a60c9c8e3a37e2d9';
      return [
        log('abc').agrees({ n: 3, sha: sum }), log('abc').agrees({ n: 4, sha: sum }),
        log('abd').agrees({ n: 3, sha: sum }), log('\\u{1f600}').agrees({ n: 1, sha: face }), log('x').agrees({}),
      ];
    """)  # fmt: skip
    assert agreed == [True, False, False, True, True]


def test_a_way_that_has_worked_is_given_more_patience(page: Browser) -> None:
    """A server that is away for a while is no reason to do without sockets."""
    made = run(page, """
      let n = 0;
      install({ socket: socket => {
        if (n++) return gone(socket);
        greets(socket);
        later(() => gone(socket), 5);
      } });
      new Stream().follow('g', follower());
      while (told.waits.length < 8) await pause(5);
      return told.made.slice(0, 8);
    """)  # fmt: skip
    assert made == [*["socket"] * 7, "events"]


def test_the_browsers_word_for_no_network_is_a_hint_only(page: Browser) -> None:
    """It knows nothing of a server on this very machine."""
    states, sent = run(page, """
      const states = [];
      Object.defineProperty(navigator, 'onLine', { get: () => false, configurable: true });
      install({ socket: greets });
      new Stream({ onState: state => states.push(state) }).follow('g', follower());
      await pause(20);
      dispatchEvent(new Event('offline'));
      await pause(20);
      return [states, told.sent.map(frame => frame.t)];
    """)  # fmt: skip
    assert states == ["offline", "live", "offline", "live"]
    assert sent == ["sub", "sub"]


def test_a_poll_of_what_is_not_there_ends(page: Browser) -> None:
    heard, asked = run(page, """
      const heard = [];
      let asked = 0;
      install();
      window.fetch = async () => {
        asked++;
        return new Response('{"error":{"code":"not_found","message":""}}', { status: 404 });
      };
      new Stream().follow('g', follower(heard));
      while (!asked) await pause(5);
      await pause(50);
      return [heard, asked];
    """)  # fmt: skip
    assert (heard, asked) == ([["text", ""], ["lost", "not_found"]], 1)


def test_what_a_tab_has_read_survives_it(page: Browser) -> None:
    """Of the answers that are followed then, and of no others."""
    kept, left, sent = run(page, """
      install({ socket: greets });
      const log = (after, text) => ({ after, text });
      const before = { g: log('2-7', 'sudah'), odd: log('x', 'sudah'), old: log('1-1', 'lama') };
      sessionStorage.setItem('rantau:logs', JSON.stringify(before));
      const heard = [];
      const stream = new Stream();
      for (const name of ['g', 'odd']) stream.follow(name, follower(heard));
      await pause(20);
      frame(told.sockets[0], { t: 'ev', gen: 'g', e: [['2-8', { k: 'tok', t: ' lagi' }]] });
      dispatchEvent(new Event('pagehide'));
      const kept = sessionStorage.getItem('rantau:logs');
      stream.leaveAll();
      const left = sessionStorage.getItem('rantau:logs');
      sessionStorage.setItem('rantau:logs', '{');
      new Stream().follow('bad', follower(heard));
      const texts = heard.filter(([name]) => name === 'text').map(([, text]) => text);
      return [kept, left, [...told.sent.filter(frame => frame.t === 'sub').map(frame => frame.after), ...texts]];
    """)  # fmt: skip
    assert kept == '{"g":{"after":"2-8","text":"sudah lagi"},"odd":{"after":"0-0","text":""}}'
    assert left is None
    assert sent == ["2-7", "0-0", "sudah", "", ""]
