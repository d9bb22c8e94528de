"""The recipe: one YAML file that says what will come out."""

from rantau.recipe.base import Slice
from rantau.recipe.curation import (
    Benchmark,
    Contamination,
    Curation,
    LanguageCheck,
    NearDuplicates,
    Pii,
    Quality,
    SemanticDuplicates,
    SubsetCap,
)
from rantau.recipe.load import check_recipe, load_corpus_recipe, load_recipe
from rantau.recipe.sampling import (
    ClusterStep,
    Embedding,
    FacilityLocationStep,
    Features,
    FilterStep,
    KCenterStep,
    LengthStep,
    OneHot,
    PerGroupStep,
    RandomStep,
    SamplingPlan,
    SamplingStep,
    StratifiedStep,
    TfIdf,
)
from rantau.recipe.slices import (
    CorpusRecipe,
    Evaluation,
    Export,
    HeldOutText,
    Holdout,
    Language,
    Prompts,
    Recipe,
    Report,
    Source,
)
from rantau.recipe.switches import SWITCHES, Switch, switch_table
from rantau.recipe.training import Adapter, Claims, EarlyStopping, Formatting, Model, Phase, Vocabulary

__all__ = [
    "SWITCHES", "Adapter", "Benchmark", "Claims", "ClusterStep", "Contamination", "CorpusRecipe", "Curation",
    "EarlyStopping", "Embedding", "Evaluation", "Export", "FacilityLocationStep", "Features", "FilterStep",
    "Formatting", "HeldOutText", "Holdout", "KCenterStep", "Language", "LanguageCheck", "LengthStep", "Model",
    "NearDuplicates", "OneHot", "PerGroupStep", "Phase", "Pii", "Prompts", "Quality", "RandomStep", "Recipe",
    "Report", "SamplingPlan", "SamplingStep", "SemanticDuplicates", "Slice", "Source", "StratifiedStep",
    "SubsetCap", "Switch", "TfIdf", "Vocabulary", "check_recipe", "load_corpus_recipe", "load_recipe",
    "switch_table",
]  # fmt: skip
