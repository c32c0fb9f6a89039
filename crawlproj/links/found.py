"""Reads which traps a spider has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.links.traps import Traps

if TYPE_CHECKING:
    from collections.abc import Mapping


def found_by(spider: object) -> Mapping[str, str]:
    """Return the traps that ``spider`` has found, each with why it is one."""
    traps = getattr(spider, "traps", None)
    return traps.found if isinstance(traps, Traps) else {}
