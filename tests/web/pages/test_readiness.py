"""The banner that says whether a model is there, after the page was opened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.pages.chat import Chat
from tests.web.pages.teller import Teller

GONE = """(real => {
  window.fetch = async (address, how) => {
    const answer = await real(address, how);
    if (address !== '/api/me') return answer;
    return Response.json({ ...(await answer.json()), ready: { state: 'none', share: 0, workers: 0 } });
  };
})(window.fetch.bind(window))"""


def test_the_banner_is_looked_at_when_an_answer_waits_for_long(open_chat: Any, owner: Any, site: Any) -> None:
    """The worker went after the page was opened: nobody tells it."""
    with open_chat(owner) as chat:
        chat.pretend(ready={"state": "ready", "share": 1, "workers": 1})
        chat.begin()
        chat.page.run(GONE)
        chat.send("satu")
        chat.page.until("document.querySelector('.state span:last-child')?.innerText === 'Next in line'")
        assert chat.page.run("document.querySelector('#banner').hidden")
        # time goes by four times as fast
        chat.page.run("((now, from) => { Date.now = () => 4 * now() - 3 * from; })(Date.now, Date.now())")
        chat.told("#banner", "No model is running")


@pytest.mark.parametrize("back", ["online", "connection"])
def test_the_banner_is_looked_at_when_the_connection_has_come_back(chat: Chat, teller: Teller, back: str) -> None:
    teller.held = 2
    chat.send("satu")
    chat.page.until("document.querySelector('.said')?.innerText === 'Tentu. Hujan'")
    chat.page.run(GONE)
    if back == "online":
        chat.page.run("dispatchEvent(new Event('online'))")
    else:
        chat.page.offline()
        chat.page.until("document.querySelector('#badge').dataset.state === 'offline'")
        chat.page.run("window.addEventListener('online', e => e.stopImmediatePropagation(), true)")
        chat.page.offline(False)
    chat.told("#banner", "No model is running")
    chat.expected = list(chat.page.errors)
