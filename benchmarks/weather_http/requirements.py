"""Whether ours meets the requirements of a scenario. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.weather_http.scenario import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.weather_http.measures import Figures
    from benchmarks.weather_http.scenario import Require


@dataclass(frozen=True, slots=True)
class Verdict:
    """A requirement and the figure measured.

    measured: None if it, or the figure it is compared with, was not measured.
    is_minimum: whether ``required`` is a minimum; otherwise it is a maximum.
    """

    what: str
    required: float
    measured: float | None
    is_minimum: bool

    @property
    def met(self) -> bool | None:
        """Whether the requirement is met; None if unknown."""
        if self.measured is None:
            return None
        if self.is_minimum:
            return self.measured >= self.required
        return self.measured <= self.required


def best_fixed(sides: Mapping[str, Figures]) -> str | None:
    """Return the side with a fixed number in flight that has the best goodput after errors."""
    fixed = [name for name in sides if name.startswith("stock-")]
    return max(fixed, key=lambda name: sides[name].useful, default=None)


def verdicts(
    require: Require, sides: Mapping[str, Figures], unloaded_p99_s: float | None
) -> list[Verdict]:
    """Judge ours by the figures of all sides; return nothing if ours did not run."""
    ours = sides.get(OURS)
    return list(_verdicts(require, ours, sides, unloaded_p99_s)) if ours is not None else []


def _verdicts(
    require: Require, ours: Figures, sides: Mapping[str, Figures], unloaded_p99_s: float | None
) -> Iterator[Verdict]:
    ratio = None
    if ours.p99_s is not None and unloaded_p99_s:
        ratio = ours.p99_s / unloaded_p99_s
    stock = max((each.pages for name, each in sides.items() if name != OURS), default=0)
    of_stock = ours.pages / stock if stock else None
    table = (
        ("goodput", require.goodput, ours.goodput, True),
        ("goodput of the worst judged site", require.site_goodput, ours.worst_site, True),
        ("share of errors", require.errors, ours.errors, False),
        ("p99 / unloaded p99", require.p99_ratio, ratio, False),
        ("s to 90 % after the outage", require.recovery_s, ours.recovery_s, False),
        ("probes/s in the outage", require.probes_per_s, ours.probes_per_s, False),
        ("fairness (Jain)", require.jain, ours.jain, True),
        ("pages / best side of stock", require.of_stock, of_stock, True),
    )
    for what, required, measured, is_minimum in table:
        if required is not None:
            yield Verdict(what, required, measured, is_minimum)
