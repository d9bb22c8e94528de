"""Student's t, for intervals whose spread was itself estimated from few values."""

from math import sqrt


def t_quantile(probability: float, degrees: float) -> float:
    """The value below which a t variable with that many degrees of freedom lies with that probability.

    probability  0..1, exclusive
    degrees      > 0
    """
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


def expanded_tail(tail: float, n_items: int, degrees: float) -> float:
    """The share of resampled figures to leave out on each side, so that a share `tail` of intervals misses there.

    Resampled means vary by (n - 1) / n of the unbiased variance, and their spread is not known but estimated:
    for 0.025 and 10 items of like weight 0.0086 are left out, for 100 items 0.0228.
    tail     0..0.5, exclusive
    n_items  >= 2
    degrees  of freedom of the spread: n_items - 1, or fewer where few items decide it (effective_degrees())
    Source   Hesterberg 2015, What Teachers Should Know About the Bootstrap, section 4 (expanded percentile)
    """
    from scipy.special import ndtr

    return float(ndtr(-sqrt(n_items / (n_items - 1)) * t_quantile(1 - tail, degrees)))
