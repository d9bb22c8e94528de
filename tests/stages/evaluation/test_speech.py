"""Answers in the order of their file become draws of items, and each metric sees its cut."""

from rantau.recipe import Prompts
from rantau.records import Answer
from rantau.stages.evaluation.asked import Asked
from rantau.stages.evaluation.metrics.speech import speech_of


def asked(system: str, repeats: int) -> Asked:
    items = tuple(
        {
            "id": f"t:{i}",
            "prompt_messages": [{"role": "user", "content": f"apa {i}?"}],
            "reference": f" Rujukan {i} panjang ",
            "reference_cut": f"Rujukan {i}",
            "reference_cuts": {"2": "Ruj", "4": "Rujuk"},
            "reference_tokens": 8 if i else 3,
        }
        for i in range(3)
    )
    answers = tuple(
        Answer(f"t:{i}", "0", f"{system} {i}.{d} ", 5, d == 0, d, {"2": f"{system}2 {i}.{d}", "4": f"{system}4"})
        for i in range(3)
        for d in range(repeats)
    )
    return Asked((), items, answers, "")


def test_draws_and_cuts() -> None:
    prompts = Prompts(
        source="tanya", max_new_tokens=8, decoding="sampling", repeats=2, top_k=None,
        metric_tokens={"bleu": 2, "semantic": 4},
    )  # fmt: skip
    said = speech_of(asked("dasar", 2), asked("baru", 2), prompts)
    assert said.whole.base == (("dasar 0.0", "dasar 1.0", "dasar 2.0"), ("dasar 0.1", "dasar 1.1", "dasar 2.1"))
    assert said.whole.references[0] == "Rujukan 0 panjang" and said.whole.cut[0] == "Rujukan 0"
    assert said.ended_base == ((1.0,) * 3, (0.0,) * 3)
    assert said.references_end == (1.0, 0.0, 0.0)  # a reference of 8 tokens leaves no room for the end
    bleu, chrf = said.seen_by("bleu"), said.seen_by("chrf++")
    assert bleu.adapted[1] == ("baru2 0.1", "baru2 1.1", "baru2 2.1") and bleu.cut == ("Ruj",) * 3
    assert bleu.references == said.whole.references
    assert bleu.settings.endswith("|seen_tokens:2") and said.seen_by("semantic").cut == ("Rujuk",) * 3
    assert chrf is said.whole
    assert "decoding:sampling,temperature=1,top_k=all,top_p=1|answers_per_item:2|max_new_tokens:8" in chrf.settings


def test_greedy_answers_have_one_draw() -> None:
    said = speech_of(asked("dasar", 1), asked("baru", 1), Prompts(source="tanya", max_new_tokens=8))
    assert said.whole.adapted == (("baru 0.0", "baru 1.0", "baru 2.0"),)
    assert said.whole.settings == "form:NFC|decoding:greedy|max_new_tokens:8"
