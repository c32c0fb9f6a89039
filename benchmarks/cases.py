"""What is compared, and what must be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crawlproj.demo.spec import Kind

Side = Literal["stock", "ours"]
SIDES: tuple[Side, ...] = ("stock", "ours")

IN_FLIGHT = 64
"""Requests in flight, over all and at the one site, on both sides."""


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison.

    kind: of the demo site.
    whole_job: links followed and all fields stored; else pages are only fetched.
    pages: a run, unless told.
    least_ratio: stock's CPU per page over ours, at least.
    most_cpu_ms: our CPU milliseconds per page, at most; None for no such target.
    """

    name: str
    kind: Kind
    whole_job: bool
    pages: int
    least_ratio: float
    most_cpu_ms: float | None = None

    @property
    def target(self) -> str:
        """What must be reached, in words."""
        most = f", ≤ {self.most_cpu_ms:g} ms" if self.most_cpu_ms is not None else ""
        return f"≥ {self.least_ratio:g}×{most}"

    def reached(self, ratio: float, cpu_ms: float) -> bool:
        """Whether the medians reach the target."""
        return ratio >= self.least_ratio and (
            self.most_cpu_ms is None or cpu_ms <= self.most_cpu_ms
        )


CASES = {
    case.name: case
    for case in (
        Case("links", "docs", whole_job=True, pages=400, least_ratio=10),
        Case("plain", "plain", whole_job=True, pages=1500, least_ratio=2),
        Case("fetch", "plain", whole_job=False, pages=4000, least_ratio=3, most_cpu_ms=0.6),
    )
}
