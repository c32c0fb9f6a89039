"""Reads JSON-LD as people write it: most of what is wrong with it leaves no doubt what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_TYPE = "application/ld+json"
# What hid scripts from old browsers, and comments; each is looked for a few times only.
_BEFORE = re.compile(
    r"(?:\s*(?:(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?|<!--(?!\s*[\[{]).*?-->|<!--|//[^\n]*\n|/\*.*?\*/)){0,5}\s*",
    re.DOTALL,
)
# Strings, which stay, and what JavaScript allows between values; without an end, to the last one.
_NO_JSON = re.compile(
    r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|//[^\n]*+|/\*(?:.*?\*/|.*+)'
    r"|,(?=(?:\s++|//[^\n]*+|/\*.*?\*/)*+[}\]])",
    re.DOTALL,
)


def json_ld_in(tree: Tree) -> list[Any]:
    """Return the objects and lists of a page's JSON-LD, in the order of the page.

    Line breaks in strings, comments, CDATA around the whole, commas after the last value and what
    comes after the whole are forgiven. What cannot be read all the same is left out.
    """
    found = []
    for script in tree.select("script[type]"):
        if (script.attr("type") or "").partition(";")[0].strip().lower() == _TYPE:
            value = _read(script.text)
            if isinstance(value, dict | list):
                found.append(value)
    return found


def _read(text: str) -> object:
    start = _BEFORE.match(text)
    text = text[start.end() :] if start else text
    found = _decoded(text)
    return _decoded(_NO_JSON.sub(lambda token: token[1] or "", text)) if found is None else found


def _decoded(text: str) -> object:
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):  # or nested too deeply
        return None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)
