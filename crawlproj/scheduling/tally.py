"""Counts what this run has done, for the display and the summary."""

from __future__ import annotations

from collections import Counter

from crawlproj.frontier.base import State

_MAX_SITES = 10_000


class Tally:
    """The outcomes of this run's leases (the frontier's totals span all runs of a job).

    done, requeued: how many leases ended that way.
    failed, skipped: how many did, by reason.
    sites: leases done by site; once there are 10,000 sites, no others are counted.
    """

    def __init__(self) -> None:
        self.done = 0
        self.requeued = 0
        self.failed: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.sites: Counter[str] = Counter()

    @property
    def ended(self) -> int:
        """How many leases ended."""
        return self.done + self.requeued + self.failed.total() + self.skipped.total()

    def add(self, site: str, state: State, reason: str) -> None:
        """Count a lease that ended."""
        match state:
            case State.DONE:
                self.done += 1
                if site in self.sites or len(self.sites) < _MAX_SITES:
                    self.sites[site] += 1
            case State.FAILED:
                self.failed[reason] += 1
            case State.SKIPPED:
                self.skipped[reason] += 1
            case _:
                self.requeued += 1
