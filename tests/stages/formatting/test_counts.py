"""Every document and every token is accounted for, whatever a phase asks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rantau.chat import encode, encode_text, template_for
from rantau.recipe import Formatting, Phase
from rantau.records import Document
from rantau.stages.formatting import packing
from rantau.stages.formatting.counts import Counts
from rantau.stages.formatting.fertility import Fertility
from rantau.stages.formatting.passage import Passage
from rantau.stages.formatting.samples import Writer
from tests.chat.speech import dialogue
from tests.stages.formatting.rows import CPT, SFT, document, phase
from tests.tiny import build_tiny_tokenizer

TOKENIZER = build_tiny_tokenizer()
WRITER = Writer(template_for(Formatting(), TOKENIZER), TOKENIZER, None)
WORDS = st.sampled_from(["Halo", "dunia", "ꦲꦏ꧀ꦱꦫ", "😀", "\n", "Jakarta", "<|im_end|>", "서울은"])
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)
PHASES = st.fixed_dictionaries(
    {
        "max_tokens": st.integers(8, 60),
        "over_long": st.sampled_from(["drop", "truncate", "split"]),
        "packing": st.sampled_from(["none", "best_fit"]),
    }
)


def formatted(documents: list[Document], asked: Phase) -> tuple[Counts, list[dict[str, Any]]]:
    passage = Passage(asked, WRITER, Fertility(TOKENIZER))
    rows = list(passage.rows(documents))
    passage.counts.check()
    return passage.counts, rows


def n_tokens(found: Document, kind: str) -> int:
    """Counted by another way than the stage does."""
    content = found.content
    if "<|im_end|>" in content or not content.strip():
        texts = [m.content for m in found.dialogue.messages] if found.dialogue else [found.text]
        return sum(len(TOKENIZER(text).input_ids) for text in texts)
    if kind == "cpt":
        return len(TOKENIZER(content).input_ids) + 2
    assert found.dialogue is not None
    turns = [{"role": m.role, "content": m.content} for m in found.dialogue.messages]
    return len(TOKENIZER(TOKENIZER.apply_chat_template(turns, tokenize=False)).input_ids)


def check(documents: list[Document], asked: Phase) -> None:
    counts, rows = formatted(documents, asked)
    assert counts.rows_in == len(documents)
    assert counts.tokens_in == sum(n_tokens(d, asked.kind) for d in documents)
    assert counts.rows == len(rows)
    assert counts.tokens == sum(len(r["ids"]) for r in rows)
    assert counts.learnt_tokens == sum(sum(r["learnt"]) for r in rows)
    assert counts.longest == max((len(r["ids"]) for r in rows), default=0) <= asked.max_tokens
    assert counts.joined == sum(len(r["parts"]) - 1 for r in rows)
    assert all(sum(r["parts"]) == len(r["ids"]) == len(r["learnt"]) for r in rows)
    if asked.over_long != "truncate":
        assert counts.tokens_cut == counts.truncated == 0
    if asked.over_long == "split":
        assert "longer than max_tokens" not in counts.dropped


@settings(max_examples=80)
@given(st.lists(TEXTS, max_size=12), PHASES)
def test_running_text_adds_up(texts: list[str], changes: dict[str, Any]) -> None:
    check([document(n, text) for n, text in enumerate(texts)], phase(CPT, **changes))


@settings(max_examples=80)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8), PHASES.filter(lambda p: p["over_long"] != "split"))
def test_dialogues_add_up(turns: list[tuple[str, str]], changes: dict[str, Any]) -> None:
    talks = [dialogue(question.strip() or "a", answer.strip()) for question, answer in turns]
    check([document(n, talk=talk) for n, talk in enumerate(talks)], phase(SFT, **changes))


@settings(max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=12), PHASES)
def test_packing_changes_which_row_and_nothing_else(texts: list[str], changes: dict[str, Any]) -> None:
    documents = [document(n, text) for n, text in enumerate(texts)]
    found = [
        sorted(_parts(formatted(documents, phase(CPT, **changes | {"packing": how}))[1]))
        for how in ("none", "best_fit")
    ]
    assert found[0] == found[1]


def _parts(rows: list[dict[str, Any]]) -> list[tuple[tuple[int, ...], tuple[bool, ...]]]:
    parts = []
    for row in rows:
        start = 0
        for n in row["parts"]:
            parts.append((tuple(row["ids"][start : start + n]), tuple(row["learnt"][start : start + n])))
            start += n
    return parts


@settings(max_examples=60)
@given(TEXTS.filter(lambda t: t.strip() and "<|im_end|>" not in t), st.integers(8, 40))
def test_split_and_packed_a_text_comes_back_from_its_rows(text: str, size: int) -> None:
    asked = phase(CPT, max_tokens=size, over_long="split", packing="best_fit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "WINDOW_TOKENS", 1)
        patch.setattr(packing, "WINDOW_ROWS", 1)
        _, rows = formatted([document(1, text)], asked)
    parts = _parts(rows)
    assert [i for ids, _ in parts for i in ids] == encode_text(TOKENIZER, text)
    assert sum(sum(learnt) for _, learnt in parts) == len(encode_text(TOKENIZER, text)) - len(parts)


def test_counts_by_hand() -> None:
    talks = [dialogue("Halo", "Pagi!"), dialogue("Halo", "Selamat pagi! " * 20), dialogue("Halo " * 50, "ya")]
    documents = [document(n, talk=talk) for n, talk in enumerate(talks)] + [
        document(9, talk=dialogue("a", "<|im_end|>"))
    ]
    sizes = [len(encode(WRITER.template, TOKENIZER, talk, system_prompt=None).ids) for talk in talks]
    counts, _ = formatted(documents, phase(SFT, max_tokens=64))
    assert counts.dropped == {"nothing left to learn": 1, "spells out a control token": 1}
    assert (counts.rows_in, counts.rows, counts.truncated) == (4, 2, 1)
    assert counts.tokens == sizes[0] + 64 and counts.tokens_cut == sizes[1] - 64
    assert counts.tokens_dropped == sizes[2] + 2
    assert counts.tokens_in == sum(sizes) + 2


def test_a_token_that_goes_astray_is_noticed() -> None:
    counts, _ = formatted([document(1, "Halo dunia")], phase(CPT))
    counts.tokens_in += 1
    with pytest.raises(AssertionError):
        counts.check()
