"""OpenAI's own client against a real web process."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import httpx
import openai
import pytest

from rantau.serving.engines.fake import REFUSED, FakeEngine, word
from rantau.web.compatible import completions
from rantau.web.compatible.keys import make
from rantau.web.records.models import ApiKey, Generation, Message, Talk
from rantau.web.records.models.talks import OPEN
from tests.waiting import until
from tests.web.playing import Player
from tests.web.running import Web, asked, keeping, working

ASK = [{"role": "user", "content": "halo dunia"}]


@pytest.fixture
def secret(owner: Any) -> str:
    return make(owner, "test", ("chat", "models"), 1000)[1]


@pytest.fixture
def client(web: Web, secret: str) -> Iterator[openai.OpenAI]:
    http, address = httpx.Client(trust_env=False), f"{web.url}/v1"
    with openai.OpenAI(api_key=secret, base_url=address, max_retries=0, timeout=120, http_client=http) as made:
        yield made


@pytest.fixture
def answering(web_server: Any, site: Any) -> Iterator[None]:
    with working(web_server, FakeEngine(n_words=12)), keeping(web_server.url):
        yield


def whole(n: int) -> str:
    return "".join(map(word, range(n)))


def test_models(client: openai.OpenAI) -> None:
    models = client.models.list().data
    assert [m.id for m in models] == ["demo", "demo-base"]
    assert client.models.retrieve("demo").owned_by == "rantau"
    with pytest.raises(openai.NotFoundError) as told:
        client.models.retrieve("gpt")
    assert told.value.code == "model_not_found"


def test_a_whole_answer(client: openai.OpenAI, answering: None, owner: Any) -> None:
    said = client.chat.completions.create(model="demo", messages=ASK)
    choice = said.choices[0]
    assert (choice.message.content, choice.finish_reason, said.model) == (whole(12), "stop", "demo")
    assert said.usage is not None
    assert (said.usage.prompt_tokens, said.usage.completion_tokens, said.usage.total_tokens) == (2, 12, 14)
    talk = Talk.objects.get()
    assert (talk.owner, talk.origin) == (owner, "api")


def test_an_answer_in_chunks(client: openai.OpenAI, answering: None) -> None:
    stream = client.chat.completions.create(
        model="demo", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert len({c.id for c in chunks}) == 1 and chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole(12)
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 12
    assert all(c.usage is None for c in chunks[:-1])
    assert len(list(client.chat.completions.create(model="demo", messages=ASK, stream=True))) > 2


@pytest.mark.parametrize(
    ("wish", "text", "finish"),
    [
        ({"max_tokens": 3}, whole(3), "length"),
        ({"max_completion_tokens": 4, "max_tokens": 4}, whole(4), "length"),
        ({"stop": "tiga"}, whole(2), "stop"),
        ({"stop": ["empat", "dua1 "]}, whole(1), "stop"),
    ],
)
def test_an_answer_ends_as_it_was_wished(
    client: openai.OpenAI, answering: None, wish: dict[str, Any], text: str, finish: str
) -> None:
    choice = client.chat.completions.create(model="demo", messages=ASK, **wish).choices[0]
    assert (choice.message.content, choice.finish_reason) == (text, finish)


def test_what_was_asked_is_what_the_worker_gets(client: openai.OpenAI, player: Player) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "Jawab singkat."},
        {"role": "developer", "content": "Dalam bahasa Indonesia."},
        {"role": "user", "content": [{"type": "text", "text": "สวัส"}, {"type": "text", "text": "ดี"}]},
        {"role": "assistant", "content": "Halo.", "refusal": None},
        {"role": "user", "content": "Satu."},
        {"role": "user", "content": "Dua."},
    ]
    pieces = ["សួ", "ស្ដី ", "👩‍👩‍👧", ""]
    wishes = {"temperature": 0.25, "top_p": 0.5, "seed": 7, "max_tokens": 9, "stop": ["X"]}
    more = {"extra_body": {"top_k": 40, "repetition_penalty": 1.5}}
    said: list[Any] = []

    def ask() -> None:
        said.append(client.chat.completions.create(model="demo-base", messages=messages, **wishes, **more))

    asking = threading.Thread(target=ask)
    asking.start()
    (job,) = until(player.take)
    player.say(job.generation, *pieces)
    player.end(job.generation)
    asking.join(120)
    assert said[0].choices[0].message.content == "".join(pieces)
    assert [(m["role"], m["content"]) for m in job.messages] == [
        ("system", "Jawab singkat.\n\nDalam bahasa Indonesia."), ("user", "สวัสดี"), ("assistant", "Halo."),
        ("user", "Satu.\n\nDua."),
    ]  # fmt: skip
    wish = job.wish
    assert (wish.temperature, wish.top_p, wish.seed, wish.max_tokens, wish.stop) == (0.25, 0.5, 7, 9, ("X",))
    assert (wish.top_k, wish.repetition_penalty, job.model) == (40, 1.5, "demo-base")


@pytest.mark.parametrize(
    ("wish", "code", "param"),
    [
        ({"n": 2}, "unsupported_parameter", "n"),
        ({"logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"presence_penalty": 0.5}, "unsupported_parameter", "presence_penalty"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "unsupported_parameter", "tools"),
        ({"response_format": {"type": "json_object"}}, "unsupported_parameter", "response_format"),
        ({"user": 7}, "invalid_value", "user"),
        ({"reasoning_effort": "low"}, "unsupported_parameter", "reasoning_effort"),
        ({"top_logprobs": 3}, "unsupported_parameter", "top_logprobs"),
        ({"functions": [{"name": "f"}]}, "unsupported_parameter", "functions"),
        ({"n": 0}, "unsupported_parameter", "n"),
        ({"seed": -1}, "invalid_value", "seed"),
        ({"seed": 1.5}, "invalid_value", "seed"),
        ({"temperature": 10**400}, "invalid_value", "temperature"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": None}]}, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]},
         "unsupported_parameter", "messages[0].content"),
        ({"messages": [*ASK, {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}, *ASK]},
         "unsupported_parameter", "messages[1].tool_calls"),
        ({"extra_body": {"min_p": 0.1}}, "unsupported_parameter", "min_p"),
        ({"temperature": 2.5}, "invalid_value", "temperature"),
        ({"temperature": "hot"}, "invalid_value", "temperature"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, "invalid_value", "max_tokens"),
        ({"stop": ["a"] * 5}, "invalid_value", "stop"),
        ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
        ({"stream": True, "stream_options": {"x": 1}}, "unsupported_parameter", "stream_options.x"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": " "}]}, "invalid_value", "messages[0].content"),
        ({"messages": [*ASK, {"role": "assistant", "content": "x"}]}, "invalid_value", "messages"),
        ({"messages": [*ASK, {"role": "system", "content": "x"}, *ASK]}, "invalid_value", "messages"),
        ({"messages": [{**ASK[0], "name": "ana"}]}, "unsupported_parameter", "messages[0].name"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "unsupported_parameter", "messages[0].content",
        ),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(
    client: openai.OpenAI, wish: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.chat.completions.create(**{"model": "demo", "messages": ASK, **wish})
    assert (told.value.code, told.value.param, told.value.type) == (code, param, "invalid_request_error")
    assert not Talk.objects.exists()


def test_values_that_ask_for_nothing_are_taken(client: openai.OpenAI, answering: None) -> None:
    said = client.chat.completions.create(
        model="demo",
        messages=ASK,
        n=1,
        presence_penalty=0,
        logit_bias={},
        response_format={"type": "text"},
        stop=None,
        store=False,
        user="ana@lain",
        parallel_tool_calls=True,
        max_completion_tokens=100,
        extra_body={"tools": [], "tool_choice": "none", "logprobs": False},
    )
    assert said.choices[0].message.content == whole(12)


def test_a_history_comes_back_as_it_was_said(client: openai.OpenAI, player: Player) -> None:
    """Answers may be longer than what a person may ask, or empty: then the questions around them are one."""
    history: list[Any] = [*ASK, {"role": "assistant", "content": "kata " * 9_000}, *ASK,
                          {"role": "assistant", "content": ""}, *ASK]  # fmt: skip
    with client.chat.completions.create(model="demo", messages=history, stream=True):
        (job,) = until(player.take)
    assert [len(m["content"]) for m in job.messages] == [10, 45_000, 22]


def test_what_is_too_large_is_told_in_openais_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as told:
        client.chat.completions.create(model="demo", messages=[{**ASK[0], "content": "a" * 600_000}])
    assert (told.value.status_code, told.value.code, told.value.type) == (
        413,
        "too_large",
        "invalid_request_error",
    )
    with pytest.raises(openai.BadRequestError) as told_:
        client.chat.completions.create(model="demo", messages=[{**ASK[0], "content": "a" * 16_001}])
    assert told_.value.code == "context_length_exceeded"


@pytest.mark.parametrize("ask", ["completions", "embeddings", "responses"])
def test_what_else_clients_ask_for_is_not_found(client: openai.OpenAI, ask: str) -> None:
    with pytest.raises(openai.NotFoundError, match=f"/v1/{ask}: not here"):
        client.post(f"/{ask}", body={"model": "demo", "input": "halo"}, cast_to=object)


def test_a_person_who_is_full_is_told_and_nothing_is_kept(client: openai.OpenAI, owner: Any) -> None:
    Talk.objects.create(owner=owner, bytes=2**40)
    with pytest.raises(openai.APIStatusError) as told:
        client.chat.completions.create(model="demo", messages=ASK)
    assert (told.value.status_code, told.value.code) == (413, "full") and "256 MiB" in told.value.message
    assert Talk.objects.count() == 1


def test_a_stream_that_its_client_closes_is_stopped(client: openai.OpenAI, web_server: Any) -> None:
    with working(web_server, FakeEngine(n_words=100_000, words_per_s=50)), keeping(web_server.url):
        with client.chat.completions.create(model="demo", messages=ASK, stream=True) as stream:
            for n, _ in enumerate(stream):
                if n > 5:
                    break
        until(lambda: Generation.objects.filter(state="stopped").exists())


def test_the_seed_is_the_workers(client: openai.OpenAI, player: Player) -> None:
    for seed in (7, None):
        more = {} if seed is None else {"seed": seed}
        with client.chat.completions.create(model="demo", messages=ASK, stream=True, **more):
            (job,) = until(player.take)
        assert job.wish.seed == seed


def test_a_model_that_is_not_here(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as told:
        client.chat.completions.create(model="gpt-4o", messages=ASK)
    assert told.value.code == "model_not_found" and "demo-base" in str(told.value)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_the_model_cannot_take(client: openai.OpenAI, answering: None, stream: bool) -> None:
    with pytest.raises(openai.APIError) as told:
        said = client.chat.completions.create(
            model="demo", messages=[{"role": "user", "content": REFUSED}], stream=stream
        )
        list(said)
    assert told.value.code == "context_length_exceeded"


def test_keys(web: Web, client: openai.OpenAI, secret: str, owner: Any) -> None:
    row = ApiKey.objects.get()
    assert secret not in f"{row.__dict__}" and secret.startswith(row.prefix) and len(row.digest) == 64
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {secret}"},
                   {"Cookie": web.cookies(owner)}, {"Authorization": f"Bearer {row.digest}"}):  # fmt: skip
        said = httpx.get(f"{web.url}/v1/models", headers=header, timeout=60, trust_env=False)
        assert said.status_code == 401 and said.json()["error"]["type"] == "authentication_error", header
        assert "access-control-allow-origin" not in said.headers
    ApiKey.objects.update(scopes=["models"])
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(model="demo", messages=ASK)
    ApiKey.objects.update(scopes=["chat", "models"], per_minute=2)
    with pytest.raises(openai.RateLimitError) as told:
        for _ in range(4):
            client.models.list()
    assert told.value.code == "rate_limit_exceeded" and int(told.value.response.headers["retry-after"]) > 0
    owner.is_active = False
    owner.save()
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_page_of_another_site_may_not_ask(web: Web, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}", "Origin": "http://evil.example"}
    said = httpx.post(f"{web.url}/v1/chat/completions", headers=headers, json={}, timeout=60, trust_env=False)
    assert said.status_code == 403
    preflight = httpx.options(f"{web.url}/v1/chat/completions", headers=headers, timeout=60, trust_env=False)
    assert preflight.status_code == 405 and "access-control-allow-origin" not in preflight.headers


@pytest.mark.parametrize("stream", [False, True])
def test_who_hangs_up_stops_the_answer(web: Web, secret: str, web_server: Any, queue: Any, stream: bool) -> None:
    with working(web_server, FakeEngine(n_words=100_000, words_per_s=50)), keeping(web_server.url):
        begin(web, secret, stream, lambda: said_of(queue))
        until(lambda: Generation.objects.filter(state="stopped").exists())
    assert Message.objects.get(role="assistant").text.startswith("satu0 ")


def test_who_hangs_up_at_once_leaves_nothing_running(web: Web, secret: str, web_server: Any) -> None:
    with working(web_server, FakeEngine(n_words=100_000, words_per_s=50)), keeping(web_server.url):
        for n in range(60):
            begin(web, secret, False, lambda n=n: time.sleep(0.02 * n) or True)
            if n > 3 and Generation.objects.exists():
                break
        until(lambda: not Generation.objects.filter(state__in=OPEN).exists())


def test_a_stream_that_nobody_begins_to_take_is_stopped(owner: Any, queue: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(completions, "UNHEARD_S", 0.05)
    asked(owner)
    generation = Generation.objects.select_related("owner", "message").get()

    async def forget() -> None:
        completions.chunks(generation, kept=False, usage=False)
        await asyncio.sleep(0.2)
        await asyncio.gather(*completions._watches)

    asyncio.run(forget())
    assert queue.hget(f"{{rantau}}:gen:{generation.id}", "state") == "stopped"


def said_of(queue: Any) -> bool:
    """Whether the one answer has begun."""
    (name,) = Generation.objects.values_list("id", flat=True) or [None]
    return name is not None and queue.xlen(f"{{rantau}}:out:{name}") > 2


def begin(web: Web, secret: str, stream: bool, so: Callable[[], Any], **headers: str) -> None:
    """Asks, and hangs up when something is so."""
    body = json.dumps({"model": "demo", "messages": ASK, "stream": stream})
    connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {secret}", **headers})
    until(so)
    connection.close()


def test_an_idempotency_key_is_answered_once(
    web: Web, client: openai.OpenAI, secret: str, web_server: Any, queue: Any
) -> None:
    with working(web_server, FakeEngine(n_words=90, words_per_s=30)), keeping(web_server.url):
        begin(web, secret, False, lambda: said_of(queue), **{"Idempotency-Key": "k1"})
        again = [
            client.chat.completions.create(model="demo", messages=ASK, extra_headers={"Idempotency-Key": "k1"})
            for _ in range(2)
        ]
        with pytest.raises(openai.UnprocessableEntityError) as told:
            client.chat.completions.create(
                model="demo", messages=ASK, max_tokens=3, extra_headers={"Idempotency-Key": "k1"}
            )
    assert {a.choices[0].message.content for a in again} == {whole(90)} and again[0].id == again[1].id
    assert told.value.code == "idempotency_key_reused"
    assert Generation.objects.count() == 1 and Talk.objects.count() == 1


def test_a_full_queue_says_when_to_come_back_and_keeps_nothing(client: openai.OpenAI, owner: Any) -> None:
    for _ in range(4):
        asked(owner)
    with pytest.raises(openai.RateLimitError) as told:
        client.chat.completions.create(model="demo", messages=ASK, extra_headers={"Idempotency-Key": "k"})
    assert int(told.value.response.headers["retry-after"]) > 0
    assert not Talk.objects.filter(origin="api").exists()


def test_programs_talks_are_listed_only_when_asked_for(
    client: openai.OpenAI, answering: None, http: Any, owner: Any
) -> None:
    client.chat.completions.create(model="demo", messages=ASK)
    assert http.get("/api/talks").json()["talks"] == []
    assert len(http.get("/api/talks?origin=api").json()["talks"]) == 1


def test_an_answer_whose_log_is_gone(
    client: openai.OpenAI, web: Web, secret: str, player: Player, queue: Any, finished: Any
) -> None:
    """Asked for again by its Idempotency-Key, long after."""
    begin(web, secret, False, Generation.objects.exists, **{"Idempotency-Key": "k2"})
    finished(Message.objects.get(role="assistant"), "Sela", "mat")
    queue.flushall()
    for stream in (False, True):
        said = client.chat.completions.create(
            model="demo", messages=ASK, stream=stream, extra_headers={"Idempotency-Key": "k2"}
        )
        text = (
            "".join(c.choices[0].delta.content or "" for c in said) if stream else said.choices[0].message.content
        )
        assert text == "Selamat"
