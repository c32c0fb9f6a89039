"""The contract of a concurrency limit: finished requests in, requests in flight out. Pure.

An estimator only computes; ``site.SiteControl`` admits. Three outcomes, after Netflix's
concurrency-limits (https://github.com/Netflix/concurrency-limits): a *success* is a sample of
latency and throughput, *ignore* is neither, *dropped* means back off.

Rules every limit keeps, tested in ``tests/limits/test_contract.py``:

1. ``least <= limit <= most``, always.
2. Ignored samples change nothing.
3. Dropped samples never raise the limit.
4. The limit does not grow while it is not used: a site that is asked little tells little.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

__all__ = ["Bounds", "Limit", "Outcome", "Sample", "whole"]


class Outcome(Enum):
    """What a finished request says about its site."""

    SUCCESS = "success"
    IGNORE = "ignore"
    DROPPED = "dropped"


@dataclass(slots=True)  # not frozen, which makes it three times as dear
class Sample:
    """A request that ended.

    started_at, ended_at: seconds on the caller's clock.
    rtt_s: from the request out to the first byte of the answer; 0 for one that had no answer.
    in_flight: requests at the site when it started, itself included.
    outcome: see Outcome.
    """

    started_at: float
    ended_at: float
    rtt_s: float
    in_flight: int
    outcome: Outcome = Outcome.SUCCESS


@dataclass(frozen=True, slots=True)
class Bounds:
    """Within which a limit moves: requests in flight at one site.

    start: before anything is known.
    least: below 1, the site rests between requests: 0.5 means as long as a request takes.
    most: the hard cap.
    """

    start: float = 2.0
    least: float = 0.1
    most: float = 8.0

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.start <= self.most:
            raise ValueError(f"bounds must be 0 < least <= start <= most, not {self}")

    def clamp(self, limit: float) -> float:
        """Return the nearest limit within the bounds."""
        return min(self.most, max(self.least, limit))


def whole(limit: float) -> int:
    """Return the requests in flight that a limit allows: the nearest whole number, at least 1."""
    return max(1, int(limit + 0.5))


class Limit(ABC):
    """Estimates how many requests a site bears in flight; see the module docstring."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.limit = bounds.start

    @abstractmethod
    def on_sample(self, sample: Sample) -> None:
        """Take a finished request into account; may change ``limit``."""

    @property
    def unloaded_s(self) -> float:
        """Seconds to the first byte when there is no queue; 0 for a limit that does not know."""
        return 0.0

    def restart(self, limit: float, unloaded_s: float = 0.0) -> None:  # noqa: ARG002 - see there
        """Go on from ``limit``: after the site was away, or with what an earlier crawl learned."""
        self.limit = self.bounds.clamp(limit)
