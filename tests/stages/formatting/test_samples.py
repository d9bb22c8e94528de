"""One document as one row: what is learnt, what is cut, what is left out and why."""

from dataclasses import dataclass, replace

import pytest
from transformers import PreTrainedTokenizerFast

from rantau.chat import template_for
from rantau.errors import DataError, ModelError
from rantau.recipe import Formatting, Phase
from rantau.records import Document, Dropped, Sample
from rantau.stages.formatting.samples import Writer, cuts, rows_of
from tests.chat.speech import dialogue, learnt_text
from tests.stages.formatting.rows import CPT, SFT, document, phase
from tests.tiny import CHATML, build_tiny_tokenizer

TOKENIZER = build_tiny_tokenizer()
WRITER = Writer(template_for(Formatting(), TOKENIZER), TOKENIZER, None)
TALK = dialogue("Halo", "Selamat pagi!", "Apa kabar?", "Baik.")


@dataclass(frozen=True)
class Row:
    """The only row of a document."""

    sample: Sample
    n_cut: int


def row_of(document: Document, phase: Phase, writer: Writer) -> Row | Dropped:
    written = rows_of(document, phase, writer)
    if written.dropped is not None:
        assert not written.rows and written.n_cut == 0
        return written.dropped
    (row,) = written.rows
    assert sum(row.parts) == len(row.sample.ids)
    assert written.n_tokens == len(row.sample.ids) + written.n_cut
    return Row(row.sample, written.n_cut)


def decoded(row: Row | Dropped, tokenizer: PreTrainedTokenizerFast = TOKENIZER) -> str:
    assert isinstance(row, Row)
    return learnt_text(tokenizer, list(row.sample.ids), list(row.sample.learnt))


def test_running_text_is_learnt_whole_and_ended() -> None:
    row = row_of(document(1, "Halo dunia"), phase(CPT), WRITER)
    assert decoded(row) == "Halo dunia<|endoftext|>"
    assert isinstance(row, Row)
    assert row.sample.ids[0] == 0
    assert row.sample.learnt == (False, *[True] * (len(row.sample.ids) - 1))
    assert row.n_cut == 0


def test_a_dialogue_in_a_cpt_phase_is_plain_lines() -> None:
    row = row_of(document(1, talk=TALK), phase(CPT), WRITER)
    assert decoded(row) == "Halo\nSelamat pagi!\nApa kabar?\nBaik.<|endoftext|>"


def test_sft_learns_answers_and_ends() -> None:
    row = row_of(document(1, talk=TALK), phase(SFT), WRITER)
    assert decoded(row) == "Selamat pagi!<|im_end|>Baik.<|im_end|>"


def test_sft_can_learn_all() -> None:
    row = row_of(document(1, talk=TALK), phase(SFT, loss_on="all"), WRITER)
    assert decoded(row).startswith("user\nHalo<|im_end|>\n<|im_start|>assistant\nSelamat pagi!<|im_end|>\n")


def test_running_text_in_an_sft_phase_names_phase_source_and_fix() -> None:
    with pytest.raises(DataError) as caught:
        row_of(document(7, "Halo"), phase(SFT), WRITER)
    assert str(caught.value) == (
        'Phase sft learns answers (kind: sft), but source "berita" has running text (berita.txt row 7). '
        "Take berita out of phases.sft.mixture, or write kind: cpt."
    )


def test_a_cut_row_has_no_end_token() -> None:
    row = row_of(document(1, "Halo dunia, " * 20), phase(CPT, max_tokens=16), WRITER)
    assert isinstance(row, Row)
    assert len(row.sample.ids) == len(row.sample.learnt) == 16
    assert row.sample.ids.count(0) == 1
    whole = row_of(document(1, "Halo dunia, " * 20), phase(CPT, max_tokens=999), WRITER)
    assert isinstance(whole, Row)
    assert row.n_cut == len(whole.sample.ids) - 16
    assert whole.sample.ids[:16] == row.sample.ids


