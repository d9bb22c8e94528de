from hypothesis import given
from hypothesis import strategies as st

from rantau.stages.evaluation.draws import draw_evenly, even_quotas, ranked
from tests.stages.evaluation.fakes import dialogue, some_dialogues

SIZES = st.dictionaries(st.text(max_size=3), st.integers(0, 30), min_size=1, max_size=8)


@given(SIZES, st.integers(0, 100))
def test_quotas_sum_and_are_as_even_as_the_sizes_allow(sizes: dict[str, int], total: int) -> None:
    quotas = even_quotas(sizes, total)
    assert sum(quotas.values()) == min(total, sum(sizes.values()))
    assert all(0 <= quotas[name] <= sizes[name] for name in sizes)
    unfilled = [quotas[name] for name in sizes if quotas[name] < sizes[name]]
    assert not unfilled or max(quotas.values()) <= min(unfilled) + 1


def test_a_small_stratum_gives_all_and_the_others_share_the_rest() -> None:
    assert even_quotas({"a": 2, "b": 50, "c": 50}, 20) == {"a": 2, "b": 9, "c": 9}


def test_a_draw_does_not_depend_on_the_order_of_rows() -> None:
    documents = some_dialogues(30)
    drawn = draw_evenly(documents, 10, seed=1, name="prompts")
    assert drawn == draw_evenly(documents[::-1], 10, seed=1, name="prompts")
    assert [d.id for d in drawn] == sorted(d.id for d in drawn)
    assert sorted(len([d for d in drawn if d.fields["subset_name"] == s]) for s in ("kisah", "resep", "tanya")) == [3, 3, 4]  # fmt: skip  # noqa: E501


def test_seed_and_name_change_the_draw() -> None:
    documents = some_dialogues(30)
    orders = {tuple(d.id for d in ranked(documents, seed=s, name=n)) for s in (1, 2) for n in ("a", "b")}
    assert len(orders) == 4


def test_documents_without_a_subset_are_one_stratum() -> None:
    documents = [dialogue(i, f"Apa {i}?", "Ya.", subset="" if i < 20 else "kisah") for i in range(40)]
    drawn = draw_evenly(documents, 10, seed=1, name="prompts")
    assert sum("subset_name" not in d.fields for d in drawn) == 5
