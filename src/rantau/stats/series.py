"""A series of numbers, one per item, checked at the door."""

import numpy as np
import numpy.typing as npt

from rantau.errors import MeasureError

Floats = npt.NDArray[np.float64]


def checked(values: npt.ArrayLike, name: str, *, min_items: int = 1) -> Floats:
    """The values as (n,) float64.

    Raises  MeasureError, with the argument's name and the fix, for too few items, a shape other than
            (n,) and anything that is not a finite number
    """
    return _finite(values, name, n_axes=1, min_items=min_items)


def checked_table(values: npt.ArrayLike, name: str, *, min_items: int = 1) -> Floats:
    """The values as (n, k) float64, one row an item; errors as checked()."""
    return _finite(values, name, n_axes=2, min_items=min_items)


def same_length(**columns: Floats) -> None:
    """Raises MeasureError unless all columns have one value for each item."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise MeasureError(f"{listed}: give one value per item in the same order of items.")


def _finite(values: npt.ArrayLike, name: str, *, n_axes: int, min_items: int) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MeasureError(f"{name} must hold numbers only ({error}). Give one number per item.") from error
    if array.ndim != n_axes:
        wanted = "(n,)" if n_axes == 1 else "(n, k)"
        raise MeasureError(
            f"{name} must have the shape {wanted}, got {array.shape}. Put the items on the first axis."
        )
    if len(array) < min_items:
        raise MeasureError(f"{name} has {len(array)} items, at least {min_items} are needed. Measure more.")
    bad = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))
    if len(bad):
        where = f"{name} has {len(bad)} items that are not finite, the first at position {bad[0]}"
        raise MeasureError(f"{where}: {array[bad[0]]}. Drop them and count them.")
    return array
