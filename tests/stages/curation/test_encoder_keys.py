"""An encoder in a folder enters the keys of cleaning and sampling: other weights choose other rows."""

from pathlib import Path

import pytest

from rantau.recipe import CorpusRecipe
from rantau.run.stage import Stage
from rantau.stages.curation.stage import CLEAN, SELECT
from tests.model.encoder_keys import fingerprints

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
    first, other, again = fingerprints(stage, recipe(CURATION), tmp_path, (b"a", b"b", b"a"))
    assert len(first) == 1 and first == again != other
