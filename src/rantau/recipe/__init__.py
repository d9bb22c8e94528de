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
from rantau.recipe.evaluation import BenchmarkTask, Evaluation, HeldOutText, InContext, Prompts, Semantic
from rantau.recipe.gates import Condition, read_condition
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
    Export,
    Holdout,
    Language,
    Recipe,
    Report,
    Source,
)
from rantau.recipe.switches import SWITCHES, Switch, switch_table
from rantau.recipe.training import Adapter, Claims, EarlyStopping, Formatting, Model, Phase, Vocabulary

__all__ = [
    "SWITCHES", "Adapter", "Benchmark", "BenchmarkTask", "Claims", "ClusterStep", "Condition", "Contamination",
    "CorpusRecipe", "Curation", "EarlyStopping", "Embedding", "Evaluation", "Export", "FacilityLocationStep",
    "Features", "FilterStep", "Formatting", "HeldOutText", "Holdout", "InContext", "KCenterStep", "Language",
    "LanguageCheck", "LengthStep", "Model", "NearDuplicates", "OneHot", "PerGroupStep", "Phase", "Pii",
    "Prompts", "Quality", "RandomStep", "Recipe", "Report", "SamplingPlan", "SamplingStep", "Semantic",
    "SemanticDuplicates", "Slice", "Source", "StratifiedStep", "SubsetCap", "Switch", "TfIdf", "Vocabulary",
    "check_recipe", "load_corpus_recipe", "load_recipe", "read_condition", "switch_table",
]  # fmt: skip
