"""A talk whose model is gone goes on with another one, which its owner chooses."""

from typing import Any

from rantau.web.records.models import Talk
from rantau.web.site import current
from tests.web.pages.chat import Chat

OPTIONS = "[...document.querySelectorAll('#model option')].map(o => [o.value, o.disabled, o.selected])"
CHOOSE = """(() => {
  const select = document.querySelector('#model');
  select.value = 'demo-base';
  select.dispatchEvent(new Event('change'));
})()"""


def test_another_model_is_chosen(chat: Chat, owner: Any) -> None:
    talk = Talk.objects.create(owner=owner, model="hilang", title="Lama")
    chat.begin(f"/talk/{talk.id}")
    served = [[model.name, False, False] for model in current().models]
    chat.page.until("!document.querySelector('#model').hidden")
    assert chat.page.run(OPTIONS) == [["hilang", True, True], *served]
    chat.send("halo")
    chat.page.until("document.querySelector('#notice, .notice, .toast')?.innerText.includes('no longer here')")
    assert not talk.messages.exists()
    chat.error("409")
    chat.page.run(CHOOSE)
    chat.page.until("![...document.querySelectorAll('#model option')].some(o => o.disabled)")
    assert chat.talk().model == "demo-base"
    chat.page.run("document.querySelector('#text').value = ''")
    chat.ask("halo")
    assert [m.model for m in talk.messages.filter(role="assistant")] == ["demo-base"]
