"""Whole numbers that stand in given proportions and add up."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from rantau.errors import MeasureError
from rantau.stats.series import checked


def largest_remainder(shares: Sequence[float], total: int) -> tuple[int, ...]:
    """Split a total in proportion to shares: floors first, the rest to the largest remainders.

    shares   >= 0, one or more above 0; they need not add up to 1
    total    >= 0
    Returns  one count per share, each within 1 of the exact quota; they sum to total exactly.
             Equal remainders are served in the order given
    Raises   MeasureError for no shares, a negative or non-finite one, all 0, or a negative total
    """
    weights = checked(shares, "shares").tolist()
    if min(weights) < 0:
        raise MeasureError(f"shares must be 0 or more, got {min(weights):g}. Use 0 to leave a part out.")
    if max(weights) == 0:
        raise MeasureError("shares are all 0. Give at least one part a share above 0.")
    if total < 0:
        raise MeasureError(f"total must be 0 or more, got {total}. Give the number of items to split.")
    exact = [Fraction(weight) for weight in weights]  # floats would round a quota of 3 to 2.9999
    quotas = [weight * total / sum(exact) for weight in exact]
    counts = [floor(quota) for quota in quotas]
    neediest = sorted(range(len(quotas)), key=lambda i: counts[i] - quotas[i])  # stable: ties in order
    for i in neediest[: total - sum(counts)]:
        counts[i] += 1
    return tuple(counts)
