"""Fixtures that several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny import build_tiny_base


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random Llama with tokenizer and ChatML template: `model.base` of fast tests. Read only."""
    import torch

    torch.set_num_threads(1)  # small matrices gain nothing from threads, and busy cores make them wait
    return build_tiny_base(tmp_path_factory.mktemp("tiny-base"))
