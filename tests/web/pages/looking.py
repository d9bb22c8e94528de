"""What a look at a page finds: things cut or too wide, texts too pale, controls without a name."""

from __future__ import annotations

import os
from pathlib import Path

from tests.browser import Browser

HERE = Path(__file__).parent
NAMED = (
    "button", "link", "textbox", "combobox", "searchbox", "spinbutton", "slider", "radio", "checkbox", "tab",
    "dialog", "image", "navigation", "progressbar",
)  # fmt: skip


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


def shots(default: Path) -> Path:
    """Where pictures go: RANTAU_SHOTS, or a folder that goes with the test."""
    return Path(os.environ.get("RANTAU_SHOTS") or default)
