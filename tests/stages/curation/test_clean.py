"""The stage clean as a whole: what it writes, for any number of workers."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rantau import files
from rantau.errors import RecipeError, SourceError
from rantau.files import parquet
from rantau.recipe import Recipe
from rantau.stages.curation.stage import CLEAN
from tests.stages.curation.given import build, gathered, recipe, talk, text

WORDS = (
    "sawah padi petani beras air hujan laut ikan nelayan perahu kota mobil jalan lampu bus guru murid buku".split()
)
ITEM = "Seekor kancil yang cerdik menipu kawanan buaya agar dapat menyeberangi sungai yang lebar itu"


def sentence(i: int) -> str:
    """Twelve words in an order of its own, so that no two sentences are near duplicates."""
    order = np.random.default_rng(i).permutation(len(WORDS))[:12]
    return " ".join(WORDS[j] for j in order).capitalize() + f" nomor {i}."


def asked(base: Path, **curation: Any) -> Recipe:
    plain = {"language": {"detector": "none"}, "held_out_words": 0, "quality": {"thresholds": "none"}}
    return recipe(base, ["news"], curation=plain | curation)


def reasons(folder: Path, stage: str = "clean") -> Counter[str]:
    return Counter(row["reason"] for row in files.read_appended_jsonl(folder / stage / "dropped.jsonl"))


def kept(folder: Path, stage: str = "clean") -> list[str]:
    return [row["id"] for row in files.read_parquet(folder / stage / "documents" / "news.parquet")]


def test_the_first_of_equal_and_of_almost_equal_rows_stays(tiny_base: Path, tmp_path: Path) -> None:
    long = " ".join(sentence(i) for i in range(6))
    rows = [long, sentence(9), long.upper(), long.replace("nomor 5", "nomor lima"), sentence(10)]
    given = asked(tiny_base)
    gathered(given, tmp_path, {"news": [text(t, i) for i, t in enumerate(rows)]})
    build(CLEAN, given, tmp_path)
    assert kept(tmp_path) == ["news:0", "news:1", "news:4"]
    assert reasons(tmp_path) == {"exact duplicate": 1, "near duplicate": 1}


def test_caps_let_rows_repeat_on_purpose_and_no_further(tiny_base: Path, tmp_path: Path) -> None:
    rows = [talk("Siapa kamu?", "Saya Rantau.", i, "news", subset_name="identity") for i in range(9)]
    rows += [talk(f"Apa {i}?", sentence(i), i, "news", subset_name="wiki") for i in range(10, 30)]
    caps = [
        {"source": "news", "by": "subset_name", "values": ["identity"], "most_copies": 3},
        {"source": "news", "by": "subset_name", "values": ["wiki"], "most_rows": 8},
    ]
    given = asked(tiny_base, caps=caps)
    gathered(given, tmp_path, {"news": rows})
    build(CLEAN, given, tmp_path)
    assert kept(tmp_path)[:3] == ["news:0", "news:1", "news:2"]
    assert len(kept(tmp_path)) == 3 + 8
    assert reasons(tmp_path) == {"exact duplicate": 6, "over the cap of subset_name": 12}
    with pytest.raises(RecipeError, match='no row of news has subset_name "identiti"'):
        build(CLEAN, asked(tiny_base, caps=[caps[0] | {"values": ["identiti"]}]), tmp_path, "other-")


@pytest.mark.parametrize("on_hit", ["drop", "mark"])
def test_a_planted_test_item_is_found_and_told(tiny_base: Path, tmp_path: Path, on_hit: str) -> None:
    files.write_jsonl(tmp_path / "bench.jsonl", [{"q": ITEM}, {"q": sentence(999)}])
    contamination = {"benchmarks": [{"name": "kancil", "path": "bench.jsonl", "columns": ["q"]}], "on_hit": on_hit}
    given = asked(tiny_base, contamination=contamination)
    rows = [text(sentence(i), i) for i in range(20)] + [text(f"Dongeng: {ITEM.upper()}!", 77)]
    gathered(given, tmp_path, {"news": rows})
    build(CLEAN, given, tmp_path)
    assert ("news:77" in kept(tmp_path)) == (on_hit == "mark")
    assert reasons(tmp_path) == ({"holds a test item of kancil": 1} if on_hit == "drop" else {})
    told = files.read_json(tmp_path / "clean" / "contamination.json")["benchmarks"][0]
    assert (told["benchmark"], told["items"], told["hit"], told["documents"]) == ("kancil", 2, 1, 1)


def test_a_missing_benchmark_is_named_before_anything_runs(tiny_base: Path, tmp_path: Path) -> None:
    contamination = {"benchmarks": [{"name": "kancil", "path": "bench.jsonl", "columns": ["q"]}]}
    assert CLEAN.fingerprint
    with pytest.raises(SourceError, match=r"benchmarks\.kancil: .*bench\.jsonl: no such file"):
        CLEAN.fingerprint(asked(tiny_base, contamination=contamination), tmp_path)


def test_personal_data_is_masked_and_counted_and_languages_are_told(tiny_base: Path, tmp_path: Path) -> None:
    indonesian = (
        "Menurut polisi setempat, kecelakaan itu terjadi karena jalan di depan pasar rusak sejak bulan lalu."
    )
    english = "The police said on Tuesday that the accident happened because the road had been broken for weeks."
    rows = [text(f"{indonesian} Hubungi budi@contoh.id.", 1), text(english, 2), text("Halo.", 3)]
    given = asked(tiny_base, language={"detector": "both"})
    gathered(given, tmp_path, {"news": rows})
    build(CLEAN, given, tmp_path)
    assert kept(tmp_path) == ["news:1", "news:3"]
    assert reasons(tmp_path) == {"not in Indonesian": 1}
    assert "[email]" in next(files.read_parquet(tmp_path / "clean" / "documents" / "news.parquet"))["text"]
    assert files.read_json(tmp_path / "clean" / "pii.json") == {"news": {"email": 1}}
    told = files.read_json(tmp_path / "clean" / "languages.json")["news"]
    assert told["untold"] == 1
    assert "Banjarese" in {language["name"] for language in told["cannot_tell"]}


def test_rows_of_equal_meaning(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder stands aside: rows 3 and 7 get one vector."""

    def encode(texts: list[str], encoder: str) -> Any:
        return np.eye(len(texts), dtype=np.float32)[[3 if i == 7 else i for i in range(len(texts))]]

    monkeypatch.setattr("rantau.model.encoder.encode", encode)
    given = asked(tiny_base, semantic_duplicates={"encoder": "package:none"})
    gathered(given, tmp_path, {"news": [text(sentence(i), i) for i in range(10)]})
    build(CLEAN, given, tmp_path)
    assert "news:7" not in kept(tmp_path)
    assert reasons(tmp_path) == {"semantic duplicate": 1}


def test_workers_change_nothing(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 16)
    given = asked(tiny_base)
    gathered(given, tmp_path, {"news": [text(sentence(i % 50), i) for i in range(70)]})
    for workers in (1, 2):
        build(CLEAN, given, tmp_path, f"{workers}-", workers=workers)
    assert files.sha256_folder(tmp_path / "1-clean") == files.sha256_folder(tmp_path / "2-clean")
    assert len(kept(tmp_path, "1-clean")) == 50
