import math

import pytest

from rantau.recipe import HeldOutText
from rantau.records import Score
from rantau.stages.evaluation.likelihood.bits import text_scores
from rantau.stages.evaluation.likelihood.texts import TextScore
from rantau.stages.evaluation.scores import Resampling

RESAMPLING: Resampling = {"seed": 3, "n_resamples": 400, "confidence": 0.95}
TEXT = HeldOutText(name="berita", source="berita")
BASE = [TextScore("berita", f"b:{i}", nats, n_bytes, 10) for i, (nats, n_bytes) in enumerate([(30, 10), (50, 40), (9, 5)])]  # fmt: skip  # noqa: E501


def rows_of(adapted: list[TextScore]) -> dict[tuple[str, str], Score]:
    rows = text_scores(TEXT, BASE, adapted, context_tokens=512, resampling=RESAMPLING)
    return {(r.metric, r.system): r for r in rows}


def scaled(factor: float) -> list[TextScore]:
    return [TextScore(s.text, s.document_id, s.nats * factor, s.bytes, s.tokens) for s in BASE]


def test_bits_per_byte_is_a_ratio_of_sums() -> None:
    row = rows_of(scaled(1))["bits_per_byte", "base"]
    assert row.value == pytest.approx(89 / math.log(2) / 55)
    assert row.low is not None and row.high is not None and row.value is not None
    assert row.low < row.value < row.high
    assert (row.n, row.unit, row.better) == (3, "bits/byte", "lower")
    assert "max_bytes:1000|context_tokens:512" in row.signature and "seed 3" in row.signature


def test_equal_scores_change_nothing() -> None:
    row = rows_of(scaled(1))["bits_per_byte", "change"]
    assert (row.value, row.low, row.high, row.unit) == (0.0, 0.0, 0.0, "relative")


def test_a_change_that_all_documents_share_is_certain() -> None:
    row = rows_of(scaled(0.75))["bits_per_byte", "change"]
    assert (row.value, row.low, row.high) == pytest.approx((-0.25, -0.25, -0.25))


def test_bits_per_byte_does_not_depend_on_the_tokenizer_and_perplexity_does() -> None:
    finer = [TextScore(s.text, s.document_id, s.nats, s.bytes, 2 * s.tokens) for s in BASE]
    rows = rows_of(finer)
    assert rows["bits_per_byte", "adapted"].value == rows["bits_per_byte", "base"].value
    assert rows["perplexity", "base"].value == pytest.approx(math.exp(89 / 30))
    assert rows["perplexity", "adapted"].value == pytest.approx(math.exp(89 / 60))
    assert rows["perplexity", "change"].value is None
    assert "other tokens" in str(rows["perplexity", "change"].reason)


def test_the_change_of_perplexity_and_its_p_value() -> None:
    rows = rows_of(scaled(0.5))
    assert rows["perplexity", "change"].value == pytest.approx(math.exp(-89 / 60) - 1)
    assert rows["perplexity", "change"].unit == "relative"
    assert rows["bits_per_byte", "change"].p_value == pytest.approx(0.25, abs=0.02)  # 2 of 2^3 ways to flip


def test_domains_have_rows_of_their_own_and_one_document_has_words() -> None:
    parted = [
        TextScore(s.text, s.document_id, s.nats, s.bytes, s.tokens, "ab"[i // 2]) for i, s in enumerate(BASE)
    ]
    text = TEXT.model_copy(update={"by": "kota"})
    found = text_scores(text, parted, parted, context_tokens=512, resampling=RESAMPLING)
    rows = {(r.name, r.system): r for r in found if r.metric == "bits_per_byte"}
    assert rows["berita/a", "base"].value == pytest.approx(80 / math.log(2) / 50)
    assert (rows["berita/a", "base"].n, rows["berita/b", "base"].n) == (2, 1)
    assert rows["berita/b", "change"].value is None and "an interval needs 2" in str(
        rows["berita/b", "change"].reason
    )
    assert "by:kota" in rows["berita/a", "base"].signature and "by:" not in rows["berita", "base"].signature
