from rantau.records import AnswerPair
from rantau.stages.evaluation.prompts.items import plain_prompt
from rantau.stages.evaluation.samples import ordered


def sample(item_id: str, base: float, adapted: float) -> AnswerPair:
    return AnswerPair(item_id, "p", "r", "b", "a", base, adapted, "en", "id")


def test_all_answers_are_there_and_the_worst_is_last() -> None:
    rows = ordered(
        [sample("d", 10, 5), sample("a", 0, 50), sample("c", 7, 7), sample("b", 7, 7), sample("e", 1, 3)]
    )
    assert [r["item_id"] for r in rows] == ["a", "e", "b", "c", "d"]
    assert [r["why"] for r in rows] == ["best", "median", "median", "median", "worst"]
    assert [r["gain"] for r in rows] == [50, 2, 0, 0, -5]
    assert list(rows[0]) == [
        "item_id", "prompt", "reference", "base", "adapted", "chrf_base", "chrf_adapted", "language_base",
        "language_adapted", "gain", "why",
    ]  # fmt: skip


def test_thirds() -> None:
    whys = [r["why"] for r in ordered([sample(str(i), 0, i) for i in range(9)])]
    assert whys == ["best"] * 3 + ["median"] * 3 + ["worst"] * 3


def test_two_answers_are_best_and_worst() -> None:
    assert [r["why"] for r in ordered([sample("a", 0, 1), sample("b", 0, 2)])] == ["best", "worst"]


def test_a_single_question_is_shown_bare_and_a_talk_with_its_roles() -> None:
    assert plain_prompt([{"role": "user", "content": "Apa?"}]) == "Apa?"
    talk = [{"role": "system", "content": "S"}, {"role": "user", "content": "Apa?"}]
    assert plain_prompt(talk) == "system: S\nuser: Apa?"
