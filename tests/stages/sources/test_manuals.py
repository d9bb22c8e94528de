"""ChatterBot conversations and Python's manual, as packages ship them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from rantau.errors import DataError
from tests.stages.sources.given import read

PAGE = """The "assert" statement
**********************

Assert statements are a convenient way to insert debugging assertions
into a program while somebody is still writing that program.

   assert_stmt ::= "assert" expression ["," expression]

   if __debug__:
       if not expression: raise AssertionError

Short one.

* An item of a list is prose as well, as long as it has enough words
  and hangs below its mark.
"""


def test_prose_of_the_manual_is_read_without_running_it(tmp_path: Path) -> None:
    (tmp_path / "topics.py").write_text(f"raise_if_run = None\ntopics = {{'assert': {PAGE!r}}}\n")
    documents, dropped = read(tmp_path, "topics.py", holdout={"by": "topic"})
    assert [d.text for d in documents] == [
        "Assert statements are a convenient way to insert debugging assertions into a program while somebody "
        "is still writing that program.",
        "An item of a list is prose as well, as long as it has enough words and hangs below its mark.",
    ]
    assert {d.group for d in documents} == {"topic:assert"}
    assert sorted(d.reason for d in dropped) == [
        "code, table or heading",
        "code, table or heading",
        "fewer than 12 words",
        "fewer than 12 words",
    ]


@pytest.mark.parametrize("code", ["topics = make()", "topics = [1]", "topics = {", ""])
def test_a_module_without_a_dict_of_texts(tmp_path: Path, code: str) -> None:
    (tmp_path / "topics.py").write_text(code + "\n# end\n")
    with pytest.raises(DataError, match="is not a module that sets one dict of texts"):
        read(tmp_path, "topics.py")


def test_conversations_alternate_and_end_on_an_answer(tmp_path: Path) -> None:
    (tmp_path / "salam.yml").write_text(
        "categories:\n- salam\nconversations:\n- - Halo\n  - Hai\n  - Apa kabar?\n- - Halo\n"
        "- - Tahun berapa?\n  - 1945\n"
        "- - Halo\n  -\n"
    )
    documents, dropped = read(tmp_path, "salam.yml")
    assert [d.content for d in documents] == ["Halo\nHai", "Tahun berapa?\n1945"]
    assert [m.role for m in documents[0].dialogue.messages] == ["user", "assistant"]  # type: ignore[union-attr]
    assert documents[0].fields == {"file": "salam", "categories": "salam"}
    assert [(d.row, d.reason) for d in dropped] == [(2, "nobody answers"), (4, "empty turn")]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [("conversations: [a", "not YAML"), ("kata: 1", "needs the key conversations"), ("- a", "needs the key")],
)
def test_broken_conversations(tmp_path: Path, yaml: str, message: str) -> None:
    (tmp_path / "a.yml").write_text(yaml)
    with pytest.raises(DataError, match=message):
        read(tmp_path, "a.yml")


@pytest.mark.skipif(find_spec("chatterbot_corpus") is None, reason="needs chatterbot-corpus")
def test_the_real_conversations() -> None:
    documents, dropped = read(Path(), "package:chatterbot_corpus/data/indonesian", shape="chatterbot")
    assert (len(documents), len(dropped)) == (163, 0)
    assert len({d.id for d in documents}) == 163


def test_the_real_manual() -> None:
    documents, _ = read(Path(), "package:pydoc_data/topics.py")
    assert sum(len(d.text) for d in documents) > 150_000
    assert not [d for d in documents if "::=" in d.text or "\n" in d.text]
