"""What a look at a page finds: things cut or too wide, texts too pale, controls without a name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.browser import Browser

HERE = Path(__file__).parent
NAMED = (
    "button", "link", "textbox", "combobox", "searchbox", "spinbutton", "slider", "radio", "checkbox", "tab",
    "dialog", "image", "navigation", "progressbar",
)  # fmt: skip
AXE = {"resultTypes": ["violations"], "rules": {"region": {"enabled": False}}}


def script(name: str) -> str:
    """A script of the tests."""
    return (HERE / "scripts" / f"{name}.js").read_text(encoding="utf-8")


def faults(page: Browser, *, pale: bool = True) -> list[str]:
    """All that is wrong with what is shown now. pale: texts without contrast, too"""
    if not page.run("typeof measures === 'object'"):
        page.run(script("measures"))
    width, window = page.run("[document.documentElement.scrollWidth, innerWidth]")
    found = [f"{width} wide in {window}"] if width > window else []
    for name in ("tooWide", "cutOff", "structure", *(["pale"] if pale else [])):
        found += page.run(f"measures.{name}()")
    return found + nameless(page)


def nameless(page: Browser) -> list[str]:
    nodes = [node for node in page.accessible() if node["role"] in NAMED]
    return [f"no name: {node['role']}" for node in nodes if not str(node["name"]).strip()]


def axe_source() -> str | None:
    """axe-core, where it is: RANTAU_AXE names its file, else npm has put it into node_modules."""
    places = [os.environ.get("RANTAU_AXE", ""), HERE.parents[2] / "node_modules/axe-core/axe.min.js"]
    found = next((Path(place) for place in places if str(place) and Path(place).is_file()), None)
    return found.read_text(encoding="utf-8") if found else None


def axe_faults(page: Browser, source: str) -> list[str]:
    if not page.run("typeof axe === 'object'"):
        page.run(f"{source}; true")
    told: list[dict[str, Any]] = page.run(f"axe.run(document, {json.dumps(AXE)}).then(told => told.violations)")
    return [f"{v['id']}: {v['help']}: {node['html'][:120]}" for v in told for node in v["nodes"]]


def shots(default: Path) -> Path:
    """Where pictures go: RANTAU_SHOTS, or a folder that goes with the test."""
    return Path(os.environ.get("RANTAU_SHOTS") or default)
