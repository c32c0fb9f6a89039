"""Pictures over time, as paths of SVG for a plane of WIDTH x HEIGHT. Pure.

The text around a picture is HTML, so that it keeps its size however wide the picture is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from crawlproj.serve.dashboard import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.report.live import LiveTick

WIDTH, HEIGHT = 600, 100
_SPAN_S = 600.0
_MIN_SPAN_S = 60.0
_POINTS, _BARS = 150, 60
_REASONS = 7

Points = list[tuple[float, float]]
"""(x from 0 to WIDTH, value), from left to right."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or stacked bars. colour: name of a style. now: its latest value. area: is filled."""

    name: str
    colour: str
    path: str
    now: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """title, note: what it shows. lines: the last one on top. ticks: labels, from top to bottom.

    span: what the width stands for. bars: whether lines are bars.
    """

    title: str
    note: str
    lines: tuple[Line, ...]
    ticks: tuple[str, ...]
    span: str
    bars: bool = False

    @property
    def words(self) -> str:
        """A description of the picture, for people who do not see it."""
        now = ", ".join(f"{line.name} {line.now}" for line in self.lines if line.now)
        return f"{self.title} over the last {self.span}; now: {now or 'nothing'}"


def drawn_at(ticks: Sequence[LiveTick], now: float) -> float:
    """Return the last moment for which ``pictures`` are worth drawing: the end of a point."""
    if not ticks:
        return now
    return now - now % max(1.0, ceil(_span_s(ticks, now) / _POINTS))


def _span_s(ticks: Sequence[LiveTick], now: float) -> float:
    return min(_SPAN_S, max(_MIN_SPAN_S, now - ticks[0].at))


def pictures(ticks: Sequence[LiveTick], now: float) -> list[Picture]:
    """Return the pictures of a crawl. ticks: oldest first; those after ``now`` are left out."""
    if not ticks:
        return []
    span_s = _span_s(ticks, now)
    frame = _Frame(tuple(tick for tick in ticks if now - span_s <= tick.at <= now), now, span_s)
    return [
        _plain(
            frame, "Pages/s", "URLs that are done", [("pages/s", "blue", lambda t: t.done, True)]
        ),
        _plain(
            frame,
            "In flight",
            "requests, and their limit",
            [
                ("limit", "orange", lambda t: t.limit, False),
                ("in flight", "blue", lambda t: t.in_flight, True),
            ],
        ),
        _latency(frame),
        _errors(frame),
        _plain(frame, "Queue", "URLs that wait", [("waiting", "violet", lambda t: t.queued, True)]),
    ]


@dataclass(frozen=True, slots=True)
class _Frame:
    ticks: tuple[LiveTick, ...]
    now: float
    span_s: float

    def points(
        self, value: Callable[[LiveTick], float], combine: Callable[[list[float]], float]
    ) -> Points:
        """Return a point for each bin of whole seconds that has ticks."""
        width_s = max(1.0, ceil(self.span_s / _POINTS))
        bins: dict[int, list[float]] = {}
        for tick in self.ticks:
            bins.setdefault(int(tick.at // width_s), []).append(value(tick))
        return [
            (self.x((number + 0.5) * width_s), combine(found))
            for number, found in sorted(bins.items())
        ]

    def x(self, at: float) -> float:
        """Return where a time is."""
        return min(WIDTH, max(0.0, WIDTH * (1 - (self.now - at) / self.span_s)))

    @property
    def span(self) -> str:
        return words.duration(self.span_s)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _plain(
    frame: _Frame,
    title: str,
    note: str,
    series: Sequence[tuple[str, str, Callable[[LiveTick], float], bool]],
) -> Picture:
    drawn = [
        (name, colour, frame.points(value, _mean), fill) for name, colour, value, fill in series
    ]
    top = ceiling(max((y for *_, points, _ in drawn for _, y in points), default=0.0))
    lines = tuple(
        Line(
            name,
            colour,
            path := _path(points, lambda y: HEIGHT * (1 - y / top)),
            words.rate(points[-1][1]) if points else "",
            _area(points, path) if fill else "",
        )
        for name, colour, points, fill in drawn
    )
    return Picture(title, note, lines, _labels(top), frame.span)


def _latency(frame: _Frame) -> Picture:
    drawn = [
        ("p99", "blue-deep", frame.points(lambda tick: tick.p99_s, max)),
        ("p50", "blue", frame.points(lambda tick: tick.p50_s, max)),
    ]
    drawn = [(name, colour, [p for p in points if p[1] > 0]) for name, colour, points in drawn]
    values = [y for *_, points in drawn for _, y in points]
    low = floor(log10(min(values, default=0.01)))
    high = max(low + 1, ceil(log10(max(values, default=0.1))))

    def place(y: float) -> float:
        return HEIGHT * (1 - (log10(y) - low) / (high - low))

    lines = tuple(
        Line(name, colour, _path(points, place), words.seconds(points[-1][1]) if points else "")
        for name, colour, points in drawn
    )
    ticks = tuple(_decade(power) for power in range(high, low - 1, -1))
    return Picture("Time to first byte", "log scale", lines, ticks, frame.span)


def _errors(frame: _Frame) -> Picture:
    width_s = max(1.0, ceil(frame.span_s / _BARS))
    bins: dict[int, Counter[str]] = {}
    total: Counter[str] = Counter()
    for tick in frame.ticks:
        for reason, per_s in tick.errors.items():
            bins.setdefault(int(tick.at // width_s), Counter())[reason] += per_s / width_s  # type: ignore[assignment]
            total[reason] += per_s  # type: ignore[assignment]
    named = [reason for reason, _ in total.most_common(_REASONS)]
    if len(total) > _REASONS:
        named.append("other")
        for found in bins.values():
            found["other"] = sum(found[reason] for reason in set(found) - set(named))
    top = ceiling(max((sum(found[r] for r in named) for found in bins.values()), default=0.0))
    paths: dict[str, list[str]] = {reason: [] for reason in named}
    for number, found in sorted(bins.items()):
        x, base = frame.x(number * width_s), 0.0
        thick = frame.x((number + 0.84) * width_s) - x  # the first and the last may be cut
        for reason in named:
            if not found[reason]:
                continue
            tall = HEIGHT * found[reason] / top
            base += tall
            bar = f"M{x:.1f} {HEIGHT - base:.1f}h{thick:.1f}v{tall:.1f}h-{thick:.1f}z"
            paths[reason].append(bar)
    lines = tuple(
        Line(reason, f"r{number}", "".join(paths[reason]), words.count(total[reason]))
        for number, reason in enumerate(named)
    )
    return Picture(
        "Failed attempts",
        "per second, and totals",
        lines,
        _labels(top),
        frame.span,
        bars=True,
    )


def ceiling(value: float) -> float:
    """Return a round number that is at least ``value``, and more than 0: 1, 2 or 5 times 10ⁿ."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))


def _labels(top: float) -> tuple[str, ...]:
    return tuple(f"{value:,.6g}" for value in (top, top / 2, 0.0))


def _decade(power: int) -> str:
    return f"{10**power:g} s" if power >= 0 else f"{10.0 ** (power + 3):g} ms"


def _path(points: Points, place: Callable[[float], float]) -> str:
    return "M" + "L".join(f"{x:.1f} {place(y):.1f}" for x, y in points) if points else ""


def _area(points: Points, path: str) -> str:
    if not points:
        return ""
    return f"{path}L{points[-1][0]:.1f} {HEIGHT}L{points[0][0]:.1f} {HEIGHT}Z"
