"""Scripts, styles and templates: nothing runs a text, nothing comes from elsewhere, nothing knows a left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.web.pages.sources import PAGES, SCRIPTS, STYLES, TEMPLATES, without_comments

SINKS = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc",
    "createContextualFragment", "DOMParser", "setHTML", "localStorage", "javascript:", "cssText",
    "document.cookie",
    "createPolicy", "setTimeout(\"", "import(",
)  # fmt: skip


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_nodes_only(path: Path) -> None:
    text = without_comments(path.read_text(encoding="utf-8"))
    assert [sink for sink in SINKS if sink in text] == []
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)[\w.]", text)


def test_only_our_own_paths_are_imported() -> None:
    for path in SCRIPTS:
        for target in re.findall(r"from \"([^\"]+)\"", path.read_text(encoding="utf-8")):
            assert target.startswith("."), (path.name, target)
            assert (path.parent / target).resolve() in SCRIPTS, (path.name, target)


def test_every_name_that_is_imported_is_exported_and_used() -> None:
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        for names, target in re.findall(r"import \{([^}]+)\} from \"([^\"]+)\"", text):
            there = (path.parent / target).resolve().read_text(encoding="utf-8")
            for name in (n.strip() for n in names.split(",")):
                exported = rf"export (?:async )?(?:function|const|class|let) \*?{name}\b"
                assert re.search(exported, there), (path.name, name, target)
                assert len(re.findall(rf"(?:\.\.\.|(?<![\w.])){name}\b", text)) > 1, (
                    f"{path.name} imports {name} for nothing"
                )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_script_and_no_style(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\|safe|autoescape|https?://", text)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_know_no_left_and_right(path: Path) -> None:
    """Logical properties turn with the writing; code stays as it is."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = text.replace("text-align: left; }", "}", text.count(".said pre {"))
    sided = (
        r"(?:margin|padding|border)-(?:left|right)|[{;]\s*(?:left|right|float)\s*:|text-align:\s*(?:left|right)"
    )
    assert re.findall(sided, text) == []
    assert not re.findall(r"@import|url\(|https?:", text)


def test_files_are_small() -> None:
    """A file tells one thing."""
    for path in SCRIPTS:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 480, path.name
    assert sum(p.stat().st_size for p in (PAGES / "static").rglob("*") if p.is_file()) < 250_000