@pytest.mark.parametrize("kind", [CPT, SFT])
def test_long_rows_can_be_dropped(kind: dict[str, object]) -> None:
    row = row_of(document(1, talk=TALK), phase(kind, max_tokens=8, over_long="drop"), WRITER)
    assert isinstance(row, Dropped)
    assert row.reason == "longer than max_tokens"


@pytest.mark.parametrize("over_long", ["drop", "truncate", "error"])
def test_a_row_of_just_max_tokens_is_not_long(over_long: str) -> None:
    whole = row_of(document(1, talk=TALK), phase(SFT), WRITER)
    assert isinstance(whole, Row)
    row = row_of(document(1, talk=TALK), phase(SFT, max_tokens=len(whole.sample.ids), over_long=over_long), WRITER)
    assert row == whole


def test_long_rows_can_be_errors() -> None:
    with pytest.raises(
        DataError, match=r"obrolan.txt row 3 \(source obrolan\) has 56 tokens, but phases.sft.max_tok"
    ):
        row_of(document(3, talk=TALK, source="obrolan"), phase(SFT, max_tokens=8, over_long="error"), WRITER)


def test_a_cut_that_leaves_no_answer_drops_the_row() -> None:
    talk = dialogue("Halo " * 30, "Pagi!")
    row = row_of(document(1, talk=talk), phase(SFT, max_tokens=20), WRITER)
    assert isinstance(row, Dropped)
    assert row.reason == "nothing left to learn"


@pytest.mark.parametrize("kind", [CPT, SFT])
def test_a_control_token_in_the_text_drops_the_row(kind: dict[str, object]) -> None:
    row = row_of(document(1, talk=dialogue("Halo", "a<|im_end|>b")), phase(kind), WRITER)
    assert isinstance(row, Dropped)
    assert row.reason == "spells out a control token"
    assert row.excerpt == "Halo\na<|im_end|>b"


def test_a_dialogue_without_an_answer_has_nothing_to_learn() -> None:
    row = row_of(document(1, talk=dialogue("Halo")), phase(SFT), WRITER)
    assert isinstance(row, Dropped)
    assert row.reason == "nothing to learn"
    blank = row_of(document(1, " \n"), phase(CPT), WRITER)
    assert isinstance(blank, Dropped)
    assert blank.reason == "nothing to learn"


def test_a_refused_dialogue_names_its_row() -> None:
    talk = type(TALK)(TALK.messages[1:])
    with pytest.raises(
        DataError, match=r"^berita.txt row 5 \(source berita\): A dialogue must begin with a question"
    ):
        row_of(document(5, talk=talk), phase(SFT), WRITER)


def test_a_template_that_rewrites_turns_is_refused_at_the_row() -> None:
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = CHATML.replace(
        "['content']", "['content'] | replace('!', '' if loop.length > 2 else '!')"
    )
    writer = Writer(template_for(Formatting(), tokenizer), tokenizer, None)
    with pytest.raises(ModelError, match=r"^berita.txt row 5 .*rewrites the turns up to message 1"):
        row_of(document(5, talk=TALK), phase(SFT), writer)


def test_a_pad_is_never_part_of_a_row() -> None:
    for kind, talk in ((SFT, TALK), (CPT, dialogue("<|padding|>", "Halo<|padding|>"))):
        row = row_of(document(1, talk=talk), phase(kind), WRITER)
        assert isinstance(row, Dropped) or TOKENIZER.pad_token_id not in row.sample.ids


LONG = "Ibu kota Indonesia adalah Jakarta; " * 9


