import pytest

from rantau.language import load_profile
from rantau.stages.evaluation.metrics.exact import exact_marks


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("Jakarta.", "jakarta", 1.0),
        ("  Ibu  kota: JAKARTA! ", "ibu kota Jakarta", 1.0),
        ("Jakarta Barat", "Jakarta", 0.0),
        ("?", "!", 0.0),
        ("+", "+", 1.0),
        ("", "Jakarta", 0.0),
        ("12,5", "12.5", 0.0),
    ],
)
def test_words_are_compared(answer: str, reference: str, expected: float) -> None:
    assert exact_marks((answer,), (reference,), profile=load_profile("ind")).tolist() == [[expected]]


def test_korean_particles_count() -> None:
    marks = exact_marks(("서울은", "서울"), ("서울", "서울!"), profile=load_profile("kor"))
    assert marks[:, 0].tolist() == [0.0, 1.0]
