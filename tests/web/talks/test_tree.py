"""The path that an answer follows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rantau.web.records.models import Message, Talk
from rantau.web.talks.creation import title_of
from rantau.web.talks.tree import merged, path_to, within


def turn(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def grow(talk: Talk, parent: Message | None, role: str, text: str, **fields: Any) -> Message:
    made: Message = Message.objects.create(
        talk=talk, parent=parent, role=role, text=text, author=talk.owner, **fields
    )
    return made


def test_a_branch_does_not_see_its_siblings(owner: Any) -> None:
    talk = Talk.objects.create(owner=owner)
    first = grow(talk, None, "user", "satu")
    grow(talk, first, "assistant", "lain", state="done")
    answer = grow(talk, first, "assistant", "jawab", state="done")
    grow(talk, answer, "user", "cabang lain")
    last = grow(talk, answer, "user", "dua")
    assert [t["content"] for t in path_to(last)] == ["satu", "jawab", "dua"]


def test_a_side_sees_its_latest_answer_with_text(owner: Any) -> None:
    talk = Talk.objects.create(owner=owner, mode="compare")
    first = grow(talk, None, "user", "satu")
    for text in ("lama", "baru", ""):
        grow(talk, first, "assistant", text, side="a", state="done")
    last = grow(talk, first, "user", "dua")
    assert [t["content"] for t in path_to(last, "a")] == ["satu", "baru", "dua"]
    assert [t["content"] for t in path_to(last, "b")] == ["satu\n\ndua"]


def test_a_question_without_an_answer_joins_the_next_one() -> None:
    said = [
        turn("assistant", "hai"),
        turn("user", "a"),
        turn("assistant", " "),
        turn("user", "b"),
        turn("assistant", "c"),
    ]
    assert merged(said) == [turn("user", "a\n\nb"), turn("assistant", "c")]


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.sampled_from(["", "x", "y" * 9])), max_size=12)
)
def test_roles_take_turns_from_a_question_on(said: list[tuple[str, str]]) -> None:
    found = merged([turn(role, text) for role, text in said])
    assert all(t["role"] == ("user", "assistant")[n % 2] for n, t in enumerate(found))


@given(st.integers(0, 9), st.integers(0, 60))
def test_the_newest_turns_stay(pairs: int, most: int) -> None:
    said = [turn(role, "12345") for _ in range(pairs) for role in ("user", "assistant")] + [turn("user", "12345")]
    kept, left_out = within(said, max_chars=most)
    assert kept == said[left_out:] and left_out % 2 == 0
    assert len(kept) == 1 or sum(len(t["content"]) for t in kept) <= most
    assert left_out == 0 or sum(len(t["content"]) for t in said[left_out - 2 :]) > most


def test_titles_end_at_a_word() -> None:
    assert title_of("Halo dunia") == "Halo dunia"
    long = title_of("Terjemahkan kalimat panjang ini ke dalam bahasa Inggris dengan tepat dan baik")
    assert long == "Terjemahkan kalimat panjang ini ke dalam bahasa Inggris…" and len(title_of("a" * 500)) == 61
