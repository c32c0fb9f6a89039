"""Which model to use, from the figures of ``scrapy lab fetch``. Pure."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

_ENOUGH = 0.9  # of the highest throughput, which is within what two runs differ


def recommendation(section: Row) -> str:
    """Return a sentence that names a model, its load and the measured reason; "" without figures.

    Of the loads that reach nine tenths of the highest throughput, it is the one that costs the
    least CPU per page.
    """
    rows = [row for row in section["cells"] if row["pages_per_s"] and not row["failure"]]
    if not rows:
        return ""
    fastest = max(rows, key=_rate)
    fast = [row for row in rows if _rate(row) >= _ENOUGH * _rate(fastest)]
    best = min(fast, key=_cpu_ms)
    workers = best["workers"]
    load = f"{best['in_flight']:,} in flight"
    if workers > 1:
        load += f" and {workers} workers"
    figures = f"{_rate(best):,.0f} pages/s at {_cpu_ms(best):.2f} ms of CPU per page"
    if best is fastest and len(fast) == 1:
        reason = f"no other reaches {_ENOUGH:.0%} of that"
    elif best is fastest:
        reason = f"the fastest, and the least CPU of the {len(fast)} within 10% of it"
    else:
        reason = (
            f"the least CPU of the {len(fast)} within 10% of the fastest, {fastest['model']} with "
            f"{fastest['in_flight']:,} in flight ({_rate(fastest):,.0f} pages/s, "
            f"{_cpu_ms(fastest):.2f} ms)"
        )
    return f"Use {best['model']} with {load}: {figures}, {reason}."


def _rate(row: Row) -> float:
    rate: float = row["pages_per_s"]["median"]
    return rate


def _cpu_ms(row: Row) -> float:
    cost: float = row["cpu_ms"]["median"]
    return cost
