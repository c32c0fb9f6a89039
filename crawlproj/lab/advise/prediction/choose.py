"""Which loads are looked at, and which of them is recommended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.lab.fetch.loads import Load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.lab.advise.prediction.predict import Prediction

GOOD_ENOUGH = 0.95


def candidates(most_in_flight: int, most_workers: int) -> list[Load]:
    """Return n × c: up to so many workers, and powers of two up to so many in flight in all.

    A worker has one in flight at least. The most that may be in flight is among them.
    """
    totals = {1 << power for power in range(most_in_flight.bit_length())} | {most_in_flight}
    return [
        Load(total, workers)
        for workers in range(1, most_workers + 1)
        for total in sorted({total - total % workers for total in totals})
        if total >= workers
    ]


def recommended(predictions: Sequence[Prediction]) -> Prediction:
    """Return the smallest load that is as good as the best: fewest workers, then fewest in flight.

    As good: within 5 % of the best prediction, as what is beyond that costs memory and asks more
    of the sites for nothing that could be measured. There must be some predictions.
    """
    best = max(each.pages_per_s for each in predictions)
    good = [each for each in predictions if each.pages_per_s >= GOOD_ENOUGH * best]
    return min(good, key=lambda each: (each.load.workers, each.load.in_flight))
