"""One run over time: limit, in flight, pages/s and errors/s, as CSV or as a text plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.weather.client import TICK_S, Client
from benchmarks.weather.policies import policy_of
from benchmarks.weather.scenario import capacity_at, useful_in_flight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.weather.scenario import Scenario
    from crawlproj.limits.decisions import Decision

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_MARKS = {" ": "─", "█": "▒"}  # the oracle, above and inside the bars
_ROWS = 5
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Point:
    """Means over a span of a run at one site; useful and capacity are the oracle's."""

    t_s: float
    limit: float
    in_flight: float
    useful: float
    pages_per_s: float
    capacity: float
    errors_per_s: float


def trace(
    scenario: Scenario, policy: str, seed: int, site: int, step_s: float
) -> tuple[list[Point], list[Decision]]:
    """Run; return the trace of site number ``site``, and the latest changes of its limit.

    The trace has a point every ``step_s`` seconds.
    """
    run = Client(scenario, policy_of(policy), seed).run()[site]
    step = max(1, round(step_s / TICK_S))
    points = []
    for a in range(0, len(run.ok) - step, step):
        b, t = a + step, a * TICK_S
        points.append(
            Point(
                t_s=round(t, 3),
                limit=sum(run.limit[a:b]) / step,
                in_flight=sum(run.in_flight[a:b]) / step,
                useful=useful_in_flight(run.weather, t),
                pages_per_s=(run.ok[b] - run.ok[a]) / (step * TICK_S),
                capacity=capacity_at(run.weather, t),
                errors_per_s=(run.errors[b] - run.errors[a]) / (step * TICK_S),
            )
        )
    return points, run.decisions


def as_lines(decisions: Sequence[Decision]) -> str:
    """Return a line per change of the limit: when, from, to, rule, evidence."""
    lines = [f"{'s':>7}  {'from':>5}  {'to':>5}  rule     evidence"]
    for each in decisions:
        reason = each.reason
        evidence = (
            f"{reason.load:.1f} in flight took {reason.latency_s:.3f} s; believed: "
            f"knee {reason.knee:.1f}, {reason.unloaded_s:.3f} s without a queue"
            if reason.load
            else ""
        )
        rule = reason.rule.name.lower()
        lines.append(
            f"{each.at:7.1f}  {each.before:5.1f}  {each.after:5.1f}  {rule:<7}  {evidence}".rstrip()
        )
    return "\n".join(lines)


def as_csv(points: Sequence[Point]) -> str:
    """Return the points as CSV with a header."""
    names = list(Point.__slots__)
    lines = [",".join(names)]
    lines += [",".join(f"{getattr(point, name):g}" for name in names) for point in points]
    return "\n".join(lines)


def as_plot(points: Sequence[Point]) -> str:
    """Return the points as bars, with the oracle marked on the same scale."""
    points = _thinned(points)
    parts = [
        _bars("limit", [p.limit for p in points], [p.useful for p in points]),
        _bars("in flight", [p.in_flight for p in points], [p.useful for p in points]),
        _bars("pages/s", [p.pages_per_s for p in points], [p.capacity for p in points]),
        _bars("errors/s", [p.errors_per_s for p in points], None),
    ]
    last = points[-1].t_s + (points[1].t_s if len(points) > 1 else 0)
    end = f"{last:g} s"
    scale = f"{'':>9}  └0 s{end:>{max(1, len(points) - 4)}}"
    return "\n".join([*parts, scale, f"{'':>9}   ─ ▒ the oracle: useful in flight, capacity"])


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Merge neighbours into means, to fit the width."""
    every = -(-len(points) // _WIDTH)
    thinned = []
    for first in range(0, len(points), every):
        group = points[first : first + every]
        means = [sum(getattr(p, name) for p in group) / len(group) for name in Point.__slots__]
        thinned.append(Point(group[0].t_s, *means[1:]))
    return thinned


def _bars(name: str, values: Sequence[float], marks: Sequence[float] | None) -> str:
    top = max([*values, *(marks or [0.0])])
    if not top:
        return f"{name:>9}  │ none"
    lines = []
    for row in range(_ROWS - 1, -1, -1):
        line = ""
        for number, value in enumerate(values):
            fill = value / top * _ROWS - row
            mark = marks[number] / top * _ROWS - row if marks else -1.0
            block = _EIGHTHS[max(0, min(8, round(8 * fill)))]
            line += _MARKS.get(block, block) if 0 < mark <= 1 else block
        heading = {_ROWS - 1: f"{top:.4g}", _ROWS // 2: name, 0: "0"}.get(row, "")
        lines.append(f"{heading:>9}  │{line}")
    return "\n".join(lines)
