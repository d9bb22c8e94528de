"""The words: every entry and job survives the way through the broker; what is none is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rantau.errors import ServingError
from rantau.serving.protocol import (
    FINAL,
    REASONS,
    End,
    Entry,
    EntryId,
    Job,
    Phase,
    Tokens,
    Wish,
    of_fields,
    to_fields,
)

entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Tokens, st.text(), st.lists(st.integers(0, 2**31)).map(tuple)),
    st.builds(Phase, st.sampled_from(["prefill", "restarted"]), st.text()),
    st.builds(
        End,
        st.sampled_from(REASONS),
        st.sampled_from(FINAL),
        st.none() | st.integers(0, 9999),
        st.text(),
        digest=st.text(),
        dropped=st.integers(0, 99),
    ),
)
wishes = st.builds(Wish, st.integers(1, 99), stop=st.lists(st.text(), max_size=3).map(tuple), seed=st.none())


@given(entries)
def test_an_entry_survives_the_way(entry: Entry) -> None:
    assert of_fields(to_fields(entry)) == entry


@given(wishes, st.text(), st.text())
def test_a_job_survives_the_way(wish: Wish, owner: str, content: str) -> None:
    job = Job("g", owner, "m", ({"role": "user", "content": content},), wish, (1, 2), content)
    assert Job.of_json(job.to_json()) == job


def test_a_job_of_an_older_version_continues_nothing() -> None:
    row = json.loads(Job("g", "ana", "m", ()).to_json())
    assert row.pop("begun") == [] and row.pop("begun_text") == ""
    assert Job.of_json(json.dumps(row)) == Job("g", "ana", "m", ())


def test_a_job_that_may_be_cut_reads_as_before() -> None:
    """Workers of the version before take it; one that must be whole they would cut."""
    assert "whole" not in json.loads(Job("g", "ana", "m", ()).to_json())
    whole = Job("g", "ana", "m", (), whole=True)
    assert Job.of_json(whole.to_json()) == whole


def test_ids_are_ordered_as_numbers() -> None:
    ids = [EntryId.of(t) for t in ("1-9", "1-10", "2-3", "10-1")]
    assert ids == sorted(ids) and [str(i) for i in ids] == ["1-9", "1-10", "2-3", "10-1"]


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-1", "1-1-1", "1-١", "+1-1"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ServingError, match="no entry id"):
        EntryId.of(text)


@pytest.mark.parametrize(
    "fields", [{}, {"k": "tik"}, {"k": "end", "r": "eos", "s": "running"}, {"k": "ph", "p": "x"}]
)
def test_an_entry_of_another_kind_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ServingError, match="unknown kind"):
        of_fields(fields)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"generation": "g"}', '{"wish": {}, "messages": 3}'])
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(ServingError, match="cannot be read"):
        Job.of_json(text)
