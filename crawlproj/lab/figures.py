"""What repeated measurements say: medians with their spread, percentiles, slopes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import linear_regression, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """A median, and the least and most it is the median of."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Figure | None:
        """Return that of the values that are known; None if none is."""
        known = [value for value in values if value is not None]
        return cls(median(known), min(known), max(known)) if known else None

    @property
    def spread(self) -> float:
        """Half the range over the median; 0 for a median of 0."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that ``share`` (0 to 1) of them do not exceed; some must be given."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


@dataclass(frozen=True, slots=True)
class Line:
    """y = base + slope · x."""

    base: float
    slope: float


def fit(points: Sequence[tuple[float, float]]) -> Line | None:
    """Return the line of least squares; None with fewer than two different x."""
    if len({x for x, _ in points}) < 2:
        return None
    slope, base = linear_regression([x for x, _ in points], [y for _, y in points])
    return Line(base, slope)