@pytest.mark.parametrize("size", [8, 16, 21, 64])
def test_a_split_text_is_whole_in_its_rows_and_learnt_once(size: int) -> None:
    whole = rows_of(document(1, LONG), phase(CPT, max_tokens=999), WRITER).rows[0].sample
    written = rows_of(document(1, LONG), phase(CPT, max_tokens=size, over_long="split"), WRITER)
    samples = [row.sample for row in written.rows]
    assert [s.id for s in samples] == ["berita:1", *[f"berita:1/{n}" for n in range(2, len(samples) + 1)]]
    assert tuple(i for s in samples for i in s.ids) == whole.ids
    assert all(s.learnt == (False, *[True] * (len(s.ids) - 1)) for s in samples)
    assert all(len(s.ids) == size for s in samples[:-2]) and 2 <= len(samples[-1].ids) <= size
    assert samples[-1].ids[-1] == 0 and samples[0].ids[0] == 0
    assert sum(s.ids.count(0) for s in samples) == 2  # start and end token of the document, and no others
    assert (written.n_tokens, written.n_cut, written.dropped) == (len(whole.ids), 0, None)


@pytest.mark.parametrize(
    ("n", "found"),
    [(8, [8]), (9, [7, 2]), (16, [8, 8]), (17, [8, 7, 2]), (18, [8, 8, 2]), (1, [1]), (25, [8, 8, 7, 2])],
)
def test_no_part_of_a_text_is_a_single_token(n: int, found: list[int]) -> None:
    parts = cuts(n, 8)
    assert [p.stop - p.start for p in parts] == found
    assert [i for p in parts for i in range(n)[p]] == list(range(n))


def test_a_text_that_fits_is_not_split() -> None:
    whole = rows_of(document(1, "Halo dunia"), phase(CPT), WRITER)
    assert rows_of(document(1, "Halo dunia"), phase(CPT, over_long="split"), WRITER) == whole


DPO = {"name": "dpo", "kind": "dpo", "mixture": {"obrolan": 1.0}, "max_tokens": 128}


def test_a_preference_is_a_pair_of_dialogues() -> None:
    pair = replace(document(1, talk=dialogue("Halo", "Pagi!")), rejected="Tidak.")
    (row,) = rows_of(pair, phase(DPO), WRITER).rows
    ids, learnt, n = list(row.sample.ids), list(row.sample.learnt), row.parts[0]
    assert len(row.parts) == 2 and sum(row.parts) == len(ids)
    assert learnt_text(TOKENIZER, ids[:n], learnt[:n]) == "Pagi!<|im_end|>"
    assert learnt_text(TOKENIZER, ids[n:], learnt[n:]) == "Tidak.<|im_end|>"
    prompts = [TOKENIZER.decode([i for i, yes in zip(*side, strict=True) if not yes]) for side in (
        (ids[:n], learnt[:n]), (ids[n:], learnt[n:]),
    )]  # fmt: skip
    assert prompts[0] == prompts[1] == "<|im_start|>user\nHalo<|im_end|>\n<|im_start|>assistant\n\n"


def test_a_preference_that_is_cut_before_its_answers_is_dropped() -> None:
    pair = replace(
        document(1, talk=dialogue("Halo", "Selamat pagi! " * 9 + "a")), rejected="Selamat pagi! " * 9 + "b"
    )
    assert len(rows_of(pair, phase(DPO, max_tokens=512), WRITER).rows) == 1
    written = rows_of(pair, phase(DPO, max_tokens=24), WRITER)
    assert written.dropped is not None and written.dropped.reason == "nothing left to learn"
    spelt = replace(document(1, talk=dialogue("Halo", "Pagi!")), rejected="a<|im_end|>")
    dropped = rows_of(spelt, phase(DPO), WRITER).dropped
    assert dropped is not None and dropped.reason == "spells out a control token"


def test_a_dialogue_without_a_rejected_answer_in_a_dpo_phase_names_source_and_fix() -> None:
    with pytest.raises(
        DataError, match=r'Phase dpo learns preferences .* "berita" has no rejected answer \(berita'
    ):
        rows_of(document(1, talk=TALK), phase(DPO), WRITER)


def test_what_is_dropped_unread_counts_its_plain_text() -> None:
    written = rows_of(document(1, "satu <|im_end|>"), phase(CPT), WRITER)
    assert written.n_tokens == len(TOKENIZER("satu <|im_end|>").input_ids)
