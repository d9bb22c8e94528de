"""The stage: sums, files, determinism, messages."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rantau import files
from rantau.chat import encode, encode_text, template_for
from rantau.errors import DataError
from rantau.model.tokenizer import load_tokenizer
from rantau.records import Document
from tests.stages.curation.given import curate, drawn, recipe, talk, text

ENGLISH = "The police said on Tuesday that the accident happened because the building was not built well enough."
NEWS = [
    f"Menurut polisi setempat, kecelakaan nomor {i} terjadi karena {w} bangunan itu tidak dibuat dengan baik."
    for i, w in enumerate(("atap", "dinding", "lantai", "tangga", "pagar", "tiang", "pintu", "jendela"))
]
PIECES = st.lists(st.sampled_from([*NEWS, ENGLISH, "", "Halo.", NEWS[0].upper(), "a <|im_end|> b"]), max_size=12)


@given(PIECES, PIECES, st.lists(st.sampled_from(NEWS), max_size=2), st.integers(1, 5))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_documents_in_are_kept_or_dropped_with_a_reason(
    tmp_path: Path, tiny_base: Path, a: list[str], b: list[str], held: list[str], n: int
) -> None:
    documents = {
        "news": [text(t, i, "news") for i, t in enumerate([*a, "Kalimat yang selalu tinggal di sini."])],
        "more": [text(t, i, "more") for i, t in enumerate(b)],
    }
    asked = recipe(
        tiny_base,
        ["news", "more"],
        curation={"sampling": [{"sources": ["more"], "steps": [{"name": "few", "method": "random", "n": n}]}]},
    )
    result = curate(asked, tmp_path, documents, {"news": [text(t, i) for i, t in enumerate(held)]})
    counts = files.read_json(tmp_path / "mix" / "counts.json")
    dropped = [
        d for stage in ("clean", "mix") for d in files.read_appended_jsonl(tmp_path / stage / "dropped.jsonl")
    ]
    dropped += files.read_parquet(tmp_path / "select" / "not_drawn.parquet")
    assert result.documents_in == result.kept + result.dropped == len(a) + 1 + len(b)
    assert result.dropped == len(dropped) == sum(sum(c["dropped"].values()) for c in counts.values())
    assert all(c["in"] == c["kept"] + sum(c["dropped"].values()) for c in counts.values())
    assert len({d["id"] for d in dropped}) == len(dropped)
    kept_ids = {d.id for d in drawn(tmp_path, "cpt")}
    assert not kept_ids & {d["id"] for d in dropped}
    texts = {d.text for d in drawn(tmp_path, "cpt")}
    assert not texts & {ENGLISH, "", *held, "a <|im_end|> b"}


def both(tiny_base: Path, **changes: object) -> tuple[object, dict[str, list[Document]]]:
    documents = {
        "news": [text(t, i, "news") for i, t in enumerate(NEWS)],
        "chat": [
            talk(f"Apa isi berita {i}?", t.replace("polisi", "saksi"), i, "chat") for i, t in enumerate(NEWS)
        ],
    }
    phases = [
        {"name": "cpt", "kind": "cpt", "mixture": {"news": 1.0}},
        {"name": "sft", "kind": "sft", "mixture": {"chat": 1.0}, "tokens": 300},
    ]
    return recipe(tiny_base, ["news", "chat"], phases=phases, **changes), documents


def test_composition_counts_what_training_will_see(tmp_path: Path, tiny_base: Path) -> None:
    asked, documents = both(tiny_base, formatting={"system_prompt": "Jawab singkat."})
    curate(asked, tmp_path, documents)  # type: ignore[arg-type]
    tokenizer = load_tokenizer(asked.model)  # type: ignore[attr-defined]
    template = template_for(asked.formatting, tokenizer)  # type: ignore[attr-defined]
    cpt, sft = json.loads((tmp_path / "mix" / "composition.json").read_text())
    assert cpt["documents"] == len(NEWS)
    assert cpt["tokens"] == sum(len(encode_text(tokenizer, d.text)) for d in drawn(tmp_path, "cpt"))
    assert sft["tokens"] == sum(
        len(encode(template, tokenizer, d.dialogue, system_prompt="Jawab singkat.").ids)
        for d in drawn(tmp_path, "sft")
        if d.dialogue
    )
    assert (sft["asked_tokens"], sft["share"], sft["license"], sft["language"]) == (300, 1.0, "MIT", "ind")
    assert 0 < sft["documents"] < len(NEWS)


def test_two_runs_write_the_same_bytes_whatever_lies_there(tmp_path: Path, tiny_base: Path) -> None:
    asked, documents = both(tiny_base)
    curate(asked, tmp_path, documents, out="one-")  # type: ignore[arg-type]
    (tmp_path / "two-mix" / "phases").mkdir(parents=True)
    (tmp_path / "two-mix" / "phases" / "cpt.parquet").write_bytes(b"left by a killed run")
    curate(asked, tmp_path, documents, out="two-")  # type: ignore[arg-type]
    for stage in ("clean", "select", "mix"):
        assert files.sha256_folder(tmp_path / f"one-{stage}") == files.sha256_folder(tmp_path / f"two-{stage}")


def test_overlap_and_language_can_be_switched_off(tmp_path: Path, tiny_base: Path) -> None:
    documents = {"news": [text(NEWS[0], 1), text(NEWS[0], 2), text(ENGLISH, 3)]}
    heldout = {"news": [text(NEWS[0], 9)]}
    off = {"held_out_words": 0, "exact_duplicates": "keep", "language": {"detector": "none"}}
    kept = curate(recipe(tiny_base, ["news"], curation=off), tmp_path, documents, heldout)
    assert kept.kept == 3
    assert files.read_json(tmp_path / "mix" / "counts.json")["news"]["untold_language"] == 0
    with pytest.raises(DataError, match="the source news has no document to train on"):
        curate(recipe(tiny_base, ["news"]), tmp_path, documents, heldout)


def test_held_out_text_of_another_source_counts(tmp_path: Path, tiny_base: Path) -> None:
    documents = {"news": [text(t, i) for i, t in enumerate(NEWS)]}
    curate(recipe(tiny_base, ["news", "more"]), tmp_path, documents, {"more": [text(NEWS[3], 1, "more")]})
    assert NEWS[3] not in {d.text for d in drawn(tmp_path, "cpt")}
    assert "shares text with held-out rows" in (tmp_path / "clean" / "dropped.jsonl").read_text()


def test_running_text_in_an_sft_phase_is_refused(tmp_path: Path, tiny_base: Path) -> None:
    phases = [{"name": "sft", "kind": "sft", "mixture": {"news": 1.0}}]
    asked = recipe(tiny_base, ["news"], phases=phases)
    with pytest.raises(
        DataError, match=r"phases\.sft is kind: sft, but news:1 of the source news is running text"
    ):
        curate(asked, tmp_path, {"news": [text(NEWS[0])]})
