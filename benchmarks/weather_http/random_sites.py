"""``python -m benchmarks.weather_http.random_sites``: crawls random sites over real HTTP.

The sites are drawn as by ``benchmarks.weather --random``, and simulated as well: what the real
crawler loses beside the simulated one, the simulator does not know.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from dataclasses import asdict
from itertools import count, groupby, islice
from math import nan
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.processes import WrongResult, stop_when_terminated
from benchmarks.weather.families import SEVERAL, draw
from benchmarks.weather.measures import unloaded_p99_s
from benchmarks.weather.report import OURS as KNEE
from benchmarks.weather.scenario import capacity_at
from benchmarks.weather.spread import Draw, run_draw, spread_table
from benchmarks.weather_http.runs import once
from benchmarks.weather_http.scenario import OURS, Group, Require, Scenario, Side
from crawlproj.demo.weather import change_times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.weather.measures import Figures
    from benchmarks.weather.scenario import Scenario as Simulated
    from benchmarks.weather.spread import Drawn

HTTP = "over HTTP"
_LONGEST_S = 60.0
_CRAWL_S = 70.0  # of a crawl and its simulations
_MOST_PER_S = 100.0  # pages: more would measure the machine, which runs the site as well
_COLUMNS = 120


def main() -> int:
    """Crawl the sites one by one, and print how the figures are spread; return the exit status."""
    options = _options()
    stop_when_terminated()
    seed = options.draw if options.draw is not None else secrets.randbelow(1_000_000)
    console = Console(width=None if sys.stdout.isatty() else _COLUMNS)
    tasks = [each for family in options.families for each in draws(family, options.sites, seed)]
    minutes = len(tasks) * _CRAWL_S / 60
    console.print(f"sites drawn with --draw {seed}; about {minutes:.0f} minutes")
    drawn, failed = [], 0
    for task in tasks:
        try:
            one = crawl(task)
        except WrongResult as exc:
            failed += 1
            console.print(f"{task.family} {task.number}: {exc}", style="red", markup=False)
            continue
        drawn.append(one)
        words = ", ".join(f"{name} {each['goodput']:.3f}" for name, each in one.figures.items())
        console.print(f"{task.family} {task.number}: {words}", style="dim", highlight=False)
    for family, group in groupby(drawn, key=lambda each: each.draw.family):
        console.print(spread_table(family, list(group)))
    if drawn and len(options.families) > 1:
        console.print(spread_table("all families", drawn))
    return int(failed > 0)


def draws(family: str, sites: int, seed: int) -> Iterator[Draw]:
    """Yield the first sites of a family that one machine serves in real time."""
    fitting = (n for n in count() if fits(draw(family, f"{seed}-{n}")))
    for number in islice(fitting, sites):
        yield Draw(family, number, seed, (KNEE,))


def fits(scenario: Simulated) -> bool:
    """Return whether a site takes a minute, and serves at most 100 pages/s at any time."""
    site = scenario.sites[0]
    fastest = max(capacity_at(site, t) for t in (0.0, *change_times(site)))
    return scenario.duration_s <= _LONGEST_S and fastest <= _MOST_PER_S


def crawl(task: Draw) -> Drawn:
    """Simulate a site, and crawl it. Raises WrongResult if the crawl fails."""
    drawn = run_draw(task)
    drawn.figures[HTTP] = over_http(draw(task.family, f"{task.seed}-{task.number}"))
    return drawn


def over_http(simulated: Simulated) -> Figures:
    """Crawl the site of a simulation; the figures are those of the simulator that both have."""
    found = once(as_real(simulated), Side(OURS))
    p99_s = unloaded_p99_s(simulated.sites[0], simulated.duration_s)
    return {
        "goodput": found.goodput,
        "errors": found.errors,
        "p99": found.p99_s / p99_s if found.p99_s is not None else nan,
        "over_two": nan,
    }


def as_real(simulated: Simulated) -> Scenario:
    """Return the scenario over HTTP with the site of a simulation."""
    return Scenario(
        name=simulated.name,
        about=simulated.about,
        duration_s=simulated.duration_s,
        in_flight=simulated.in_flight,
        sides=(OURS,),
        groups=(Group("site", asdict(simulated.sites[0])),),
        require=Require(),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.weather_http.random_sites",
        description="Crawls random sites over real HTTP and beside it in the simulator.",
    )
    parser.add_argument(
        "--sites", type=int, default=4, metavar="N", help="sites of each family (default: 4)"
    )
    parser.add_argument("--draw", type=int, metavar="SEED", help="draw the same sites again")
    parser.add_argument(
        "--families",
        type=lambda words: words.split(","),
        default=list(SEVERAL),
        help=f"comma-separated (default: {','.join(SEVERAL)})",
    )
    options = parser.parse_args()
    if unknown := set(options.families) - set(SEVERAL):
        parser.error(f"unknown family {min(unknown)!r}; choose from {', '.join(SEVERAL)}")
    if options.sites < 1:
        parser.error("--sites must be at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
