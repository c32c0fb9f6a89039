"""Leaves out of Markdown what shows nothing: empty items, headings, quotes, code, lines, breaks.

It also puts the empty lines around tables and rules in items of lists that the parser leaves out.
"""

from __future__ import annotations

import re
from itertools import pairwise

_FENCE = re.compile(r"[ >]*(?:(?:[-*+]|[0-9]+\.) +)*(`{3,})[^`]*")
_EDGE_OF_CELL = re.compile(r"(?<=\| )(?:<br> ?)++|(?<!<br>)(?<!<br> )(?: ?<br>)++(?= \|)")
_NOTHING = re.compile(r" *(?:[-*+]|[0-9]+\.|#{1,6})")
_INDENTED = re.compile(r"^[ >]*+(?<= )(?:---$|\| :?---)", re.MULTILINE)  # a table or a rule
_RULE = re.compile(r"[ >]*---")
_ROW = re.compile(r"[ >]*\| ")
_BELOW_HEADER = re.compile(r"[ >]*\| :?---")
_MAX_EMPTY = 50  # characters of a block of code without code
_ENDS_OF_NOTHING = ("-", "*", "+", ".", "#")  # asked for first, because few lines end so


def tidy(markdown: str) -> str:
    """Return ``markdown`` without lines and breaks that show nothing; code stays as it is."""
    kept: list[str] = []
    below = ""  # the next line that is not empty
    lines = _lines(markdown)
    if _INDENTED.search(markdown):
        lines = _apart(lines)
    for line, is_code in reversed(lines):
        bare = line.rstrip()
        if is_code:
            if len(bare) < _MAX_EMPTY and not bare.partition("\n")[2].strip(" >`\n"):
                continue
        else:
            if "<br>" in bare and bare.endswith("|"):
                line = bare = _EDGE_OF_CELL.sub("", bare)  # noqa: PLW2901 - it breaks no line there
            if not bare and kept and not kept[-1]:
                continue
            if bare.endswith(_ENDS_OF_NOTHING) and _NOTHING.fullmatch(bare):
                if _indent(below) <= _indent(bare):
                    continue
                if not kept[-1]:  # which would end the item
                    kept.pop()
            if bare.endswith(">") and not bare.strip(" >") and not _is_quote(kept[-1:]):
                continue  # the end of a quote
        kept.append(line if bare or is_code else "")
        below = bare or below
    return "\n".join(reversed(kept)).strip("\n")


def _apart(lines: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Return ``lines`` with an empty one before and after each table, and before each rule.

    Without it, what is around a table becomes a part of it, and a rule makes a heading of a text.
    """
    apart: list[tuple[str, bool]] = []
    above, in_table = "", False
    for (line, is_code), (below, _) in pairwise([*lines, ("", False)]):
        is_row = not is_code and _ROW.match(line) is not None
        begins = is_row and not in_table and _BELOW_HEADER.match(below) is not None
        ends = in_table and not is_row
        if begins or ends or (not is_code and _RULE.fullmatch(line)):
            bare = above.strip(" >")
            # After nothing but its mark, an empty line would end the item.
            if bare and not _NOTHING.fullmatch(bare):
                quotes = line[: len(line) - len(line.lstrip(" >"))].rstrip()
                apart.append((quotes, False))
        apart.append((line, is_code))
        above, in_table = line, begins or (in_table and is_row)
    return apart


def _is_quote(line: list[str]) -> bool:
    return bool(line) and line[0].lstrip(" ").startswith(">")


def _lines(markdown: str) -> list[tuple[str, bool]]:
    """Return the lines, and whether each is code; a fenced block of it is one, however long."""
    lines: list[tuple[str, bool]] = []
    place = 0
    while (mark := markdown.find("```", place)) >= 0:
        start = max(place, markdown.rfind("\n", place, mark) + 1)
        if start > place:
            lines += _not_code(markdown[place : start - 1])
        end = _end_of_line(markdown, mark)
        fence = _FENCE.fullmatch(markdown, start, end)
        if fence:
            end = _end_of_code(markdown, end, fence[1])
        lines.append((markdown[start:end], fence is not None))
        place = end + 1
    return lines + _not_code(markdown[place:]) if place <= len(markdown) else lines


def _not_code(text: str) -> list[tuple[str, bool]]:
    return [(line, False) for line in text.split("\n")]


def _end_of_code(markdown: str, start: int, fence: str) -> int:
    while (place := markdown.find(fence, start)) >= 0:
        start = _end_of_line(markdown, place)
        if markdown[markdown.rfind("\n", 0, place) + 1 : start].strip(" >") == fence:
            return start
    return len(markdown)


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
