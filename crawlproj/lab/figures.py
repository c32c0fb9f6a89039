"""Statistics of repeated measurements: medians with their range, percentiles, slopes. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import linear_regression, median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some values, and their range."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Figure | None:
        """Return the figure of all values that are known, or None if none is."""
        known = [value for value in values if value is not None]
        return cls(median(known), min(known), max(known)) if known else None


def summarize(names: Iterable[str], runs: Sequence[object]) -> dict[str, Any]:
    """Return ``{name: {median, low, high}}`` of these attributes over the runs, as JSON has it.

    The value is null where the attribute is known for no run.
    """
    figures = {name: Figure.of(getattr(run, name) for run in runs) for name in names}
    return {
        name: figure and {key: round_to_4(value) for key, value in asdict(figure).items()}
        for name, figure in figures.items()
    }


def round_to_4(value: float) -> float:
    """Round to four significant digits."""
    return float(f"{value:.4g}")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that ``share`` (0 to 1) of the values do not exceed.

    There must be at least one value.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


@dataclass(frozen=True, slots=True)
class Line:
    """y = base + slope · x."""

    base: float
    slope: float


def fit(points: Sequence[tuple[float, float]]) -> Line | None:
    """Return the least-squares line, or None if there are fewer than two different x."""
    if len({x for x, _ in points}) < 2:
        return None
    slope, base = linear_regression([x for x, _ in points], [y for _, y in points])
    return Line(base, slope)
