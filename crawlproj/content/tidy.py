"""Leaves out of Markdown what shows nothing: empty items, headings, lines, and breaks in cells."""

from __future__ import annotations

import re

_FENCE = re.compile(r"[ >]*(?:(?:[-*+]|[0-9]+\.) +)*(`{3,})[^`]*")
_EDGE_OF_CELL = re.compile(r"(?<=\| )(?:<br> ?)++|(?<!<br>)(?<!<br> )(?: ?<br>)++(?= \|)")
_NOTHING = re.compile(r" *(?:[-*+]|[0-9]+\.|#{1,6})")


def tidy(markdown: str) -> str:
    """Return ``markdown`` without lines and breaks that show nothing; code stays as it is."""
    kept: list[str] = []
    below = ""  # the next line that is not empty
    for line, is_code in reversed(_lines(markdown)):
        bare = line.rstrip()
        if not is_code:
            if "<br>" in bare and bare.endswith("|"):
                line = bare = _EDGE_OF_CELL.sub("", bare)  # noqa: PLW2901 - it breaks no line there
            if not bare and kept and not kept[-1]:
                continue
            if _NOTHING.fullmatch(bare) and _indent(below) <= _indent(bare):
                continue
        kept.append(line if bare or is_code else "")
        below = bare or below
    return "\n".join(reversed(kept)).strip("\n")


def _lines(markdown: str) -> list[tuple[str, bool]]:
    """Return the lines, and whether each is in a fenced block of code."""
    lines: list[tuple[str, bool]] = []
    fence = ""
    for line in markdown.split("\n"):
        if fence:
            lines.append((line, True))
            if line.strip(" >") == fence:
                fence = ""
            continue
        found = _FENCE.fullmatch(line) if "```" in line else None
        fence = found[1] if found else ""
        lines.append((line, bool(fence)))
    return lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
