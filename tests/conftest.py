"""Fixtures that several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import leftovers
from tests.tiny import build_tiny_base

WHOLE = tuple(f"tests/{room}/" for room in ("web/flow", "flow", "web/pages", "stages/training", "serving"))
"""Rooms whose files start processes and take minutes."""


settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    settings.load_profile("untimed")  # by itself an example may take 0.2 s
    leftovers.guard()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long first: else one of several workers ends alone with it (--no-loadscope-reorder)."""
    places = {room: place for place, room in enumerate(WHOLE)}
    items.sort(key=lambda item: next((places[r] for r in WHOLE if item.nodeid.startswith(r)), len(WHOLE)))


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random Llama with tokenizer and ChatML template: `model.base` of fast tests. Read only."""
    import torch

    torch.set_num_threads(1)  # small matrices gain nothing from threads, and busy cores make them wait
    return build_tiny_base(tmp_path_factory.mktemp("tiny-base"))
