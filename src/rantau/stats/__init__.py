"""All statistics: intervals over items, paired changes, tests, quantiles, whole-number shares."""

from rantau.stats.apportionment import largest_remainder
from rantau.stats.bootstrap import (
    bootstrap_corpus,
    bootstrap_mean,
    bootstrap_ratio,
    paired_difference,
    paired_ratio_change,
)
from rantau.stats.clustered import clustered_mean, clustered_proportion
from rantau.stats.interval import Interval
from rantau.stats.multiplicity import holm
from rantau.stats.power import resolvable_difference
from rantau.stats.proportion import mcnemar_exact, paired_shares, proportion_wilson
from rantau.stats.quantile import quantiles
from rantau.stats.randomisation import approximate_randomisation

__all__ = [
    "Interval",
    "approximate_randomisation",
    "bootstrap_corpus",
    "bootstrap_mean",
    "bootstrap_ratio",
    "clustered_mean",
    "clustered_proportion",
    "holm",
    "largest_remainder",
    "mcnemar_exact",
    "paired_difference",
    "paired_ratio_change",
    "paired_shares",
    "proportion_wilson",
    "quantiles",
    "resolvable_difference",
]
