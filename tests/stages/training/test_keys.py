"""What is built anew when a recipe or the base's tokenizer changes, and what is not."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rantau.model.base import tokenizer_hash
from rantau.recipe import Recipe
from rantau.run.store import asked_for, key_of
from rantau.stages.curation.stage import MIX
from rantau.stages.formatting.stage import FORMAT
from rantau.stages.formatting.vocabulary.stage import VOCABULARY
from rantau.stages.training.stage import train_stage
from tests.stages.training.harness import recipe


def key(asked: Recipe) -> str:
    return key_of(asked_for(replace(train_stage(asked.phases[0], None), fingerprint=None), asked, Path(), {}))


@pytest.mark.parametrize(
    ("change", "same"),
    [({"claims": {"trainable": 7}}, True), ({"checkpoint_steps": 9}, True), ({"learning_rate": 0.5}, False)],
)
def test_how_a_phase_goes_is_in_no_key(tiny_base: Path, change: dict[str, Any], same: bool) -> None:
    assert (key(recipe(tiny_base)) == key(recipe(tiny_base, **change))) is same


def test_rows_are_written_anew_for_another_tokenizer_and_not_for_other_weights(
    tiny_base: Path, tmp_path: Path
) -> None:
    assert {stage.fingerprint for stage in (MIX, FORMAT, VOCABULARY)} == {tokenizer_hash}
    base = shutil.copytree(tiny_base, tmp_path / "base")
    asked = recipe(base)
    before = tokenizer_hash(asked, tmp_path)
    (base / "model.safetensors").write_bytes(b"other weights")
    assert tokenizer_hash(asked, tmp_path) == before
    (base / "tokenizer_config.json").write_text("{}")
    assert tokenizer_hash(asked, tmp_path) != before
