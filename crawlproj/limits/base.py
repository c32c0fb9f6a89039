"""The contract of a concurrency limit: finished requests in, requests in flight out. Pure.

An estimator only computes; ``site.SiteControl`` admits requests. A sample has one of three
outcomes, after Netflix's concurrency-limits (https://github.com/Netflix/concurrency-limits): a
*success* measures latency and throughput, *ignore* measures neither, *dropped* means back off.

Every limit follows these rules, tested in ``tests/limits/test_contract.py``:

1. ``min <= limit <= max``, always.
2. Ignored samples change nothing.
3. Dropped samples never raise the limit.
4. The limit does not grow while it is not used: a few requests in flight say nothing about many.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crawlproj.limits.decisions import Reason

__all__ = ["Bounds", "Limit", "Outcome", "Sample", "whole"]


class Outcome(Enum):
    """How a finished request counts for the limit; see the module docstring."""

    SUCCESS = "success"
    """It measures latency and throughput."""
    IGNORE = "ignore"
    """It measures neither."""
    DROPPED = "dropped"
    """The site is overloaded or away: back off."""


@dataclass(slots=True)  # not frozen: that makes it three times as expensive
class Sample:
    """A request that ended.

    started_at, ended_at: seconds on the caller's clock.
    rtt_s: seconds from sending the request to the first byte of the answer; 0 without an answer, or
        if they say nothing of a queue (see ``PageLatency``).
    in_flight: requests in flight at the site when it started, itself included.
    lag_s: seconds by which ``rtt_s`` may be wrong because our own event loop was busy.
    start: what ``Limit.on_start`` returned for it; None if its start was not announced.
    overtook: whether it is at least the second answer that came before that of an older request.
    at_once: whether the site refused it because too much was in flight, as its answer shows.
    closed: how often a used connection was closed before it was answered on another one.
    """

    started_at: float
    ended_at: float
    rtt_s: float
    in_flight: int
    outcome: Outcome = Outcome.SUCCESS
    lag_s: float = 0.0
    start: Any = None
    overtook: bool = False
    at_once: bool = False
    closed: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a limit, in requests in flight at one site.

    start: the limit before the first sample.
    min: below 1, the site rests between requests; 0.5 means for as long as a request takes.
    max: the hard cap.
    """

    start: float = 1.0
    min: float = 0.1
    max: float = 8.0

    def __post_init__(self) -> None:
        if not 0 < self.min <= self.start <= self.max:
            raise ValueError(f"bounds must satisfy 0 < min <= start <= max, not {self}")

    def clamp(self, limit: float) -> float:
        """Return the nearest limit within the bounds."""
        return min(self.max, max(self.min, limit))


def whole(limit: float) -> int:
    """Return the requests in flight that a limit allows: the nearest whole number, at least 1."""
    return max(1, int(limit + 0.5))


class Limit(ABC):
    """Estimates how many requests in flight a site can take; see the module docstring."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.limit = bounds.start
        self.reason = Reason()  # of the latest change

    def on_start(self, in_flight: int, now: float) -> Any:  # noqa: ARG002 - for limits that need it
        """Note a start with ``in_flight`` in flight; return what its sample is to carry."""
        return None

    def on_withdrawn(self, start: Any, in_flight: int) -> None:  # noqa: B027 - optional
        """Note that the request of a ``start`` with ``in_flight`` in flight will have no sample."""

    def forget_refusals(self) -> None:  # noqa: B027 - optional
        """Forget what was refused as too much at once, because it was refused for its rate."""

    @abstractmethod
    def on_sample(self, sample: Sample) -> None:
        """Learn from a finished request; may change ``limit``."""

    @property
    def unloaded_s(self) -> float:
        """Seconds to the first byte of quick answers when there is no queue; 0 if unknown."""
        return 0.0

    @property
    def usual_drops(self) -> float:
        """The share of requests that are dropped whatever is in flight; 0 if none is known."""
        return 0.0

    def restart(self, limit: float, unloaded_s: float = 0.0) -> None:  # noqa: ARG002 - for limits that measure it
        """Continue from ``limit``, after an outage or with what an earlier crawl learned."""
        self.limit = self.bounds.clamp(limit)
