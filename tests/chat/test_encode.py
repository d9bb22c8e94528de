"""Spans: the learnt tokens are the answers and the token that ends each, in every template and script."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from rantau.chat import Template, encode, encode_answers, encode_prompt, template_for
from rantau.chat.encode import marked
from rantau.errors import DataError, ModelError
from rantau.recipe import Formatting
from rantau.records import Dialogue, Message
from tests.chat.speech import bare_tokenizer, dialogue, learnt_text, llama_tokenizer
from tests.tiny import CHATML, build_tiny_tokenizer

TOKENIZERS = {"tiny": build_tiny_tokenizer(), "llama": llama_tokenizer(), "bare": bare_tokenizer()}
PAIRS = [
    ("auto", "tiny"), ("chatml", "tiny"), ("plain", "tiny"), ("llama-3.1", "llama"),
    ("auto", "bare"), ("plain", "bare"), ("llama-3.1", "bare"), ("llama-3.1", "tiny"),
]  # fmt: skip
DIALOGUES = {
    "single": dialogue("Ibu kota Indonesia?", "Jakarta."),
    "multi-turn": dialogue("Halo", "Pagi!", "Apa kabar?", "Baik.", "Sip", "Sampai jumpa"),
    "open": dialogue("Halo", "Pagi!", "Apa kabar?"),
    "system": dialogue("Halo", "Pagi!", system="Jawab singkat."),
    "unicode": dialogue("ꦲꦏ꧀ꦱꦫꦗꦮ itu apa? 🤔", "Aksara Jawa: ꦲꦤꦕꦫꦏ 👩‍🏫🏽\nè é ü", "서울?", "수도이다. 😀"),
    "the same words": dialogue("Ya", "Ya", "Ya", "Ya"),
    "words of the template": dialogue("user\nassistant", "Assistant: user\nUser:"),
    "empty answer": dialogue("Halo", ""),
}


def spoken(name: str, speaker: str) -> tuple[Template, PreTrainedTokenizerFast]:
    tokenizer = TOKENIZERS[speaker]
    return template_for(Formatting.model_validate({"template": name}), tokenizer), tokenizer


def expected(template: Template, talk: Dialogue) -> str:
    lead = " " if template.name == "plain" else ""  # the space belongs to the answer's first token
    return "".join(lead + m.content + template.end for m in talk.messages if m.role == "assistant")


@pytest.mark.parametrize(("name", "speaker"), PAIRS)
@pytest.mark.parametrize("kind", DIALOGUES)
def test_learnt_is_answers_and_ends(name: str, speaker: str, kind: str) -> None:
    template, tokenizer = spoken(name, speaker)
    talk = DIALOGUES[kind]
    encoded = encode(template, tokenizer, talk, system_prompt=None)
    assert len(encoded.ids) == len(encoded.learnt)
    assert tokenizer.decode(encoded.ids) == encoded.text
    assert learnt_text(tokenizer, encoded.ids, encoded.learnt) == expected(template, talk)


@pytest.mark.parametrize(("name", "speaker"), PAIRS)
@pytest.mark.parametrize("last_only", [False, True])
@pytest.mark.parametrize("kind", [k for k in DIALOGUES if k != "empty answer"])
def test_scored_is_answers_without_their_ends(name: str, speaker: str, kind: str, last_only: bool) -> None:
    template, tokenizer = spoken(name, speaker)
    talk = DIALOGUES[kind]
    found = encode_answers(template, tokenizer, talk, system_prompt=None, last_only=last_only)
    assert found.ids == encode(template, tokenizer, talk, system_prompt=None).ids
    lead = " " if template.name == "plain" else ""
    answers = [lead + m.content for m in talk.messages if m.role == "assistant"]
    assert learnt_text(tokenizer, found.ids, found.learnt) == "".join(answers[-1:] if last_only else answers)


def test_a_dialogue_without_an_answer_has_nothing_to_score() -> None:
    template, tokenizer = spoken("chatml", "tiny")
    for talk in (DIALOGUES["empty answer"], Dialogue((Message("user", "Halo"),))):
        with pytest.raises(DataError, match="must have an answer with text"):
            encode_answers(template, tokenizer, talk, system_prompt=None)


@pytest.mark.parametrize(("name", "speaker"), PAIRS)
@pytest.mark.parametrize("kind", DIALOGUES)
def test_each_answer_ends_in_one_learnt_stop(name: str, speaker: str, kind: str) -> None:
    template, tokenizer = spoken(name, speaker)
    talk = DIALOGUES[kind]
    encoded = encode(template, tokenizer, talk, system_prompt=None)
    learnt = [i for i, yes in zip(encoded.ids, encoded.learnt, strict=True) if yes]
    assert learnt[-1] in template.stop_ids
    n_stops = sum(i in template.stop_ids for i in learnt)
    assert n_stops == sum(m.role == "assistant" for m in talk.messages)


@pytest.mark.parametrize(("name", "speaker"), PAIRS)
@pytest.mark.parametrize("kind", [k for k in DIALOGUES if k != "open"])
def test_what_is_asked_is_what_was_taught(name: str, speaker: str, kind: str) -> None:
    template, tokenizer = spoken(name, speaker)
    talk = DIALOGUES[kind]
    encoded = encode(template, tokenizer, talk, system_prompt="Jawab.")
    text, ids = encode_prompt(template, tokenizer, talk.prompt, system_prompt="Jawab.")
    assert encoded.text.startswith(text)
    assert encoded.ids[: len(ids)] == ids
    assert encoded.learnt[len(ids)]
    assert not encoded.learnt[len(ids) - 1]


LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(LINES, LINES), min_size=1, max_size=3), st.sampled_from(PAIRS))
def test_any_text_comes_back(turns: list[tuple[str, str]], pair: tuple[str, str]) -> None:
    template, tokenizer = spoken(*pair)
    talk = dialogue(*[text.strip() for turn in turns for text in turn])
    encoded = encode(template, tokenizer, talk, system_prompt=None)
    assert learnt_text(tokenizer, encoded.ids, encoded.learnt) == expected(template, talk)


def test_all_learns_everything_but_the_first_token() -> None:
    template, tokenizer = spoken("auto", "tiny")
    encoded = encode(template, tokenizer, DIALOGUES["system"], system_prompt=None, loss_on="all")
    assert encoded.learnt == [False] + [True] * (len(encoded.ids) - 1)


def test_a_token_across_the_border_of_an_answer_is_learnt() -> None:
    assert marked([(0, 4), (4, 9), (9, 12)], [(6, 9)]) == [False, True, False]


def test_pieces_of_one_character_share_its_mark() -> None:
    assert marked([(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)], [(1, 2)]) == [False, True, True, True, False]


def test_a_space_left_out_of_the_offsets_belongs_to_the_word_after_it() -> None:
    assert marked([(0, 5), (6, 10), (10, 10)], [(5, 6)]) == [False, True, False]


def test_a_dialogue_that_begins_with_an_answer_is_refused() -> None:
    template, tokenizer = spoken("auto", "tiny")
    with pytest.raises(DataError, match="must begin with a question, got the roles: assistant, user"):
        encode(
            template,
            tokenizer,
            Dialogue((Message("assistant", "a"), Message("user", "b"))),
            system_prompt=None,
        )
    with pytest.raises(DataError, match="got the roles: none"):
        encode_prompt(template, tokenizer, (), system_prompt=None)


@pytest.mark.parametrize("token", ["<|im_end|>", "<|im_start|>", "<|padding|>", "<|endoftext|>"])
def test_a_control_token_in_a_message_is_refused(token: str) -> None:
    template, tokenizer = spoken("auto", "tiny")
    talk = dialogue("Halo", f"a{token}b")
    with pytest.raises(DataError, match=r"Message 1 \(assistant\) spells out the control token"):
        encode(template, tokenizer, talk, system_prompt=None)
    with pytest.raises(DataError, match=r"Message 0 \(system\)"):
        encode_prompt(template, tokenizer, talk.messages[:1], system_prompt=token)


@pytest.mark.parametrize(
    ("jinja", "error"),
    [
        # an answer that a prompt opens otherwise, in as many letters
        (CHATML.replace("<|im_start|>assistant", "<|im_start|>asistente"), "does not write message 1"),
        # an answer that is changed
        (
            CHATML.replace("message['content']", "message['content'] | upper"),
            "does not write an answer as it stands",
        ),
        (
            CHATML.replace("message['content']", "message['content'] | replace('Pagi', '')"),
            "does not write message 1",
        ),
        # earlier turns that are rewritten once later ones follow
        (
            CHATML.replace(
                "message['content']", "message['content'] | replace('!', '' if loop.length > 2 else '!')"
            ),
            "rewrites the turns up to message 1",
        ),
    ],
)
def test_a_template_that_breaks_the_prefix_is_refused_with_the_message(jinja: str, error: str) -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = jinja
    with pytest.raises(ModelError, match=error):
        template = template_for(Formatting(), tokenizer)
        encode(template, tokenizer, DIALOGUES["multi-turn"], system_prompt=None)
