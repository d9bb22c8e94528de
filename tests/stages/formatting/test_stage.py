"""The stage as a whole: files, counts, and the same bytes twice."""

from pathlib import Path
from typing import Any

import pytest

from rantau.errors import DataError, TrainingError
from rantau.files import read_appended_jsonl, read_json, read_parquet, sha256_folder
from rantau.records import Document
from rantau.stages.formatting.stage import FORMAT, Formatted, format_phases
from tests.chat.speech import dialogue, learnt_text
from tests.stages.formatting.rows import CPT, SFT, context, document
from tests.tiny import build_tiny_tokenizer


def documents() -> dict[str, list[Document]]:
    return {
        "cpt": [
            document(1, "Ibu kota Indonesia adalah Jakarta."),
            document(2, "Halo " * 100),
            document(3, "ujung <|endoftext|> teks"),
            document(1, "The quick brown fox.", source="english", language="eng"),
        ],
        "sft": [
            document(1, talk=dialogue("Halo", "Pagi!"), source="obrolan"),
            document(2, talk=dialogue("Halo", "Pagi!", "Apa kabar?", "Baik 😀."), source="obrolan"),
            document(3, talk=dialogue("Halo " * 100, "Pagi!"), source="obrolan"),
        ],
    }


def formatted(folder: Path, base: Path, **changes: Any) -> tuple[Formatted, Path]:
    ctx = context(folder, base, documents(), phases=[CPT, SFT], **changes)
    return format_phases(ctx), ctx.out


def test_rows_in_are_rows_out_and_rows_dropped(tmp_path: Path, tiny_base: Path) -> None:
    summary, out = formatted(tmp_path, tiny_base)
    counts = read_json(out / "counts.json")
    for name in ("cpt", "sft"):
        rows, count = list(read_parquet(out / f"{name}.parquet")), counts[name]
        assert count["rows"] == len(rows)
        assert count["rows_in"] == count["rows"] + sum(count["dropped"].values())
        assert count["tokens"] == sum(len(r["ids"]) for r in rows)
        assert count["learnt_tokens"] == sum(sum(r["learnt"]) for r in rows)
        assert count["longest"] == max(len(r["ids"]) for r in rows)
    assert counts["cpt"]["dropped"] == {"spells out a control token": 1}
    assert (counts["cpt"]["truncated"], counts["cpt"]["longest"]) == (1, 64)
    assert counts["sft"]["dropped"] == {"nothing left to learn": 1}
    dropped = [(d["phase"], d["id"], d["reason"]) for d in read_appended_jsonl(out / "dropped.jsonl")]
    assert dropped == [
        ("cpt", "berita:3", "spells out a control token"),
        ("sft", "obrolan:3", "nothing left to learn"),
    ]
    assert (summary.rows, summary.dropped, summary.truncated, summary.template) == (5, 2, 1, "own")


def test_each_whole_sft_row_ends_in_a_learnt_end_token(tmp_path: Path, tiny_base: Path) -> None:
    _, out = formatted(tmp_path, tiny_base)
    tokenizer = build_tiny_tokenizer()
    texts = [learnt_text(tokenizer, r["ids"], r["learnt"]) for r in read_parquet(out / "sft.parquet")]
    assert texts == ["Pagi!<|im_end|>", "Pagi!<|im_end|>Baik 😀.<|im_end|>"]


def test_the_system_prompt_is_written_and_not_learnt(tmp_path: Path, tiny_base: Path) -> None:
    _, out = formatted(tmp_path, tiny_base, formatting={"system_prompt": "Jawab singkat."})
    row = next(iter(read_parquet(out / "sft.parquet")))
    text = build_tiny_tokenizer().decode(row["ids"])
    assert text.startswith("<|im_start|>system\nJawab singkat.<|im_end|>\n<|im_start|>user\nHalo")
    assert learnt_text(build_tiny_tokenizer(), row["ids"], row["learnt"]) == "Pagi!<|im_end|>"


def test_fertility_has_a_row_a_source_and_language(tmp_path: Path, tiny_base: Path) -> None:
    _, out = formatted(tmp_path, tiny_base)
    table = read_json(out / "fertility.json")
    assert [(r["source"], r["language"], r["n_documents"]) for r in table] == [
        ("berita", "ind", 3),
        ("english", "eng", 1),
        ("obrolan", "ind", 3),
    ]
    assert table[1]["against_source_language"] == 1.0


def test_a_second_run_over_leftovers_writes_the_same_bytes(tmp_path: Path, tiny_base: Path) -> None:
    _, out = formatted(tmp_path, tiny_base)
    first = sha256_folder(out)
    (out / "cpt.parquet").write_bytes(b"cut")
    (out / "counts.json").unlink()
    _, again = formatted(tmp_path, tiny_base)
    assert sha256_folder(again) == first


def test_only_declared_slices_are_read(tmp_path: Path, tiny_base: Path) -> None:
    assert "phases" not in FORMAT.slices and "phases.*.loss_on" in FORMAT.slices
    formatted(tmp_path, tiny_base)  # Declared raises on any other


def test_running_text_in_an_sft_phase_stops_the_stage(tmp_path: Path, tiny_base: Path) -> None:
    wrong = {**documents(), "sft": [document(9, "Halo")]}
    ctx = context(tmp_path, tiny_base, wrong, phases=[CPT, SFT])
    with pytest.raises(DataError, match=r'Phase sft learns answers .* source "berita" has running text'):
        format_phases(ctx)
    assert not (ctx.out / "sft.parquet").exists()


def test_a_phase_without_rows_is_an_error_that_says_why(tmp_path: Path, tiny_base: Path) -> None:
    ctx = context(tmp_path, tiny_base, documents(), phases=[{**CPT, "max_tokens": 8, "over_long": "drop"}, SFT])
    with pytest.raises(
        TrainingError, match=r"none of 4 rows can be learnt \(3 longer than max_tokens, 1 spells out"
    ):
        format_phases(ctx)
