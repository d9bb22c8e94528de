"""rantau data sample from the command line: what it writes, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.flow.small import rantau

SUBSETS = ("puisi", "tanya", "wiki")
TOPICS = (
    "sawah padi petani menanam beras air hujan musim panen",
    "laut ikan nelayan perahu ombak jaring pantai garam angin",
    "kota mobil jalan macet lampu bus kereta gedung kantor",
)
STEPS = """\
      steps:
        - {{name: some, method: filter, where: {{subset_name: [puisi, tanya, wiki]}}, expression: n_words > 3}}
        - {{name: even, method: per_group, by: [subset_name], n: 40}}
        - {{name: topics, method: cluster, k: {k}, per_cluster: 20, maps: {maps}, features: {{parts: [{part}]}}}}
"""
RECIPE = """\
name: sample
language: {{target: ind}}
sources:
  - {{name: rows, path: rows.jsonl, language: ind, license: CC0-1.0, on_bad_row: drop, holdout: {{share: 0}}}}
curation:
  language: {{detector: none}}
  near_duplicates: {{method: none}}
  contamination: {{benchmarks: [{{name: planted, path: bench.jsonl, columns: [q]}}], on_hit: mark}}
  sampling:
    - sources: [rows]
"""


def rows(n: int = 180) -> list[dict[str, object]]:
    found = []
    for i in range(n):
        words = TOPICS[i % 3].split()
        answer = " ".join(words[(i // 3 + j * (1 + i % 5)) % len(words)] for j in range(8)) + f" {i}"
        found.append({"subset_name": SUBSETS[i // 3 % 3], "input": f"Ceritakan tentang {i}.", "output": answer})
    return found


def project(
    folder: Path, given: list[dict[str, object]] | None = None, *, k: object = 3, part: str = "",
    maps: str = "[pca, tsne]",
) -> Path:  # fmt: skip
    """maps: UMAP takes 20 s to get ready"""
    text = "\n".join(json.dumps(row) for row in (rows() if given is None else given))
    (folder / "rows.jsonl").write_text(text)
    (folder / "bench.jsonl").write_text(json.dumps({"q": rows()[0]["output"]}))
    recipe = folder / "sample.yaml"
    recipe.write_text((RECIPE + STEPS).format(k=k, maps=maps, part=part or "{kind: tfidf, of: answer, svd: 8}"))
    return recipe


def test_a_sample_its_page_and_its_figures(tmp_path: Path) -> None:
    project(tmp_path, maps="[pca, tsne, umap]")
    result = rantau("data", "sample", "sample.yaml", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert [(s["name"], s["in"], s["kept"]) for s in told["steps"]] == [
        ("some", 180, 180), ("even", 180, 120), ("topics", 120, 60),
    ]  # fmt: skip
    run = tmp_path / "runs" / "sample"
    kept = pq.read_table(run / "stages" / "select" / "documents" / "rows.parquet")["id"].to_pylist()
    not_drawn = pq.read_table(run / "stages" / "select" / "not_drawn.parquet")["id"].to_pylist()
    assert len(kept) == len(set(kept)) == 60
    assert not set(kept) & set(not_drawn)
    assert len(kept) + len(not_drawn) == 180
    table = pq.read_table(run / "sample.parquet").to_pylist()
    assert [row["id"] for row in table] == kept
    answers = {f"rows:{i}": row["output"] for i, row in enumerate(rows(), start=1)}
    assert {row["id"]: row["answer"] for row in table} == {id_: answers[id_] for id_ in kept}
    assert {row["cluster"] for row in table} == {0, 1, 2}
    assert {row["subset_name"] for row in table} == set(SUBSETS)
    page = (run / "selection.html").read_text()
    assert "<svg" in page
    assert all(title in page for title in ("PCA", "t-SNE", "UMAP"))
    assert "planted" in page
    assert list((run / "stages" / "selection" / "figures").glob("topics-*.svg"))
    again = rantau("data", "sample", "sample.yaml", cwd=tmp_path)
    assert "nothing to do: all 4 stages are unchanged" in again.stdout
    one = rantau("data", "sample", "sample.yaml", "--workers", "1", "--store", "other", "--json", cwd=tmp_path)
    digests = [{s["stage"]: s["digest"] for s in json.loads(r)["stages"]} for r in (result.stdout, one.stdout)]
    assert digests[0] == digests[1]


def test_the_plan_needs_no_data(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "rows.jsonl").unlink()
    result = rantau("data", "sample", "sample.yaml", "--plan", "--population", "1000000", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert [line.split()[-1] for line in result.stdout.splitlines()[1:]] == ["1,000,000", "120", "60"]


MIXED: list[dict[str, object]] = [{"subset_name": 7 if i % 2 else "puisi", **{k: v for k, v in r.items() if k != "subset_name"}} for i, r in enumerate(rows(30))]  # fmt: skip  # noqa: E501
HUGE: list[dict[str, object]] = [
    *rows(60),
    {"subset_name": "wiki", "input": "Apa?", "output": "kata " * 2_000_000},
]
EQUAL: list[dict[str, object]] = [{"subset_name": "wiki", "input": f"Apa {i}?", "output": "sama saja kata ini"} for i in range(30)]  # fmt: skip  # noqa: E501

REFUSED: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: project(f, part="{kind: one_hot, columns: [subset_nam]}"), "Did you mean subset_name?"),
    (lambda f: project(f, part="{kind: embedding, encoder: 'package:no_such_encoder'}"), "no_such_encoder"),
    (lambda f: project(f, part="{kind: tfidf, ngram: [1, 2]}"), "Did you mean ngrams?"),
    (lambda f: (project(f), _say(f, "n_words > 3", "n_wrds > 3")), "n_words"),
    (lambda f: (project(f), _say(f, "by: [subset_name]", "by: [subset]")), "Did you mean subset_name?"),
    (lambda f: (project(f), _say(f, "name: even", "name: some")), "two steps of curation.sampling are named some"),
]


def _say(folder: Path, old: str, new: str) -> None:
    recipe = folder / "sample.yaml"
    recipe.write_text(recipe.read_text().replace(old, new))


@pytest.mark.parametrize(("spoil", "message"), REFUSED)
def test_what_cannot_be_drawn_is_said_in_words(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(tmp_path)
    result = rantau("data", "sample", "sample.yaml", "--quiet", cwd=tmp_path)
    assert result.returncode in (1, 2), result.stdout
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list((tmp_path / "runs").glob("*"))


def test_fewer_rows_than_clusters_are_said(tmp_path: Path) -> None:
    project(tmp_path, k=500)
    result = rantau("data", "sample", "sample.yaml", "--quiet", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "topics: 120 rows make 120 clusters, not 500" in result.stdout


def test_one_row_is_kept(tmp_path: Path) -> None:
    project(tmp_path, rows(1), part="{kind: tfidf, of: answer, svd: 8, min_df: 1}")
    result = rantau("data", "sample", "sample.yaml", "--json", "--quiet", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["steps"][-1]["kept"] == 1


@pytest.mark.parametrize(
    ("given", "kept"), [(MIXED, 15), (HUGE, 60), (EQUAL, 30)], ids=["mixed", "10 MB", "equal"]
)
def test_odd_rows_are_drawn_or_counted(tmp_path: Path, given: list[dict[str, object]], kept: int) -> None:
    """Mixed types are read as text; a row of 10 MB is left out with its reason; equal answers have one cluster."""
    project(tmp_path, given)
    result = rantau("data", "sample", "sample.yaml", "--json", "--quiet", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    steps = json.loads(result.stdout)["steps"]
    assert steps[0]["in"] == len(given) - (given is HUGE)
    assert steps[-1]["kept"] == min(kept, 60)
    dropped = (tmp_path / "runs" / "sample" / "stages" / "clean" / "dropped.jsonl").read_text()
    assert ("longer than 20000 characters" in dropped) == (given is HUGE)
