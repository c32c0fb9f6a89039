"""The figures of all runs, as tables and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isinf
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table

from benchmarks.report import measured_on
from benchmarks.weather_http.measures import middle
from benchmarks.weather_http.requirements import best_fixed, verdicts
from benchmarks.weather_http.scenario import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.weather_http.measures import Figures
    from benchmarks.weather_http.requirements import Verdict
    from benchmarks.weather_http.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario's runs by side, in the order of the rounds.

    broken: the side of each crawl that failed.
    unloaded_p99_s: p99 of the same site with one request at a time; None if it was not needed.
    """

    scenario: Scenario
    runs: dict[str, list[Figures]]
    broken: list[str]
    unloaded_p99_s: float | None

    @property
    def sides(self) -> dict[str, Figures]:
        """The medians of each side's runs."""
        return {side: middle(runs) for side, runs in self.runs.items()}

    @property
    def verdicts(self) -> list[Verdict]:
        """The requirements, and whether ours meets them."""
        return verdicts(self.scenario.require, self.sides, self.unloaded_p99_s)


def shown(result: Result) -> Group:
    """Return the figures of a scenario, one row per side, and the requirements below."""
    title = f"[bold]{result.scenario.name}[/]: {result.scenario.about}"
    table = [_table(result.sides)] if result.runs else []
    spread = [_spread(side, runs) for side, runs in result.runs.items() if len(runs) > 1]
    broken = [f"  [bold red]{side} failed, see above[/]" for side in result.broken]
    return Group(title, *table, *spread, *map(_sentence, result.verdicts), *broken)


def _spread(side: str, runs: Sequence[Figures]) -> str:
    """Say how far the runs of a side are apart, which their medians hide."""
    words = []
    for what, values in (
        ("goodput", [each.goodput for each in runs]),
        ("worst site", [each.worst_site for each in runs if each.worst_site is not None]),
    ):
        if values:
            each = " ".join(f"{value:.2f}" for value in sorted(values))
            words.append(f"{what} min {min(values):.3f}, median {median(values):.3f} ({each})")
    return f"  {side}, {len(runs)} runs: {'; '.join(words)}"


def _table(sides: Mapping[str, Figures]) -> Table:
    best = best_fixed(sides)
    table = Table()
    table.add_column("crawler", no_wrap=True)
    columns = [(heading, text) for heading, text in _COLUMNS if any(map(text, sides.values()))]
    for heading, _ in columns:
        table.add_column(heading, justify="right")
    for side, each in sides.items():
        name = f"{side} (best fixed)" if side == best else side
        values = [text(each) for _, text in columns]
        table.add_row("crawlproj" if side == OURS else name, *values, style=_STYLES.get(side))
    return table


def _sentence(verdict: Verdict) -> str:
    words = {True: "met", False: "[bold red]missed[/]", None: "[dim]not judged[/]"}
    sign = "≥" if verdict.is_minimum else "≤"
    measured = _number(verdict.measured, digits=3) or "not measured"
    return (
        f"  {verdict.what}: {measured} (required: {sign} {verdict.required:g}) {words[verdict.met]}"
    )


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Return the figures of all runs, the scenarios, the versions and the machine.

    JSON has no infinity, so a recovery that never happened is "never".
    """
    return {
        **measured_on(),
        "results": [
            {
                "scenario": result.scenario.as_json(),
                "unloaded_p99_s": result.unloaded_p99_s,
                "broken": result.broken,
                "best_fixed": best_fixed(result.sides),
                "verdicts": [_plain(each) | {"met": each.met} for each in result.verdicts],
                "runs": {side: [_plain(run) for run in runs] for side, runs in result.runs.items()},
            }
            for result in results
        ],
    }


def _plain(figures: Figures | Verdict) -> dict[str, Any]:
    return {
        name: "never" if isinstance(value, float) and isinf(value) else value
        for name, value in asdict(figures).items()
    }


def _number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return ""
    return "never" if isinf(value) else f"{value:.{digits}f}"


def _ms(value_s: float | None) -> str:
    return "" if value_s is None else f"{value_s * 1e3:,.0f}"


_STYLES = {OURS: "bold"}
# A column that is empty for every side is left out.
_COLUMNS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("goodput", lambda each: f"{each.goodput:.3f}"),
    ("errors", lambda each: f"{each.errors:.1%}"),
    ("pages/s", lambda each: f"{each.pages_per_s:,.1f}"),
    ("p50\nms", lambda each: _ms(each.p50_s)),
    ("p99\nms", lambda each: _ms(each.p99_s)),
    ("p99 ms\nserver", lambda each: _ms(each.server_p99_s)),
    ("Jain's\nfairness", lambda each: _number(each.jain)),
    ("worst\nsite", lambda each: _number(each.worst_site)),
    ("s to\n90 %", lambda each: _number(each.recovery_s)),
    ("probes/s\nin outage", lambda each: _number(each.probes_per_s)),
    ("CPU s", lambda each: f"{each.cpu_s:.1f}"),
)
