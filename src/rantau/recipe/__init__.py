"""The recipe: one YAML file that says what will come out."""

from rantau.recipe.load import check_recipe, load_recipe
from rantau.recipe.slices import (
    Adapter,
    Curation,
    Evaluation,
    Export,
    Formatting,
    HeldOutText,
    Holdout,
    Language,
    LanguageCheck,
    Model,
    Phase,
    Prompts,
    Recipe,
    Report,
    SamplingStep,
    Slice,
    Source,
)
from rantau.recipe.switches import SWITCHES, Switch, switch_table

__all__ = [
    "SWITCHES", "Adapter", "Curation", "Evaluation", "Export", "Formatting", "HeldOutText", "Holdout",
    "Language", "LanguageCheck", "Model", "Phase", "Prompts", "Recipe", "Report", "SamplingStep", "Slice",
    "Source", "Switch", "check_recipe", "load_recipe", "switch_table",
]  # fmt: skip
