"""Titles and captions of a study's figures."""

from __future__ import annotations

from rantau.stages.report.study.facts import StudyFacts

CAPTIONS = {
    "bleu": (
        "BLEU of every run",
        "A box an arm over its runs of answers, of all trainings: quartiles, median and reach; each point is "
        "a run. A box says how much decoding and seeds draw, not what other questions would give.",
    ),
    "rouge_means": (
        "ROUGE of every arm",
        "Bars are means over items and runs. The thin line is the interval over items, the thick one the "
        "standard deviation between runs. The dotted line is chance: the same answers held against the references "
        "of other prompts.",
    ),
    "rouge_runs": ("ROUGE of every run", "Boxes over the runs of answers; each point is a run."),
    "f1_means": (
        "Weighted F1 of every arm",
        "2 a / (1 + a) of the share a of answers that match their reference. The thin line is the interval over "
        "items, the thick one the standard deviation between runs, the dotted line chance.",
    ),
    "f1_runs": (
        "Weighted F1 of every run",
        "Each point is a run of answers, the upright line the mean of the arm.",
    ),
    "bits_per_byte": (
        "Bits per byte of held-out text",
        "Mean over the trainings, with the interval over documents. No decoding is involved.",
    ),
    "differences": (
        "Arms minus the base model",
        "Paired over items. Filled points are differences that remain after Holm's correction; hollow ones "
        "cannot be told from zero.",
    ),
}


def caption(name: str, facts: StudyFacts) -> tuple[str, str]:
    """Title and caption of a figure."""
    if name == "others":
        assert facts.published is not None
        return (
            "Beside published figures",
            "Filled: measured here. Hollow: as published, on other items by other code, so that only the order "
            "within one colour means anything. Arms by the end of their names. Cited from "
            f"{facts.published['source']}.",
        )
    return CAPTIONS[name]
