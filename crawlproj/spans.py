"""Spans of time as people write them: 90s, 10m, 1.5h, 7d, 2w."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([smhdw])", re.ASCII | re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(text: str) -> float | None:
    """Return how many seconds "7d" stands for; None if ``text`` is not a span."""
    found = _SPAN.fullmatch(text.strip())
    return float(found[1]) * _SECONDS[found[2].lower()] if found else None
