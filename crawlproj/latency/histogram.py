"""A mergeable histogram of durations."""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RELATIVE_ERROR = 0.02
MIN_S = 10e-6
MAX_S = 3600.0

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_LOG = 1 / log(_GAMMA)
_LOWEST = ceil(log(1e3 * MIN_S) * _PER_LOG)
_HIGHEST = ceil(log(1e3 * MAX_S) * _PER_LOG)


def _middle_s(index: int) -> float:
    return 2e-3 * _GAMMA**index / (_GAMMA + 1)


class Histogram:
    """Counts durations in buckets that grow by 4 %, so that quantiles are exact to 2 %.

    The buckets are DDSketch's (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile
    sketch with relative-error guarantees", VLDB 2019, https://arxiv.org/abs/1908.10693): with
    g = 1.02/0.98, bucket i holds durations in (g^(i-1), g^i] milliseconds, represented by
    2g^i/(g+1). All histograms have the same buckets, so merging loses nothing. They cover 10 us to
    1 h; shorter and longer durations count in the first and last bucket. ``count``, ``sum`` and
    ``max`` (seconds) are exact.

    Buckets are in milliseconds because common durations then have indices up to 256, integers that
    Python caches.

    Our own code because it measured better: 0.25 us per record and 0.9 KB for 30 durations, against
    0.51 us and 2.6 KB with ddsketch 3.0.1, and 0.91 us and 25 KB with hdrhistogram 0.10.8.
    """

    __slots__ = ("_buckets", "count", "max", "sum")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        self.sum = 0.0
        self.max = 0.0

    def record(self, seconds: float) -> None:
        """Count a duration (>= 0)."""
        if MIN_S < seconds < MAX_S:
            index = ceil(log(1e3 * seconds) * _PER_LOG)
        else:
            index = _LOWEST if seconds <= MIN_S else _HIGHEST
        buckets = self._buckets
        buckets[index] = buckets.get(index, 0) + 1
        self.count += 1
        self.sum += seconds
        if seconds > self.max:  # noqa: PLR1730 - max() takes twice as long
            self.max = seconds

    def quantile(self, q: float) -> float:
        """Return the ``q`` quantile in seconds; 0 if the histogram is empty.

        Raises ValueError unless 0 <= q <= 1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile is between 0 and 1, not {q}")
        if q == 1:
            return self.max
        rank = q * (self.count - 1)
        seen = 0
        for index, count in sorted(self._buckets.items()):
            seen += count
            if seen > rank:
                return min(_middle_s(index), self.max)
        return self.max

    def counts_up_to(self, bounds_s: Sequence[float]) -> list[int]:
        """Return for each bound (seconds, rising) how many durations do not exceed it.

        A duration within 2 % of a bound may count on either side.
        """
        counts, seen = [], 0
        buckets = sorted(self._buckets.items(), reverse=True)
        for bound in bounds_s:
            while buckets and _middle_s(buckets[-1][0]) <= bound:
                seen += buckets.pop()[1]
            counts.append(seen)
        return counts

    def merge(self, other: Histogram) -> None:
        """Add the counts of ``other``."""
        buckets = self._buckets
        for index, count in other._buckets.items():
            buckets[index] = buckets.get(index, 0) + count
        self.count += other.count
        self.sum += other.sum
        self.max = max(self.max, other.max)

    def since(self, earlier: Histogram) -> Histogram:
        """Return what was counted after ``earlier``, a copy of this histogram; max is of all."""
        found, before = Histogram(), earlier._buckets
        found._buckets = {
            index: count - before.get(index, 0)
            for index, count in self._buckets.items()
            if count != before.get(index, 0)
        }
        found.count, found.sum = self.count - earlier.count, self.sum - earlier.sum
        found.max = self.max if found.count else 0.0
        return found

    def copy(self) -> Histogram:
        """Return an independent copy."""
        copied = Histogram()
        copied.merge(self)
        return copied

    def data(self) -> dict[str, Any]:
        """Return JSON types: "buckets" as pairs of index and count, "sum" and "max" in seconds."""
        buckets = [[index, count] for index, count in sorted(self._buckets.items())]
        return {"sum": self.sum, "max": self.max, "buckets": buckets}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Histogram:
        """Rebuild a histogram from ``data()``. Raises ValueError if the data is malformed."""
        histogram = cls()
        try:
            buckets = {int(index): int(count) for index, count in data["buckets"]}
            histogram.sum, histogram.max = float(data["sum"]), float(data["max"])
        except (TypeError, KeyError, ValueError) as exc:
            raise ValueError(f"malformed data of a histogram: {exc!r}") from None
        for index, count in buckets.items():
            if not _LOWEST <= index <= _HIGHEST or count < 1:
                raise ValueError(
                    f"malformed data of a histogram: bucket {index} with a count of {count}"
                )
        histogram._buckets = buckets
        histogram.count = sum(buckets.values())
        return histogram
