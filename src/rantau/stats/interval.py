"""A measured value and the interval that goes with it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A value between its bounds.

    value   the estimate from all items
    low     lower bound, same unit
    high    upper bound, same unit
    n       items behind it
    method  signature: how the bounds were made, with confidence, resamples and seed
    """

    value: float
    low: float
    high: float
    n: int
    method: str

    def text(self, digits: int) -> str:
        """Such as '1.23 [1.10, 1.36]', with that many decimals and never -0.00."""
        return f"{self.value:z.{digits}f} [{self.low:z.{digits}f}, {self.high:z.{digits}f}]"
