"""Numbers with their nouns."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, whose plural ends in s: "1 URL", "1,204 URLs"."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"
