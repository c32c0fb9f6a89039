"""The cases that are compared, and their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crawlproj.demo.spec import Kind

Side = Literal["stock", "ours"]
SIDES: tuple[Side, ...] = ("stock", "ours")

IN_FLIGHT = 64
"""Requests in flight on both sides, in total and at the one site."""


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison.

    kind: kind of the demo site.
    whole_job: whether links are followed and all fields stored; otherwise pages are only fetched.
    pages: pages of a run, unless the command line sets them.
    min_ratio: target for stock Scrapy's CPU per page divided by ours.
    max_cpu_ms: target for our CPU milliseconds per page; None without one.
    """

    name: str
    kind: Kind
    whole_job: bool
    pages: int
    min_ratio: float
    max_cpu_ms: float | None = None

    @property
    def target(self) -> str:
        """The target as text."""
        maximum = f", ≤ {self.max_cpu_ms:g} ms" if self.max_cpu_ms is not None else ""
        return f"≥ {self.min_ratio:g}×{maximum}"

    def reached(self, ratio: float, cpu_ms: float) -> bool:
        """Return whether the medians reach the target."""
        return ratio >= self.min_ratio and (self.max_cpu_ms is None or cpu_ms <= self.max_cpu_ms)


CASES = {
    case.name: case
    for case in (
        Case("links", "docs", whole_job=True, pages=400, min_ratio=10),
        Case("plain", "plain", whole_job=True, pages=1500, min_ratio=2),
        Case("fetch", "plain", whole_job=False, pages=4000, min_ratio=3, max_cpu_ms=0.6),
    )
}
