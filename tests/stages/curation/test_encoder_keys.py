"""An encoder in a folder enters the keys of cleaning and sampling: other weights choose other rows."""

from pathlib import Path

import pytest

from rantau.model.encoder import load_encoder
from rantau.recipe import CorpusRecipe
from rantau.run.stage import Stage
from rantau.stages.curation.stage import CLEAN, SELECT

PART = {"kind": "embedding", "encoder": "encoder"}
STEP = {"name": "near", "method": "cluster", "n": 5, "features": {"parts": [PART]}}
CURATION = {
    "sampling": [{"sources": ["a"], "steps": [STEP]}],
    "semantic_duplicates": {"encoder": "encoder"},
}


def recipe(curation: dict[str, object]) -> CorpusRecipe:
    source = {"name": "a", "path": "a.txt", "language": "ind", "license": "CC0-1.0"}
    return CorpusRecipe.model_validate(
        {"name": "r", "language": {"target": "ind"}, "sources": [source], "curation": curation}
    )


@pytest.mark.parametrize("stage", [CLEAN, SELECT], ids=lambda s: s.name)
def test_other_weights_are_another_key(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert stage.fingerprint is not None
    monkeypatch.chdir(tmp_path)
    assert stage.fingerprint(recipe({}), tmp_path) == {}
    found = []
    for weights in (b"a", b"b", b"a"):
        load_encoder.cache_clear()
        (tmp_path / "encoder").mkdir(exist_ok=True)
        (tmp_path / "encoder/config.json").write_text('{"hidden_size": 4}')
        (tmp_path / "encoder/model.safetensors").write_bytes(weights)
        found.append(stage.fingerprint(recipe(CURATION), tmp_path))
    load_encoder.cache_clear()
    assert len(found[0]) == 1 and found[0] == found[2] != found[1]
