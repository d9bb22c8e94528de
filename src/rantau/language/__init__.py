"""Languages as data: profiles, scripts, words and detection. A new language is a new YAML file."""

from rantau.language.detection import Detection, Judgement, identify, in_language, judge_language
from rantau.language.normal_form import NormalForm, normalise
from rantau.language.profile import LanguageProfile, MetricTokens, known_languages, load_profile
from rantau.language.script import SCRIPTS, script_counts, script_of, script_share
from rantau.language.words import metric_tokens, n_words, words

__all__ = [
    "SCRIPTS",
    "Detection",
    "Judgement",
    "LanguageProfile",
    "MetricTokens",
    "NormalForm",
    "identify",
    "in_language",
    "judge_language",
    "known_languages",
    "load_profile",
    "metric_tokens",
    "n_words",
    "normalise",
    "script_counts",
    "script_of",
    "script_share",
    "words",
]
