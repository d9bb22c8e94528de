"""axe-core in a page: what it finds against the rules for accessible pages (WCAG 2, best practices)."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.browser import Browser


@cache
def source() -> str:
    """The script that the wheel in test-packages.txt carries; nothing of its Python is used."""
    found = find_spec("axe_playwright_python")
    assert found is not None and found.origin, "pip install --no-deps --require-hashes -r test-packages.txt"
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def axe_faults(page: Browser) -> list[str]:
    """One line for each element against each rule."""
    if not page.run("typeof axe === 'object'"):
        page.run(f"{source()}; true")
    told: list[dict[str, Any]] = page.run(
        "axe.run(document, {resultTypes: ['violations']}).then(t => t.violations)"
    )
    return [f"axe: {v['id']}: {v['help']}: {node['html'][:120]}" for v in told for node in v["nodes"]]
