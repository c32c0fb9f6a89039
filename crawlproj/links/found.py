"""Reads which traps a spider has found."""

from __future__ import annotations

from crawlproj.links.traps import Traps


def found_by(spider: object) -> dict[str, str]:
    """Return the traps that ``spider`` has found, each with why it is one."""
    traps = getattr(spider, "traps", None)
    return traps.found if isinstance(traps, Traps) else {}
