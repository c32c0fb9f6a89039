"""The candidate loads, and which of them to recommend. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.lab.fetch.loads import Load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.advise.prediction.predict import Prediction

_GOOD_ENOUGH = 0.95


def candidates(max_in_flight: int, max_workers: int) -> list[Load]:
    """Return loads of 1 to ``max_workers`` workers, with up to ``max_in_flight`` in flight in all.

    The numbers in flight are the powers of two and the maximum, rounded down to a multiple of the
    workers. Each worker has at least one request in flight.
    """
    totals = {1 << power for power in range(max_in_flight.bit_length())} | {max_in_flight}
    return [
        Load(total, workers)
        for workers in range(1, max_workers + 1)
        for total in sorted({total - total % workers for total in totals})
        if total >= workers
    ]


def recommend(predictions: Sequence[Prediction]) -> Prediction:
    """Return the smallest load within 5 % of the best: fewest workers, then fewest in flight.

    A larger load costs memory and burdens the sites, for a gain too small to measure. There must be
    at least one prediction.
    """
    best = max(each.pages_per_s for each in predictions)
    good = [each for each in predictions if each.pages_per_s >= _GOOD_ENOUGH * best]
    return min(good, key=lambda each: (each.load.workers, each.load.in_flight))
