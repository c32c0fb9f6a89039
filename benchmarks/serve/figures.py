"""The figures of a load's answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.serve.load import Answer

_BUSY = 503
_WINDOW_S = 0.25


@dataclass(frozen=True, slots=True)
class Figures:
    """Of short queries: latencies at quantiles, in seconds, and how many failed.

    slow: how many slow queries got which status; 0 is none. refused_p99_s: of their 503s.
    """

    short: int
    p50_s: float
    p99_s: float
    p999_s: float
    errors: int
    slow: dict[int, int]
    refused_p99_s: float


def figures(answers: Sequence[Answer]) -> Figures:
    """Return the figures of a load."""
    short = sorted(answer.latency_s for answer in answers if not answer.slow)
    refused = sorted(a.latency_s for a in answers if a.slow and a.status == _BUSY)
    slow: dict[int, int] = {}
    for answer in answers:
        if answer.slow:
            slow[answer.status] = slow.get(answer.status, 0) + 1
    return Figures(
        len(short),
        quantile(short, 0.5),
        quantile(short, 0.99),
        quantile(short, 0.999),
        sum(not answer.slow and answer.status != 200 for answer in answers),
        slow,
        quantile(refused, 0.99),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the ordered values lie; 0 if there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def recovery_s(answers: Sequence[Answer], since_s: float, calm_s: float) -> float:
    """Return how long after ``since_s`` the last quarter of a second began that was not calm.

    It is calm if the median of its short queries took at most ``calm_s``.
    """
    windows: dict[int, list[float]] = {}
    for answer in answers:
        if not answer.slow and answer.due_s >= since_s:
            window = int((answer.due_s - since_s) / _WINDOW_S)
            windows.setdefault(window, []).append(answer.latency_s)
    late = [n for n, times in windows.items() if quantile(sorted(times), 0.5) > calm_s]
    return (max(late) + 1) * _WINDOW_S if late else 0.0
