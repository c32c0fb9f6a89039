"""Ranges of URLs, in the order of their bytes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Range = tuple[str, str | None]
"""From the first, included, to the second, left out; None is the end."""

EVERYTHING: tuple[Range, ...] = (("", None),)


def ranges(site: str | None, prefix: str | None) -> tuple[Range, ...]:
    """Return the ranges that hold the URLs of a site, those that begin with ``prefix``, or both."""
    found = EVERYTHING
    if site is not None:
        name = site.lower()
        found = tuple(_of_prefix(f"{scheme}://{name}/") for scheme in ("http", "https"))
    if prefix is not None:
        found = tuple(
            both for each in found if (both := _both(each, _of_prefix(prefix))) is not None
        )
    return found


def _of_prefix(prefix: str) -> Range:
    return prefix, _after_all(prefix)


def _after_all(prefix: str) -> str | None:
    """Return the least text that is greater than all that begin with ``prefix``."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at]) + 1
        if code == 0xD800:
            code = 0xE000  # between them are no characters
        if code <= 0x10FFFF:
            return prefix[:at] + chr(code)
    return None


def _both(one: Range, other: Range) -> Range | None:
    low = max(one[0], other[0])
    ends = [end for end in (one[1], other[1]) if end is not None]
    high = min(ends) if ends else None
    return (low, high) if high is None or low < high else None


def where_in(ranges: Sequence[Range], column: str) -> tuple[str, dict[str, str]]:
    """Return SQL that holds for the URLs in ``ranges``, and its parameters."""
    choices: list[str] = []
    parameters: dict[str, str] = {}
    for number, (low, high) in enumerate(ranges):
        choice = f"{column} >= :low{number}"
        parameters[f"low{number}"] = low
        if high is not None:
            choice += f" AND {column} < :high{number}"
            parameters[f"high{number}"] = high
        choices.append(f"({choice})")
    return f"({' OR '.join(choices) or '1 = 0'})", parameters
