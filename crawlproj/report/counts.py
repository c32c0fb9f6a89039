"""Counts in the order in which people want to see them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def by_count(counts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return names with their counts: the largest first, then by name."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
