"""Which model to use, from the figures of ``scrapy lab fetch``. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from crawlproj.lab.fetch.models.table import MODELS

Row = dict[str, Any]

_ENOUGH = 0.9  # of the highest throughput, which is within what two runs differ
_WORTH = 1.2  # times the throughput of one worker


def recommendation(section: Row) -> str:
    """Return what to use: a model, its load and the measured reason; "" without figures.

    Of the loads that reach nine tenths of the highest throughput, it is the one that costs the
    least CPU per page. Bare models are left out. If parsing makes several workers worthwhile, a
    second sentence says from when on.
    """
    rows = [
        row
        for row in section["cells"]
        if row["pages_per_s"] and not row["failure"] and not MODELS[row["model"]].bare
    ]
    if not rows:
        return ""
    fastest = max(rows, key=_rate)
    fast = [row for row in rows if _rate(row) >= _ENOUGH * _rate(fastest)]
    best = min(fast, key=_cpu_ms)
    figures = f"{_rate(best):,.0f} pages/s at {_cpu_ms(best):.2f} ms of CPU per page"
    if len(fast) == 1:
        reason = f"No other reaches {_ENOUGH:.0%} of that"
    elif best is fastest:
        reason = f"It is the fastest, and needs the least CPU of the {len(fast)} within 10% of it"
    else:
        reason = (
            f"Of the {len(fast)} within 10% of the fastest ({fastest['model']} with "
            f"{_load(fastest)}: {_rate(fastest):,.0f} pages/s, {_cpu_ms(fastest):.2f} ms), it "
            "needs the least CPU"
        )
    said = f"Use {best['model']} with {_load(best)}: {figures}. {reason}."
    return f"{said} {of_parsing}" if (of_parsing := _workers_to_parse(section["matrix"])) else said


def _workers_to_parse(matrix: list[Row]) -> str:
    """Return from which cost of parsing on several workers are worth it, and how many; or ""."""
    rows = [row for row in matrix if row["pages_per_s"] and not row["failure"]]

    def cost(row: Row) -> tuple[float, int]:
        return row["parse_ms"], row["in_flight"]

    for (parse_ms, _), group in groupby(sorted(rows, key=cost), key=cost):
        by_workers = {row["workers"]: _rate(row) for row in group}
        best = max(by_workers.values())
        alone = by_workers.get(1)
        if alone and best >= _WORTH * alone:
            few = min(n for n, rate in by_workers.items() if rate >= _ENOUGH * best)
            return (
                f"If parsing a page takes {parse_ms:g} ms or more, use {few} workers: "
                f"{by_workers[few]:,.0f} pages/s instead of {alone:,.0f}."
            )
    return ""


def _load(row: Row) -> str:
    workers = f" and {row['workers']} workers" if row["workers"] > 1 else ""
    return f"{row['in_flight']:,} in flight{workers}"


def _rate(row: Row) -> float:
    rate: float = row["pages_per_s"]["median"]
    return rate


def _cpu_ms(row: Row) -> float:
    cost: float = row["cpu_ms"]["median"]
    return cost
