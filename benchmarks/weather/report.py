"""The figures as tables for a terminal of 120 columns, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import isnan
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from benchmarks.weather.measures import Estimate, estimate
from crawlproj.demo.weather import capacity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.weather.running import Result
    from benchmarks.weather.scenario import Scenario

OURS = "knee"
_MARGIN = 0.005  # a smaller difference in goodput does not count


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    heading: str
    show: Callable[[float], str]
    summed_up: bool = True


_COLUMNS = (
    _Column("goodput", "goodput /\noracle", "{:.3f}".format),
    _Column("errors", "errors\n%", lambda value: f"{100 * value:.1f}"),
    _Column("above", "queueing\n% of time", lambda value: f"{100 * value:.0f}"),
    _Column("ramp_s", "s to\n90 %", "{:.1f}".format),
    _Column("p99", "p99 /\nunloaded", "{:.2f}".format),
    _Column("jain", "Jain", "{:.3f}".format, summed_up=False),
    _Column("wait_s", "mean wait\nms", lambda value: f"{1000 * value:.0f}", summed_up=False),
    _Column("longest_wait_s", "max wait\nms", lambda value: f"{1000 * value:.0f}", summed_up=False),
)


def scenario_table(results: Sequence[Result]) -> Table:
    """Return all figures of one scenario, one row per policy."""
    scenario = results[0].scenario
    table = titled(f"{scenario.half} · {scenario.name}: {scenario.about}")
    columns = [c for c in _COLUMNS if c.summed_up or len(scenario.sites) > 1]
    table.add_column("policy", no_wrap=True)
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    if len(scenario.sites) == 1:  # with more sites, the table would be too wide
        table.add_column("errors by kind", no_wrap=True)
    for result in results:
        kinds = [f"{kind} {n:,}" for kind, n in result.endings.most_common() if kind != "ok"]
        cells = [_cell(result[column.name], column) for column in columns]
        if len(scenario.sites) == 1:
            cells.append(Text(", ".join(kinds), style="dim"))
        table.add_row(_policy(result.policy), *cells)
    return table


def matrix(results: Sequence[Result]) -> Table:
    """Return goodput / oracle and the share of errors: a row per scenario, a column per policy."""
    table = titled("goodput / oracle, and errors in % of the requests that ended")
    policies = list(dict.fromkeys(result.policy for result in results))
    table.add_column("scenario", no_wrap=True)
    for policy in policies:
        table.add_column(_policy(policy), justify="right", no_wrap=True)
    for (half, name), group in groupby(results, key=lambda r: (r.scenario.half, r.scenario.name)):
        by_policy = {result.policy: result for result in group}
        mark = "" if half == "held-out" else "*"
        table.add_row(f"{name}{mark}", *(_pair(by_policy[policy]) for policy in policies))
    if any(result.scenario.half == "tuned" for result in results):
        table.caption = "* in the tuned half"
    return table


def summary_table(half: str, results: Sequence[Result]) -> Table:
    """Return the means over the scenarios of one half, one row per policy."""
    scenarios = len({result.scenario.name for result in results})
    table = titled(f"{half}: means over {scenarios} scenarios, equally weighted")
    table.add_column("policy", no_wrap=True)
    columns = [column for column in _COLUMNS if column.summed_up]
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    rows = _summaries(results)
    compared = len(rows) > 1 and rows[0].better is not None
    if compared:
        table.add_column(f"better than {OURS}\nin both", justify="right")
        table.add_column("more goodput, not\nmore errors in", justify="right")
    for row in rows:
        cells = [_cell(row.means[column.name], column) for column in columns]
        if compared and row.policy != OURS:
            cells.append(Text("YES", style="bold red") if row.better else Text("no", style="dim"))
            cells.append(Text(f"{row.wins} of {scenarios}"))
        table.add_row(_policy(row.policy), *cells)
    return table


def as_json(results: Sequence[Result], seeds: int) -> dict[str, Any]:
    """Return all figures for ``json.dumps``; unknown values are None."""
    halves = sorted({result.scenario.half for result in results})
    return {
        "seeds": seeds,
        "results": [_result_json(result) for result in results],
        "summary": {
            half: {
                row.policy: {name: _estimate_json(value) for name, value in row.means.items()}
                | {"better_on_both": row.better, "wins": row.wins}
                for row in _summaries([r for r in results if r.scenario.half == half])
            }
            for half in halves
        },
    }


@dataclass(frozen=True, slots=True)
class _Summary:
    """A policy over a half. better: than ours in both means. wins: scenarios where it is better."""

    policy: str
    means: dict[str, Estimate]
    better: bool | None
    wins: int


def _summaries(results: Sequence[Result]) -> list[_Summary]:
    by_policy: dict[str, list[Result]] = {}
    for result in results:
        by_policy.setdefault(result.policy, []).append(result)
    ours = by_policy.get(OURS, [])
    rows = []
    for policy, group in by_policy.items():
        means = {column.name: _overall(group, column.name) for column in _COLUMNS}
        better, wins = None, 0
        if ours:
            goodput, errors = _overall(ours, "goodput"), _overall(ours, "errors")
            better = means["goodput"].mean > goodput.mean and means["errors"].mean < errors.mean
            wins = sum(_wins(theirs, mine) for theirs, mine in zip(group, ours, strict=True))
        rows.append(_Summary(policy, means, better, wins))
    return rows


def _wins(theirs: Result, ours: Result) -> bool:
    higher = theirs["goodput"].mean > ours["goodput"].mean + _MARGIN
    return higher and theirs["errors"].mean <= ours["errors"].mean


def _overall(group: Sequence[Result], name: str) -> Estimate:
    """Return the mean over scenarios, with the confidence interval over the seeds."""
    seeds = range(min(len(result.figures) for result in group))
    means = []
    for seed in seeds:
        values = [result.figures[seed][name] for result in group]
        known = [value for value in values if not isnan(value)]
        if known:
            means.append(fmean(known))
    return estimate(means)


def titled(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )


def _policy(name: str) -> Text:
    return Text(name, style="bold green" if name == OURS else "")


def _cell(value: Estimate, column: _Column) -> Text:
    if isnan(value.mean):
        return Text("")
    text = Text(column.show(value.mean))
    if not isnan(value.half):
        text.append(f" ±{column.show(value.half)}", style="dim")
    return text


def _pair(result: Result) -> Text:
    goodput, errors = result["goodput"].mean, result["errors"].mean
    text = Text(f"{goodput:.2f}", style="red" if goodput < 0.5 else "")
    share = f"{100 * errors:.0f}" if errors >= 0.005 else "·"
    text.append(f"{share:>3}", style="red" if errors > 0.1 else "dim")
    return text


def _result_json(result: Result) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "scenario": scenario.name,
        "half": scenario.half,
        "about": scenario.about,
        "policy": result.policy,
        "oracle_pages": _oracle(scenario),
        "endings": dict(result.endings),
        "figures": {
            name: _estimate_json(result[name])
            | {"by_seed": [known(figures[name]) for figures in result.figures]}
            for name in result.figures[0]
        },
    }


def _oracle(scenario: Scenario) -> float:
    return sum(capacity(site, 0, scenario.duration_s) for site in scenario.sites)


def _estimate_json(value: Estimate) -> dict[str, Any]:
    return {"mean": known(value.mean), "half_of_95": known(value.half)}


def known(value: float) -> float | None:
    return None if isnan(value) else round(value, 6)
