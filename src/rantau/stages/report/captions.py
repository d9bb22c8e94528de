"""Captions: title of each figure, and what one needs to read it."""

from __future__ import annotations

from rantau.stages.report.facts import Facts
from rantau.stages.report.series import Series
from rantau.stages.report.training_series import half_life


def _dpo_note(facts: Facts) -> str:
    named = [p.name for p in facts.phases if p.kind == "dpo"]
    told = "is that of DPO, the mean over pairs; dotted: ln 2, the loss of a model that prefers neither answer"
    return f" The loss of {', '.join(named)} {told}." if named else ""


def _faster(facts: Facts) -> str:
    """LoRA+ in words, if a phase learns with it."""
    ratios = {p.name: p.learning_rate_b / p.learning_rate for p in facts.phases}
    told = [f"{name} {ratio:.4g} times" for name, ratio in ratios.items() if round(ratio, 6) != 1]
    return f" The B matrices learn faster: {', '.join(told)}." if told else ""


def captions(series: Series, facts: Facts) -> tuple[str, str]:
    """Title and what one needs to read the figure."""
    phases = facts.phases
    halves = ", ".join(f"{p.name} {half_life(len(p.curve))} steps" for p in phases)
    known = {
        "bits_per_byte": (
            "Bits per byte of unseen text, before and after",
            "Lines are intervals over documents. Base and adapted share their documents, so the change in the "
            "table above is surer than two overlapping lines suggest.",
        ),
        "change_per_document": (
            "Change of each document",
            "How many documents changed by how much; bars right of the line got worse. All texts share one scale.",
        ),
        "answer_language": (
            "Language of the answers, before and after",
            f"As the detector labels them, {facts.n_items} answers each. The table above also asks for a "
            "probability of one half, so its share may be lower.",
        ),
        "chrf": (
            "Overlap with the references, between chance and ceiling",
            "Chance: answers against the references of other prompts. Ceiling: the references themselves, cut to "
            "the tokens an answer may have. Lines are intervals over prompts.",
        ),
        "training_loss": (
            "Training loss",
            "Thin: loss of each batch on its learnt tokens, before the update. Bold: exponentially weighted mean "
            f"of the steps before (half-life: {halves}).{_dpo_note(facts)}",
        ),
        "learning_rate": (
            "Learning rate",
            f"Of the A matrices, as each step used it.{_faster(facts)}",
        ),
        "preferred": (
            "Pairs of which the chosen answer gained more",
            "Thin: share of each batch's pairs whose chosen answer became likelier, against the model before the "
            "phase, than the rejected one. Bold: mean of the steps before, as above. Half of "
            "the pairs is chance; before the first update no answer has gained.",
        ),
        "vocabulary_size": (
            "What more words would save",
            "Tokens saved of the held-out text in the target language, had so many words been added, those that "
            "save most first. The filled point is what was added.",
        ),
        "held_back": (
            "Held-back rows, by which the adapter to keep was chosen",
            "Bits per byte of rows of the phase that were not learnt. The filled point is the adapter that was "
            "kept.",
        ),
        "composition": (
            "What was trained on, asked and obtained",
            "Bars: share of tokens obtained. Upright marks: share that the recipe asked for.",
        ),
    }
    return known[series.name]
