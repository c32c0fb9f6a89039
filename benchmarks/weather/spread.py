"""How figures are spread over runs: those of random sites, and those of the named scenarios."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import ceil, isnan
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.weather.ceiling import best_fixed, ceiling
from benchmarks.weather.client import Client
from benchmarks.weather.families import SINGLE, draw
from benchmarks.weather.measures import figures_of
from benchmarks.weather.policies import policy_of
from benchmarks.weather.report import OURS, known, titled
from crawlproj.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from benchmarks.weather.measures import Figures
    from benchmarks.weather.running import Result

CEILING, BEST_FIXED = "ceiling", "best-fixed"
_LOW = 0.8  # of the oracle: a run below is stuck or blind
_TRIED = 10  # answers with more than two in flight, at a site that bears one


@dataclass(frozen=True, slots=True)
class Draw:
    """One random site: its family, the number of the site, and the seed of them all."""

    family: str
    number: int
    seed: int
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The figures of every policy at one site; ``ceiling`` among them."""

    draw: Draw
    figures: dict[str, Figures]

    def as_json(self) -> dict[str, Any]:
        """Return all figures for ``json.dumps``; unknown values are None."""
        return {
            "family": self.draw.family,
            "number": self.draw.number,
            "figures": {
                policy: {name: known(value) for name, value in figures.items()}
                for policy, figures in self.figures.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread of a policy over random sites.

    goodput: (minimum, 5th percentile, median) of goodput / oracle. of_ceiling: likewise, of the
    goodput of limits that know the site. low: share of the sites under 0.8 of the oracle.
    over_two: share of those that had more than two requests for longer than ten answers.
    p99: (median, 95th percentile) of p99 / unloaded. errors: mean share of the requests.
    """

    runs: int
    goodput: tuple[float, float, float]
    of_ceiling: tuple[float, float, float]
    low: float
    over_two: float
    p99: tuple[float, float]
    errors: float


def run_draws(draws: Sequence[Draw], jobs: int) -> Iterator[Drawn]:
    """Crawl each site with each policy and with limits that know it; yield the figures in order."""
    if jobs == 1:
        yield from map(run_draw, draws)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_draw, draws)


def run_draw(task: Draw) -> Drawn:
    """Crawl one site with every policy and with limits that know the site."""
    scenario = draw(task.family, f"{task.seed}-{task.number}")
    figures = {CEILING: ceiling(scenario, task.number)}
    for name in task.policies:
        if name == BEST_FIXED:
            figures[name] = best_fixed(scenario, task.number)
        elif name != CEILING:
            client = Client(scenario, policy_of(name), task.number)
            figures[name] = figures_of(scenario, client.run())
    return Drawn(task, figures)


def spread_of(drawn: Sequence[Drawn], policy: str) -> Spread:
    """Return the spread of a policy over sites."""
    mine = [each.figures[policy] for each in drawn]
    goodput = [figures["goodput"] for figures in mine]
    best = [each.figures[CEILING]["goodput"] for each in drawn]
    share = [one / most for one, most in zip(goodput, best, strict=True)]
    p99 = [figures["p99"] for figures in mine if not isnan(figures["p99"])]
    return Spread(
        runs=len(mine),
        goodput=(min(goodput), quantile(goodput, 0.05), median(goodput)),
        of_ceiling=(min(share), quantile(share, 0.05), median(share)),
        low=sum(value < _LOW for value in goodput) / len(goodput),
        over_two=sum(figures["over_two"] > _TRIED for figures in mine) / len(mine),
        p99=(median(p99), quantile(p99, 0.95)),
        errors=sum(figures["errors"] for figures in mine) / len(mine),
    )


def quantile(values: Sequence[float], q: float) -> float:
    """Return the smallest value that at least the share ``q`` of all do not exceed."""
    return sorted(values)[max(0, ceil(q * len(values)) - 1)]


def spread_table(title: str, drawn: Sequence[Drawn]) -> Table:
    """Return a row per policy; the first figures are those that a stuck run cannot hide in."""
    made = titled(f"{title}: {counted(len(drawn), 'random site')}")
    made.add_column("policy", no_wrap=True)
    is_single = drawn[0].draw.family == SINGLE
    for heading in (
        "goodput / oracle\nmin  p5   median",
        "goodput / ceiling\nmin  p5   median",
        "under\n0.8 %",
        *(["over two\n> 10 answers %"] if is_single else []),
        "p99 / unloaded\nmedian, p95",
        "errors\n%",
    ):
        made.add_column(heading, justify="right", no_wrap=True)
    for policy in drawn[0].figures:
        spread = spread_of(drawn, policy)
        made.add_row(
            policy,
            "  ".join(f"{value:.2f}" for value in spread.goodput),
            "  ".join(f"{value:.2f}" for value in spread.of_ceiling),
            f"{100 * spread.low:.0f}",
            *([f"{100 * spread.over_two:.1f}"] if is_single else []),
            ", ".join(f"{value:.2f}" for value in spread.p99),
            f"{100 * spread.errors:.2f}",
            style="bold green" if policy == OURS else "",
        )
    return made


def runs_table(results: Sequence[Result]) -> Table:
    """Return how single runs are spread: a row per scenario for ours, one per policy for all."""
    made = titled("single runs, of which a mean hides those that are stuck")
    made.add_column("scenario, policy", no_wrap=True)
    for heading in (
        "runs",
        "goodput / oracle\nmin  p5   median",
        "under\n0.8 %",
        "p99 / unloaded\nmedian, p95",
        "errors\n%",
    ):
        made.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        if result.policy == OURS:
            made.add_row(f"{result.scenario.name}, {OURS}", *_cells(result.figures))
    for policy in dict.fromkeys(result.policy for result in results):
        mine = [each for result in results if result.policy == policy for each in result.figures]
        style = "bold green" if policy == OURS else ""
        made.add_row(f"all, {policy}", *_cells(mine), style=style)
    return made


def _cells(runs: Sequence[Figures]) -> list[str]:
    goodput = [figures["goodput"] for figures in runs]
    p99 = [figures["p99"] for figures in runs if not isnan(figures["p99"])]
    low = sum(value < _LOW for value in goodput) / len(goodput)
    middle = (min(goodput), quantile(goodput, 0.05), median(goodput))
    return [
        str(len(runs)),
        "  ".join(f"{value:.2f}" for value in middle),
        f"{100 * low:.0f}",
        f"{median(p99):.2f}, {quantile(p99, 0.95):.2f}" if p99 else "",
        f"{100 * sum(figures['errors'] for figures in runs) / len(runs):.2f}",
    ]
